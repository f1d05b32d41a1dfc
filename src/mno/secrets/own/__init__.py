"""The program's own credentials at other services, and what other features keep encrypted."""
