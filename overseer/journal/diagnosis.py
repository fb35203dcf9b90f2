"""What an error of SQLite or of the file system means for the journal, in words that help.

Every message names the file, says what stood in the way and what the user can do. Nothing here
touches a file.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from overseer.errors import JournalError

ELSEWHERE = "set OVERSEER_HOME to another folder"
COPY_ELSEWHERE = (
    "which takes a folder that may be written to; copy it there with the files that begin with its name, "
    "and set OVERSEER_HOME to that folder"
)
MOVE_AWAY = f"move it away with the files that begin with its name, and a new one is made, or {ELSEWHERE}"

_FULL = ("the disk is full", "free some space and try again")
_READ_ONLY = ("it may not be written to", f"change its permissions, or those of its folder, or {ELSEWHERE}")

# By SQLite's name of the error, without the details that follow it.
_SQLITE = {
    "BUSY": ("another program keeps it locked", "wait for that program or close it, then try again"),
    "CANTOPEN": ("it cannot be opened for writing", f"check that it is a file of yours, or {ELSEWHERE}"),
    "CONSTRAINT": ("another program writes to the same run", "stop that program"),
    "CORRUPT": ("the file is damaged", MOVE_AWAY),
    "FULL": _FULL,
    "IOERR": ("the disk reports an error", "check that it has space and works, then try again"),
    "NOTADB": ("it is not an SQLite file", MOVE_AWAY),
    "PERM": _READ_ONLY,
    "READONLY": _READ_ONLY,
    "TOOBIG": ("a value is too large for it", "let the step return less, or write a file and return its path"),
}
_SYSTEM = {
    errno.EACCES: _READ_ONLY,
    errno.EDQUOT: _FULL,
    errno.EEXIST: ("a file is where its folder should be", f"move that file away, or {ELSEWHERE}"),
    errno.ENOSPC: _FULL,
    errno.ENOTDIR: ("a file is where its folder should be", f"move that file away, or {ELSEWHERE}"),
    errno.EPERM: _READ_ONLY,
    errno.EROFS: _READ_ONLY,
}


def diagnosis(error: OSError | sqlite3.Error, attempt: str, path: Path) -> JournalError:
    """The error to show for `error`, which `attempt` ("open the journal") on `path` met."""
    if isinstance(error, OSError):
        reason, remedy = _SYSTEM.get(error.errno or 0, (error.strerror or str(error), ELSEWHERE))
    else:
        name = getattr(error, "sqlite_errorname", "")  # absent where the error is not from SQLite itself
        what, remedy = _SQLITE.get(name.removeprefix("SQLITE_").split("_")[0], ("SQLite reports an error", MOVE_AWAY))
        reason = f"{what} ({error})"
        if path.is_dir():
            reason, remedy = "it is a folder", f"move it away, or {ELSEWHERE}"
    return JournalError(f"cannot {attempt} {path}: {reason}; {remedy}")


@contextmanager
def diagnosed(attempt: str, path: Path) -> Iterator[None]:
    """Errors of SQLite and the file system leave the block as JournalError."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a mistake of ours, such as a closed connection
    except (OSError, sqlite3.Error) as error:
        raise diagnosis(error, attempt, path) from error
