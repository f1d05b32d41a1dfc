"""Savings: what the same tokens would have cost by a cheaper model, from a cache, or in batches."""
