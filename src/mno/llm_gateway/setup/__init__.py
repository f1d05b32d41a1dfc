"""What a team has set up for the gateway, ready in memory."""
