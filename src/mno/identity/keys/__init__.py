"""API keys: what programs show instead of a session."""
