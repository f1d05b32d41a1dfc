"""What a rule would have said."""
