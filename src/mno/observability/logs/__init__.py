"""Logs: lines that agents and services write, found again, followed live, and linked to traces."""
