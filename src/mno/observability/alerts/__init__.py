"""Alerts: rules over usage, budgets and anomalies; what fires, who is told, and who answers."""
