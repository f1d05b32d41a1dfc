"""Counters as rows of Postgres."""
