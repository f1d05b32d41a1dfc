"""Making, changing and removing budgets, and how each of them stands."""
