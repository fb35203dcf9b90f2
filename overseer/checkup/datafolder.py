"""The data folder: whether it can be written, and whether it is the user's alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from overseer.checkup.finding import Finding
from overseer.home import home

_ELSEWHERE = "set OVERSEER_HOME to another folder"


def data_folder(secrets_fault: str) -> Finding:
    """The folder of this user; `secrets_fault` is what is wrong with the secrets in it, if anything is."""
    folder = home()
    mode, problems = _looked_at(folder)
    problems += [secrets_fault] if secrets_fault else []
    facts = {"path": str(folder), "mode": None if mode is None else f"{mode:04o}", "problems": list(problems)}
    if problems:
        return Finding("data folder", "broken", str(folder), tuple(problems), facts)
    if mode is None:
        return Finding("data folder", "ok", f"{folder}: not there yet; it is made when it is needed", (), facts)
    if os.name == "posix" and mode & 0o055:
        return Finding("data folder", "note", f"{folder}: others can look into it: chmod 700 '{folder}'", (), facts)
    return Finding("data folder", "ok", f"{folder}: only you can enter it", (), facts)


def _looked_at(folder: Path) -> tuple[int | None, list[str]]:
    """The permissions of the folder, if it is there, and what is wrong with it."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        above = nearest_existing(folder)
        can_be_made = above.is_dir() and os.access(above, os.W_OK)
        return None, [] if can_be_made else [f"it is not there, and cannot be made in {above}; {_ELSEWHERE}"]
    except OSError as error:
        return None, [f"it cannot be used: {error.strerror}; {_ELSEWHERE}"]
    return stat.S_IMODE(status.st_mode), list(_problems(folder, status))


def _problems(folder: Path, status: os.stat_result) -> Iterator[str]:
    if not stat.S_ISDIR(status.st_mode):
        yield f"it is not a folder; move it away, or {_ELSEWHERE}"
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        yield f"you may not write there; change its permissions, or {_ELSEWHERE}"
    if os.name == "posix" and status.st_mode & 0o022:
        yield f"others can change your settings and tools there: chmod 700 '{folder}'"


def nearest_existing(path: Path) -> Path:
    """The path itself, or the folder nearest above it that there is."""
    return next((place for place in (path, *path.parents) if os.path.lexists(place)), path)
