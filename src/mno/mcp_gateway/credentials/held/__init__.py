"""The credential with which a server is asked now."""
