"""The older transport of MCP: HTTP with one long stream of server-sent events."""
