"""Value events: what happened that a person wants to know or decide, each a card with its actions and its trace."""
