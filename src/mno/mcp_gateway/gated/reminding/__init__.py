"""Who is told that a call waits, and in which words."""
