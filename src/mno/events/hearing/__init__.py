"""Facts of other features, written down as events."""
