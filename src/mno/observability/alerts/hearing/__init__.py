"""What budgets and anomalies tell, as readings of rules."""
