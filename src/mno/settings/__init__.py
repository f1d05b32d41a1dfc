"""What may change while the program runs: a typed catalogue, a history, and values that every node hears of."""
