"""Notices on their way: each channel has its turn, with retries, dead letters and a lease."""
