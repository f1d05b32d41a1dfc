"""Looks at rules as spans arrive, and in the quiet."""
