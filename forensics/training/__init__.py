"""Training of a detector: configuration, forgeries made on the fly, the loop, and measures of what came out."""
