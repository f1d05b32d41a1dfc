"""The master key: what wraps the data keys, and the one thing that is not in the database."""
