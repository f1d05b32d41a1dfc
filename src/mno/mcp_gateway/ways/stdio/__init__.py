"""MCP servers that are programs on the hub's machine."""
