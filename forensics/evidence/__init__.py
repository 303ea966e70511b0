"""From bytes to `Evidence`: safe decoding, and what the file says about itself."""

from forensics.evidence.loading import load_bytes, load_file

__all__ = ["load_bytes", "load_file"]
