"""Teams and what belongs to them: projects, members, groups and invitations."""
