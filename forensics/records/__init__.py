"""The base of all records: array types, JSON in both directions, canonical JSON, whole files and progress."""
