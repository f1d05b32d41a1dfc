"""Alerts as people look at and answer them."""
