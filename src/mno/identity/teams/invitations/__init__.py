"""Invitations: a link that works once, for one address, until it expires."""
