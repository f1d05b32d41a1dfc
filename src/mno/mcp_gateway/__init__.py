"""One address and one key for all tools: MCP servers behind the hub, in both eras of the protocol."""
