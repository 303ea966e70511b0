"""What all records stand on: array types, JSON in both directions, canonical JSON, whole files and progress."""
