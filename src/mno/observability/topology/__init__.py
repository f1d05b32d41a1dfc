"""Who called whom: applications, agents, tools, MCP servers and models, read out of the spans."""
