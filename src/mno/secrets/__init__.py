"""Secrets and the runtime environment: kept encrypted, shown never, given only to an execution that may use them."""
