"""The hub's own servers."""
