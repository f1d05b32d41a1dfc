"""What opens channels, kept among the program's own secrets."""
