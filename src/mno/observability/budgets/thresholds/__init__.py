"""Shares of a budget that have been reached, each told once a period."""
