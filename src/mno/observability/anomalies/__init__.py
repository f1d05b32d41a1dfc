"""Anomalies: hours that are not like the hours before them, what drove them, and what people think of them."""
