"""Two programs write to one log and are killed at random moments: what was acknowledged is there, and the chain is whole."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from forensics.custody import CustodyLog

ENTRIES = 10_000
KILLS = 50
# Starts a writer for each line that it is given. A writer goes on until it is killed, and says which entries it was told are on the disk.
PARENT = """
import os, signal, sys
from forensics.custody import CustodyLog, Item

log = CustodyLog(sys.argv[1])
item = Item(name="exhibit.jpg", sha256="0" * 64, n_bytes=1)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while sys.stdin.readline():
    if os.fork():
        continue
    own = os.getpid()
    try:
        os.write(1, f"{own} started -\\n".encode())
        while True:
            entry = log.append("examined", actor=f"writer {own}", inputs=[item], note="n" * 300)
            os.write(1, f"{own} {entry.sequence} {entry.sha256}\\n".encode())
    finally:
        os.write(1, f"{own} failed -\\n".encode())
        os._exit(1)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place: a kill loses no page of the system, and 10,000 waits for a disk take a minute."""
    memory = Path("/dev/shm")  # noqa: S108  # a folder of its own in it
    made = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() and os.access(memory, os.W_OK) else None))
    yield made
    shutil.rmtree(made)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no SIGKILL")
def test_acknowledged_entries_survive_kills(folder: Path) -> None:
    log, rng = CustodyLog(folder / "custody.jsonl"), np.random.default_rng(7)
    acknowledged: list[tuple[int, str]] = []
    alive: dict[int, int] = {}  # process -> what it has acknowledged
    kills, left = 0, b""
    command = [sys.executable, "-c", PARENT, str(log.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        parent.stdin.write(b"start\nstart\n")
        while part := os.read(parent.stdout.fileno(), 2**16):
            *lines, left = (left + part).split(b"\n")
            for process, number, digest in (line.decode().split() for line in lines):
                assert number != "failed"
                if number == "started":
                    alive[int(process)] = 0
                    continue
                acknowledged.append((int(number), digest))
                if int(process) in alive:  # else it was killed meanwhile
                    alive[int(process)] += 1
            busy = [process for process, n in alive.items() if n]
            due = kills < KILLS and len(acknowledged) >= (kills + 1) * ENTRIES // (KILLS + 1)
            if busy and due:
                time.sleep(rng.random() / 500)  # at any moment of an entry
                chosen = busy[rng.integers(len(busy))]
                os.kill(chosen, signal.SIGKILL)
                del alive[chosen]
                kills += 1
                parent.stdin.write(b"start\n")
            elif kills == KILLS and len(acknowledged) >= ENTRIES and len(alive) == 2:
                parent.stdin.close()
                for process in list(alive):
                    os.kill(process, signal.SIGKILL)
                    del alive[process]
                kills += 1  # and what is in the pipe is read to its end
    check = log.verify()
    assert check.ok, check.problems
    digests = {entry.sequence: entry.sha256 for entry in check.entries}
    assert kills == KILLS + 1
    assert len(acknowledged) >= ENTRIES
    assert len(set(acknowledged)) == len(acknowledged)
    assert [number for number, digest in acknowledged if digests.get(number) != digest] == []
    assert len({entry.actor for entry in check.entries}) == KILLS + 2  # all of them wrote
    assert (
        len(check.entries) - len(acknowledged) <= KILLS + 2
    )  # what is there besides was cut off between disk and pipe
