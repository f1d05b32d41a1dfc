"""Signed statements outside the database, written as the chains grow."""
