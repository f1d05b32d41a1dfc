"""The audit log: every change and every refused attempt, in a chain that shows when it was tampered with."""
