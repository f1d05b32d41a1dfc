"""Calls of tools that wait for a person: asked for, approved, carried out once, and known of afterwards."""
