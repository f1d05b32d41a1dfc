"""Retention: what is older than its project keeps is deleted, once a night."""
