"""The ledger: what each team owes for its calls, in entries that are added and never changed."""
