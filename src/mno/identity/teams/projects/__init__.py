"""Projects of a team: made, renamed, archived, moved to another team."""
