"""Who belongs to a team, and what ends when somebody no longer does."""
