"""Where invitations and signing in meet."""
