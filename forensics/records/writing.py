"""Files that are written whole or not at all."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeAlias

from forensics.errors import ForensicsError, RecordError

__all__ = ["Content", "write_atomically", "writing", "writing_at"]

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
    with writing_at(path, sync=sync, error=error) as partial, partial.open("r+b") as file:
        yield file


@contextmanager
def writing_at(
    path: str | os.PathLike[str], *, sync: bool = True, error: type[ForensicsError] = RecordError
) -> Iterator[Path]:
    """Yield the place of a temporary file with the same suffix, for libraries that take a name; otherwise as `writing`."""
    path = Path(path)
    # Beside the file, so that the last step is a renaming; named by chance, so that two programs do not meet.
    partial = path.with_name(f".{path.stem[:100]}-{secrets.token_hex(8)}.partial{path.suffix[:20]}")
    try:
        partial.touch(exist_ok=False)
        permissions = partial.stat().st_mode  # those of any new file here; libraries leave others
        yield partial
        if sync:
            with partial.open("r+b") as file:
                os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            permissions = path.stat().st_mode
        partial.chmod(permissions & 0o777)
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
