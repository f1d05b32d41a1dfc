"""Entries on their way to other systems as they are written."""
