"""Where requests wait for the end of a call."""
