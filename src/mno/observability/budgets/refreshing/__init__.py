"""What arrived by other ways than the gateway, and what was corrected, counted into the budgets."""
