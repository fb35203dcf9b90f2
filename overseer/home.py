"""Where Overseer keeps what belongs to one user: the journal and the workflows saved by name.

`OVERSEER_HOME` moves all of it; without that it is the platform's folder for a user's data.
"""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder that holds everything of this user; it need not exist yet."""
    if chosen := os.environ.get("OVERSEER_HOME"):
        return Path(os.path.expanduser(chosen)).absolute()
    from platformdirs import user_data_path

    return user_data_path("overseer", appauthor=False)


def journal_path() -> Path:
    return home() / "journal.db"


def locks_folder(journal: Path) -> Path:
    """Where the locks of the runs in a journal are."""
    return journal.with_name(f"{journal.name}-locks")


def write_locks_folder() -> Path:
    """Where the locks of the files are that runs write."""
    return home() / "write-locks"


def changes_path() -> Path:
    """Where it is kept what files held before tools changed them."""
    return home() / "changes.db"


def workflows_folder() -> Path:
    return home() / "workflows"


def programs_folder() -> Path:
    """Where programs are kept that were written for steps, and have done what they were to do."""
    return home() / "programs"


def is_at_home(path: Path) -> bool:
    """Whether a file or folder is one of those that belong to this user."""
    return path.absolute().is_relative_to(home())


def make_private(folder: Path) -> None:
    """Make a folder that only this user can enter, and those above it; one that is there keeps its permissions."""
    missing = [folder, *folder.parents]
    while missing and missing[-1].is_dir():
        missing.pop()
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file that only this user can read; one that is there already is left alone."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
