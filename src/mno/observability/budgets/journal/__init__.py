"""Calls that were counted elsewhere, on their way to the ledger."""
