"""Readings become alerts."""
