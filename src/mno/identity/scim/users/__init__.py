"""People as a directory sees them: each is a membership of the key's team."""
