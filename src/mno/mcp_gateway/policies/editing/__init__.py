"""Rules for tools, changed by those who may."""
