"""Group commit at the counters: what callers ask at one moment is one statement, and busy counters are asked ahead."""
