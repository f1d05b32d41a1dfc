"""Who may do what: teams, projects, users, API keys and sessions.

The smallest form that this program needs; callers see `Principal` only and will not notice it grow.
"""
