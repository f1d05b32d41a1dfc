"""Channels as people set them up, test them and look after them."""
