"""Counters in Redis, for many calls on many nodes."""
