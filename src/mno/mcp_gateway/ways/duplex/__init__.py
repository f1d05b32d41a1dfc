"""Servers with which many requests share one connection in both directions."""
