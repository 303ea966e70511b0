"""Two programs write to one log and are killed at random moments: what was acknowledged is there, and the chain is whole."""

import os
import random
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forensics.custody import CustodyLog

ENTRIES = 10_000
KILLS = 50
# Writes for as long as it is let, and says which entries it was told are on the disk.
WRITER = """
import os, sys
from forensics.custody import CustodyLog, Item
log = CustodyLog(sys.argv[1])
item = Item(name="exhibit.jpg", sha256="0" * 64, n_bytes=1)
while True:
    entry = log.append("examined", actor=sys.argv[2], inputs=[item], note="n" * 300)
    os.write(1, f"{entry.sequence} {entry.sha256}\\n".encode())
"""


@dataclass
class Writing:
    """A program that writes, and what it has acknowledged."""

    process: subprocess.Popen[bytes]
    said: bytes = b""
    acknowledged: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def start(cls, log: Path, name: str) -> "Writing":
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(log), name], stdout=subprocess.PIPE)
        return cls(process)

    @property
    def pipe(self) -> int:
        assert self.process.stdout is not None
        return self.process.stdout.fileno()

    def hear(self) -> bool:
        """Read what was said; False at the end."""
        part = os.read(self.pipe, 2**16)
        *lines, self.said = (self.said + part).split(b"\n")
        self.acknowledged += [(int(number), digest) for number, digest in (line.decode().split() for line in lines)]
        return bool(part)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        while self.hear():
            pass
        self.process.wait()
        assert self.process.returncode == -signal.SIGKILL
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place: a kill loses no page of the system, and 10,000 waits for a disk take a minute."""
    memory = Path("/dev/shm")  # noqa: S108  # a folder of its own in it
    made = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() and os.access(memory, os.W_OK) else None))
    yield made
    shutil.rmtree(made)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_acknowledged_entries_survive_kills(folder: Path) -> None:
    log, rng = CustodyLog(folder / "custody.jsonl"), random.Random(7)
    acknowledged: list[tuple[int, str]] = []
    kills, started = 0, 0
    running: list[Writing] = []
    with selectors.DefaultSelector() as selector:

        def start() -> None:
            nonlocal started
            started += 1
            writing = Writing.start(log.path, f"writer {started}")
            running.append(writing)
            selector.register(writing.pipe, selectors.EVENT_READ, writing)

        def kill(writing: Writing) -> None:
            selector.unregister(writing.pipe)
            running.remove(writing)
            writing.kill()
            acknowledged.extend(writing.acknowledged)

        start()
        start()
        try:
            while True:
                for key, _events in selector.select():
                    assert key.data.hear(), "a writer ended by itself"
                n = len(acknowledged) + sum(len(writing.acknowledged) for writing in running)
                if kills == KILLS and n >= ENTRIES:
                    break
                busy = [writing for writing in running if writing.acknowledged]
                if busy and kills < KILLS and n >= (kills + 1) * ENTRIES // (KILLS + 1):
                    time.sleep(rng.random() / 500)  # at any moment of an entry
                    kill(rng.choice(busy))
                    kills += 1
                    start()
        finally:
            for writing in list(running):
                kill(writing)
    check = log.verify()
    assert check.ok, check.problems
    digests = {entry.sequence: entry.sha256 for entry in check.entries}
    assert kills == KILLS
    assert len(acknowledged) >= ENTRIES
    assert len(set(acknowledged)) == len(acknowledged)
    assert [number for number, digest in acknowledged if digests.get(number) != digest] == []
    assert len({entry.actor for entry in check.entries}) > KILLS  # all of them wrote
    assert len(check.entries) - len(acknowledged) <= KILLS + 2  # what is there besides was cut off between disk and pipe
