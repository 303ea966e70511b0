"""Logs with a fixed clock, and a time-stamp authority made with OpenSSL."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from forensics.custody import CustodyLog, Item
from tests.conftest import NOW

CONFIG = """
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[authority]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[usual]
serial = serial
default_policy = 1.2.3.4.1
signer_digest = sha256
digests = sha256, sha512
accuracy = secs:2
ess_cert_id_alg = sha256
[refusing]
serial = serial
default_policy = 1.2.3.4.1
signer_digest = sha256
digests = sha512
"""


@dataclass(frozen=True)
class Authority:
    """A time-stamp authority in a folder."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    @property
    def other_root(self) -> Path:
        """A root of the same kind that vouches for nothing."""
        return self.folder / "other.pem"

    def reply(self, query: Path, *options: str, section: str = "usual") -> bytes:
        out = self.folder / "reply.tsr"
        signing = ("-signer", "authority.pem", "-inkey", "authority.key")
        self.openssl(
            "ts", "-reply", "-queryfile", str(query), "-config", "config", "-section", section, *signing, *options, "-out", str(out)
        )  # fmt: skip
        return out.read_bytes()

    def openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    made = Authority(tmp_path_factory.mktemp("authority"))
    (made.folder / "config").write_text(CONFIG)
    (made.folder / "serial").write_text("01\n")
    for name in ("root", "other", "authority"):
        made.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    for name in ("root", "other"):
        made.openssl(
            "req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN=Test {name}", "-days", "3650", "-config", "config",
            "-extensions", "root", "-out", f"{name}.pem",
        )  # fmt: skip
    made.openssl(
        "req", "-new", "-key", "authority.key", "-subj", "/CN=Test authority", "-config", "config", "-out", "csr"
    )
    made.openssl(
        "x509", "-req", "-in", "csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "3650", "-extfile", "config",
        "-extensions", "authority", "-out", "authority.pem",
    )  # fmt: skip
    return made


@pytest.fixture
def write_log(tmp_path: Path) -> Callable[[int], CustodyLog]:
    """Write a log of n entries, a minute apart."""

    def write(n: int) -> CustodyLog:
        log = CustodyLog(tmp_path / "custody.jsonl")
        for i in range(n):
            item = Item(name=f"{i}.jpg", sha256=f"{i:064x}", n_bytes=i)
            log.append(
                "examined", actor="A. Examiner", inputs=[item], note=f"entry {i + 1}", now=NOW + timedelta(minutes=i)
            )
        return log

    return write
