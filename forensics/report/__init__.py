"""Parts of the evidence report: the canonical record, the blocks and the context that its sections are built from."""
