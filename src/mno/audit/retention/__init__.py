"""How long entries are kept."""
