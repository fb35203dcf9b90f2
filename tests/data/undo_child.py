"""A process that changes files in a run, or undoes that, and is killed at a given point of it.

    python undo_child.py FOLDER write|undo|redo POINT

POINT counts what is done to files and to the store; 0 never kills. The last line printed is the count.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from overseer.journal.database import Database
from overseer.undo.keeping import Changes
from overseer.undo.store import ChangeStore
from overseer.undo.undoing import Undoing
from overseer.workspace import FolderWorkspace

BEFORE = {"a.txt": b"a\n" * 50, "b.bin": bytes(range(256)) * 100, "x/c.txt": b"", "empty": b""}


def kill_at(point: int) -> list[int]:
    """Have this process killed before or after the n-th step that leaves a trace on the disk; the steps so far."""
    passed: list[int] = []

    def step() -> None:
        passed.append(len(passed))
        if len(passed) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            step()
            result = function(*args, **options)
            step()
            return result

        return counted

    os.rename, os.unlink, os.mkdir, os.rmdir = map(around, (os.rename, os.unlink, os.mkdir, os.rmdir))
    os.write = around(os.write)
    begin = Database._begin

    def begun(database: Database, connection: sqlite3.Connection) -> None:
        around(lambda: None)()
        begin(database, connection)

    Database._begin = begun  # type: ignore[method-assign]
    return passed


def write(changes: Changes) -> None:
    chance = random.Random(7)
    names = [*BEFORE, "new", "y/z/new"]
    for number in range(9):
        workspace: Any = changes.workspace_of("run1", "write_file")
        name, data = chance.choice(names), bytes([65 + number]) * chance.choice([1, 5000])
        (workspace.append if number % 3 == 0 else workspace.write)(name, data)


def main() -> None:
    folder, what, point = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    passed = kill_at(point)
    with ChangeStore(folder / "changes.db") as store, FolderWorkspace(folder / "here") as workspace:
        if what == "write":
            write(Changes(workspace, lambda: store))
        else:
            undoing = Undoing(store, workspace)
            undoing.carry_out(undoing.preview("run1", "undo" if what == "undo" else "redo"))
    print(len(passed))


if __name__ == "__main__":
    main()
