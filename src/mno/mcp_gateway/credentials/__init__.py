"""Credentials that are fetched, renewed, or brought by each user."""
