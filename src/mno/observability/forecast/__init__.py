"""Forecast: what a scope will have spent by the end of its period, how sure that is, and when a budget runs out."""
