"""Where what is used and held is counted: in Postgres, or in Redis. Whoever asks does not know which."""
