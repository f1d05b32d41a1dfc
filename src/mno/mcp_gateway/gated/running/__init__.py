"""Approved calls, carried out by one process each."""
