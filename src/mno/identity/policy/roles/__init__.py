"""Custom roles of a team, besides those that every team has."""
