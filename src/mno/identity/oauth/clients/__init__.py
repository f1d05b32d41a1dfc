"""The programs that ask."""
