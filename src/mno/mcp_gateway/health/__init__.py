"""How the servers do: what each said last, whether it is left alone, how much is asked of it."""
