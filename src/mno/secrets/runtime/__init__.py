"""The runtime environment: secrets and plain variables of teams, projects, agents and tasks."""
