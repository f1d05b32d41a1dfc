"""The ways to servers, one for each kind of server."""
