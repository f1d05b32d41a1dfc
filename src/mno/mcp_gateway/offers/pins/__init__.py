"""Definitions of tools that somebody has accepted, and what their servers offer instead."""
