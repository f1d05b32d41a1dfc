"""What a team lays down for its tools: limits, quotas, approvals, retries, and what is written down of calls."""
