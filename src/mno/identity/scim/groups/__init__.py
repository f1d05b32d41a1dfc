"""Groups as a directory sees them: those that it made itself."""
