"""From bytes to `Evidence`: safe decoding, what the file says about itself, and what lists of known files say."""

from forensics.evidence.credentials.reading import read_provenance
from forensics.evidence.credentials.trust_list import TrustList
from forensics.evidence.known.known_files import KnownFiles
from forensics.evidence.known.perceptual import is_flat, perceptual_hashes
from forensics.evidence.loading import load_bytes, load_file

__all__ = [
    "KnownFiles",
    "TrustList",
    "is_flat",
    "load_bytes",
    "load_file",
    "perceptual_hashes",
    "read_provenance",
]
