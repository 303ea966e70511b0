"""Measuring a detector on pictures of known origin: one reader, one scorer, comparisons with intervals, cards and validation."""
