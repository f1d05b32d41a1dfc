"""Budgets and quotas: limits in money, tokens or calls that hold under any number of requests at once."""
