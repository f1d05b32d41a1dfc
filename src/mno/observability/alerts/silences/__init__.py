"""Times in which nothing is sent, with their reasons."""
