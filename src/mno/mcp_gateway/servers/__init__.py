"""The servers of teams in memory, ready to be called."""
