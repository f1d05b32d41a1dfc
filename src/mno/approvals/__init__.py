"""Approvals: one feature asks, people decide, and the change is made together with the decision."""
