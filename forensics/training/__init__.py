"""Training the starter: configuration, forgeries made on the fly, the loop, and measuring what came out."""
