"""The way to providers of models and to MCP servers: a small HTTP/1.1 client, pooled and guarded."""
