"""Groups of members, which hold roles together."""
