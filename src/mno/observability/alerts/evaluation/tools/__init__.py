"""What rules about tools read."""
