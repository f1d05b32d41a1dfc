"""One call of a tool, from whether it may happen to the books."""
