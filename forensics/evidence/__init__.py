"""From bytes to `Evidence`: safe decoding, what the file says about itself, and what lists of known files say."""

from forensics.evidence.hashes import is_flat, perceptual_hashes
from forensics.evidence.known import KnownFiles
from forensics.evidence.loading import load_bytes, load_file
from forensics.evidence.provenance import TrustList, read_provenance

__all__ = [
    "KnownFiles",
    "TrustList",
    "is_flat",
    "load_bytes",
    "load_file",
    "perceptual_hashes",
    "read_provenance",
]
