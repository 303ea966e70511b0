"""The checks of a written report: the file itself, its exhibits, and what lies around it."""
