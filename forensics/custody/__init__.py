"""What happened to an exhibit, and who says so: a hash-chained log, signatures, time-stamps and packages."""

from forensics.custody.beside import query_path, signature_path, timestamp_path
from forensics.custody.checking import LogCheck
from forensics.custody.entries import ACTIONS, Entry, Item, Tool
from forensics.custody.keys import fingerprint, load_private_key, load_public_key, new_key
from forensics.custody.log import CustodyLog, verify_log
from forensics.custody.signing import SignatureCheck, sign_file, verify_signature
from forensics.custody.timestamps import (
    TimestampCheck,
    attach_reply,
    verify_timestamp,
    write_query,
)

__all__ = [
    "ACTIONS", "CustodyLog", "Entry", "Item", "LogCheck", "SignatureCheck", "TimestampCheck", "Tool", "attach_reply", "fingerprint",
    "load_private_key", "load_public_key", "new_key", "query_path", "sign_file", "signature_path", "timestamp_path", "verify_log",
    "verify_signature", "verify_timestamp", "write_query",
]  # fmt: skip
