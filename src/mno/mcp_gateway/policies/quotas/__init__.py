"""Calls of a day and of a month, counted durably."""
