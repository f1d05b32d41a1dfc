"""Grants: a user, group or key gets a role on a scope, or is denied it; and why somebody may or may not."""
