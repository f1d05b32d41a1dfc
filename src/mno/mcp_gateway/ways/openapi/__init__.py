"""HTTP APIs that an OpenAPI document describes, each operation a tool."""
