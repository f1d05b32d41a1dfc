"""Whether the chains are as they were written."""
