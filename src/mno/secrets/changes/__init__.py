"""Adding, changing and deleting entries, and what that demands: a fresh second factor, a second person."""
