"""What an `on: {file: …}` scope watches, and how a change of it is reported.

    created    something is there that was not
    modified   a file was written and closed
    moved      something was renamed to this path; replacing a file in one go looks like this
    deleted    nothing is at this path any more
    unknown    changes were missed: look for yourself

After `deleted` there is nothing to read; after everything else there is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from overseer.sources.outlet import Outlet, SourceError

Change: TypeAlias = Literal["created", "modified", "moved", "deleted", "unknown"]


@dataclass(frozen=True, slots=True)
class Target:
    """A folder and the one name in it that counts, or no name: then all count, and the folder too."""

    folder: str
    name: str | None
    shown: str  # how reports call the target itself

    def covers(self, name: str) -> bool:
        return name == self.name if self.name is not None else name != ""

    def path_of(self, name: str) -> str:
        """How reports call an entry; the empty name is the target itself."""
        return os.path.join(self.shown, name) if self.name is None and name else self.shown


def locate(path: str, *, base: Path, scope: str) -> Target:
    """The target that `path` means: a folder that exists, or else a file that may come to exist."""
    wanted = f"watch {path!r}"
    if not path.strip() or "\0" in path:
        why = "it has a null character in it" if path.strip() else "the path is empty"
        raise SourceError(scope, wanted, why=why, remedy="give the path of a file or a folder")
    full = os.path.abspath(os.path.join(base, os.path.expanduser(path)))
    if os.path.isdir(full):
        return Target(full, None, full)
    folder, name = os.path.split(full)
    if path.endswith(os.sep):
        folder = full
    if not os.path.isdir(folder):
        why = f"{folder} is {'not a folder' if os.path.exists(folder) else 'missing'}"
        raise SourceError(scope, wanted, why=why, remedy="make that folder first, in an earlier step for example")
    return Target(folder, name, full)


class Listener:
    """Tells one scope what happened to its target, and makes up for what the scope was too busy to hear."""

    def __init__(self, target: Target, outlet: Outlet) -> None:
        self.target = target
        self.has_missed = False
        self._outlet = outlet

    def tell(self, path: str, change: Change) -> None:
        self.catch_up()
        if not self.has_missed:
            self._send(path, change)

    def catch_up(self) -> None:
        """Mention once that something was missed, as soon as the scope hears again."""
        if self.has_missed:
            self._send(self.target.shown, "unknown")

    def _send(self, path: str, change: Change) -> None:
        # Names that are not UTF-8 could not be journaled: their odd bytes become �.
        shown = os.fsencode(path).decode("utf-8", "replace")
        self.has_missed = self._outlet.send({"path": shown, "change": change}) == "busy"
