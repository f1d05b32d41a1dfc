"""SCIM 2.0 (RFC 7643, 7644): a directory keeps a team's people and groups."""
