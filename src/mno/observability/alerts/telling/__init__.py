"""Who is told of an alert, when, and in which words."""
