"""What clients ask: the way in, their requests, sessions and streams."""
