"""Every call of a tool, in the audit log."""
