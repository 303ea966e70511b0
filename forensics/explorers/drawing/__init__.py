"""Pictures, tables and words of an explorer, as layers and as HTML."""
