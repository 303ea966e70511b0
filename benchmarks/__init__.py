"""What prints the figures of the documentation."""
