"""Files that are written whole or not at all."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

from forensics.errors import ForensicsError, RecordError

__all__ = ["Content", "write_atomically", "writing"]

Content: TypeAlias = bytes | str | Callable[[BinaryIO], object]


def write_atomically(
    path: str | os.PathLike[str], data: Content, *, sync: bool = True, error: type[ForensicsError] = RecordError
) -> Path:
    """Write a file whole or not at all; an earlier one stays until the new one is on the disk.

    Parameters
    ----------
    path : path
        Its folder exists.
    data : bytes, str or callable
        Text is written in UTF-8 with its line ends as they are. A callable gets the open binary file and writes to it.
    sync : bool
        Wait until the bytes are on the disk. False is for what is cheap to make again.
    error : type
        What is raised if it cannot be written.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    RecordError, or `error`
        It cannot be written. Nothing is left behind then, nor when the callable raises anything else.
    """
    path = Path(path)
    with writing(path, sync=sync, error=error) as file:
        if callable(data):
            data(file)
        else:
            file.write(data.encode("utf-8") if isinstance(data, str) else data)
    return path


@contextmanager
def writing(
    path: str | os.PathLike[str], *, sync: bool = True, error: type[ForensicsError] = RecordError
) -> Iterator[BinaryIO]:
    """Yield a binary file, also to be read, that gets its name when the block ends and vanishes when an error ends it.

    Parameters and errors are those of `write_atomically`.
    """
    path = Path(path)
    # Beside the file, so that the last step is a renaming; named by chance, so that two programs do not meet.
    partial = path.with_name(f".{path.name[:100]}-{secrets.token_hex(8)}.partial")
    try:
        with partial.open("x+b") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # a new file has the permissions that new files get here
            partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)
    except OSError as err:
        if err.filename not in (None, str(partial), str(path)):
            raise  # the block met it with another file
        raise error(
            f"{path} cannot be written: {err.strerror or err}. Make room, check your permissions or choose another place."
        ) from err
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
