"""The settings that a project brings along, and whether they may be read.

Settings decide what runs without asking, who gets prompts and keys, and what may be spent. So those of whatever project
one happens to stand in are not read at all before the user has said that they may be, and no longer than
they stay as they were then.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from overseer.settings.files import MAX_BYTES
from overseer.trust import Trust, distrust, trust, trust_in

NAMES: Final = ("overseer.yaml", ".overseer/config.yaml")


def project_files(folder: Path, *others: Path) -> list[Path]:
    """The files of settings in a folder, the one that counts first; not those that are read as something else."""
    found = [folder / name for name in NAMES if os.path.isfile(folder / name)]
    return [path for path in found if not any(_is_same(path, other) for other in others)]


def trust_of_settings(path: Path) -> Trust:
    """Whether a project's file may be read; a huge one is not even looked at."""
    return "none" if _is_huge(path) else trust_in(path, [path])


def trust_settings(path: Path) -> None:
    """From here on, read this file as it is."""
    trust(path, [path])


def distrust_settings(folder: Path) -> list[Path]:
    """Read no settings of a project any more, be they there or not; those that were read until then."""
    return [folder / name for name in NAMES if distrust(folder / name)]


def why_not_read(path: Path, given: Trust) -> str:
    """What to say of a file that is not read."""
    if _is_huge(path):
        return f"the settings of this project in {path} are not read: they are larger than {MAX_BYTES // 1_000_000} MB"
    why = "they changed since they were trusted" if given == "outdated" else "nobody said that they are trusted"
    remedy = "look at them, and if they may be read: overseer config trust"
    return f"the settings of this project in {path} are not read: {why}; {remedy}"


def _is_huge(path: Path) -> bool:
    try:
        return path.stat().st_size > MAX_BYTES
    except OSError:  # whoever reads it will say what is wrong
        return False


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False
