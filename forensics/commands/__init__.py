"""Commands of `forensics.cli` that are long enough for a file of their own."""
