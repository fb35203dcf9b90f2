"""What files held before tools changed them, by run: one SQLite file for all of a user's processes.

A content is kept once, however many files and runs it belongs to. What there is room for is kept, and
the oldest runs make room; what a state means for undoing is for others to know.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from overseer.home import changes_path
from overseer.journal.database import Database
from overseer.journal.diagnosis import diagnosed
from overseer.undo.schema import MIGRATIONS
from overseer.undo.states import Found, KeptFile, KeptRun, RunState, State

MOST_RUNS = 200
MOST_BYTES = 500 << 20

_NOUN = "the store of changed files"
_RUNS = "SELECT number, run_id, folder, state, changed, undone, is_cut FROM runs"
_COLUMNS = tuple(field.name for field in fields(KeptFile))
_KEPT = _COLUMNS[:-3]  # what undoing took away is entered by undoing
_UPSERT = (
    f"INSERT INTO files(run, {', '.join(_KEPT)}) VALUES ({', '.join('?' * (len(_KEPT) + 1))})"
    f" ON CONFLICT(run, path) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _KEPT[1:])}"
)


class ChangeStore:
    """All kept changes of one user. Safe to share between threads."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        most_runs: int = MOST_RUNS,
        most_bytes: int = MOST_BYTES,
        read_only: bool = False,
    ) -> None:
        self._database = Database((path or changes_path()).absolute(), MIGRATIONS, read_only=read_only, noun=_NOUN)
        self._most_runs = most_runs
        self._most_bytes = most_bytes
        self._lock = threading.RLock()
        # Of all contents; None: to be asked for. What other processes keep meanwhile is found out when it seems full.
        self._total: int | None = None
        with diagnosed(f"open {_NOUN}", self.path):
            self._connection = self._database.connect()
        # Or the log stays as large as the largest file that was ever kept.
        self._connection.execute("PRAGMA journal_size_limit = 16777216")

    @property
    def path(self) -> Path:
        return self._database.path

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._database.close()

    def __enter__(self) -> ChangeStore:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # --- keeping

    def enter(self, run_id: str, folder: str, at: float) -> None:
        """A run begins to write in a folder, or goes on to; the oldest of too many others are given up."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO runs(run_id, folder, state, changed) VALUES (?, ?, 'written', ?)"
                " ON CONFLICT(run_id, folder) DO UPDATE SET state = 'written', changed = excluded.changed",
                (run_id, folder, at),
            )
            rows = connection.execute(
                "SELECT number FROM runs ORDER BY changed DESC, number DESC LIMIT -1 OFFSET ?", (self._most_runs,)
            )
            self._drop(connection, [number for (number,) in rows.fetchall()])

    def keep(self, run_id: str, folder: str, file: KeptFile, content: bytes | None, at: float) -> None:
        """What a file holds before a run changes it; `content` where that is the run's own first look at it."""
        with self._writing() as connection:
            number = self._own(connection, run_id, folder, at)
            if content is not None and file.before and self._has_room(connection, number, file.before, len(content)):
                self._put(connection, file.before, content)
            connection.execute(_UPSERT, (number, *(getattr(file, name) for name in _KEPT)))

    def take_back(self, run_id: str, folder: str, path: str, known: KeptFile | None) -> None:
        """A change was not made: what was known of the file before holds again."""
        with self._writing() as connection:
            found = self._numbers(connection, run_id, folder)
            if known is None:
                connection.executemany("DELETE FROM files WHERE run = ? AND path = ?", [(n, path) for n in found])
            else:
                values = [getattr(known, name) for name in _KEPT]
                connection.executemany(_UPSERT, [(number, *values) for number in found])

    def keep_folder(self, run_id: str, folder: str, path: str, at: float) -> None:
        with self._writing() as connection:
            number = self._own(connection, run_id, folder, at)
            connection.execute("INSERT OR IGNORE INTO folders(run, path) VALUES (?, ?)", (number, path))

    def note_unseen(self, run_id: str, folder: str, tool: str, at: float) -> None:
        """A run calls a tool that changes what nobody here sees."""
        with self._writing() as connection:
            number = self._own(connection, run_id, folder, at)
            connection.execute("INSERT OR IGNORE INTO unseen(run, tool) VALUES (?, ?)", (number, tool))

    # --- reading

    def runs(self, folder: str) -> list[KeptRun]:
        """The runs that changed something in a folder, the one that wrote last first."""
        return [_run(row) for row in self._rows(f"{_RUNS} WHERE folder = ? ORDER BY changed DESC, number DESC", folder)]

    def runs_beginning(self, text: str) -> list[KeptRun]:
        """The runs whose id begins like this, wherever they wrote."""
        rows = self._rows(f"{_RUNS} WHERE run_id BETWEEN ? AND ? ORDER BY run_id", text, text + "\U0010ffff")
        return [_run(row) for row in rows]

    def file(self, run_id: str, folder: str, path: str) -> KeptFile | None:
        rows = self._rows(
            f"SELECT {', '.join(_COLUMNS)} FROM files WHERE path = ?"
            " AND run = (SELECT number FROM runs WHERE run_id = ? AND folder = ?)",
            path,
            run_id,
            folder,
        )
        return _file(rows[0]) if rows else None

    def writer(self, folder: str, path: str, state: State, but: KeptRun) -> tuple[str, str] | None:
        """Another run that left a file in this state, and the tool that it did so with."""
        rows = self._rows(
            "SELECT run_id, tool FROM runs CROSS JOIN files ON run = number"
            " WHERE folder = ? AND path = ? AND after = ? AND number <> ? ORDER BY changed DESC LIMIT 1",
            folder,
            path,
            state,
            but.number,
        )
        return (str(rows[0][0]), str(rows[0][1])) if rows else None

    def files(self, run: KeptRun) -> list[KeptFile]:
        return [
            _file(row)
            for row in self._rows(f"SELECT {', '.join(_COLUMNS)} FROM files WHERE run = ? ORDER BY path", run.number)
        ]

    def folders(self, run: KeptRun) -> list[str]:
        """The folders that a run made, the deepest first."""
        paths = [str(path) for (path,) in self._rows("SELECT path FROM folders WHERE run = ?", run.number)]
        return sorted(paths, key=lambda path: (-path.count("/"), path))

    def unseen(self, run: KeptRun) -> list[str]:
        """The tools that a run called and whose changes are not known."""
        return [str(tool) for (tool,) in self._rows("SELECT tool FROM unseen WHERE run = ? ORDER BY tool", run.number)]

    def content(self, state: State) -> bytes | None:
        """The content with this hash; None if it is not kept."""
        rows = self._rows("SELECT data FROM contents WHERE hash = ?", state)
        return bytes(rows[0][0]) if rows else None

    def has_content(self, state: State) -> bool:
        return bool(self._rows("SELECT 1 FROM contents WHERE hash = ?", state))

    # --- undoing

    def set_state(self, run: KeptRun, state: RunState, at: float | None = None) -> None:
        """What becomes of a run; `at` where that is a new time of its being undone."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE runs SET state = ?, undone = coalesce(?, undone) WHERE number = ?", (state, at, run.number)
            )

    def keep_redo(self, run: KeptRun, path: str, found: Found, content: bytes | None) -> bool:
        """What undoing is about to take away, `content` unless that is nothing or too large; whether there was room."""
        with self._writing() as connection:
            has_room = content is None or self._has_room(connection, run.number, found.state, len(content))
            if content is not None and has_room:
                self._put(connection, found.state, content)
            connection.execute(
                "UPDATE files SET redo = ?, redo_mode = ?, redo_size = ? WHERE run = ? AND path = ?",
                (found.state, found.mode, found.size, run.number, path),
            )
        return has_room

    def set_left(self, run: KeptRun, path: str, state: State, size: int) -> None:
        """Redoing is about to leave this in a file."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE files SET last = ?, last_size = ?, after = ?, after_size = ?, is_added = 0"
                " WHERE run = ? AND path = ?",
                (state, size, state, size, run.number, path),
            )

    def forget_redo(self, run: KeptRun, path: str) -> None:
        """What undoing had taken away is there again."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE files SET redo = NULL, redo_mode = NULL, redo_size = NULL WHERE run = ? AND path = ?",
                (run.number, path),
            )

    # --- clearing out

    def forget(self, run_ids: Iterable[str]) -> None:
        """Give up what was kept for these runs."""
        with self._writing() as connection:
            for run_id in run_ids:
                rows = connection.execute("SELECT number FROM runs WHERE run_id = ?", (run_id,)).fetchall()
                self._drop(connection, [number for (number,) in rows])

    def forget_before(self, time: float, but: Iterable[str]) -> None:
        """Give up what was kept for runs that wrote last before a time, apart from some."""
        spared = set(but)
        with self._writing() as connection:
            rows = connection.execute("SELECT number, run_id FROM runs WHERE changed < ?", (time,)).fetchall()
            self._drop(connection, [number for number, run_id in rows if run_id not in spared])

    def compact(self) -> int:
        """Give free space back to the disk where nothing is in the way; the bytes that were freed."""
        before = self._size()
        with self._lock, suppress(sqlite3.OperationalError):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return max(0, before - self._size())

    # --- inside

    def _own(self, connection: sqlite3.Connection, run_id: str, folder: str, at: float) -> int:
        """The number of a run that is writing."""
        for number in self._numbers(connection, run_id, folder):
            connection.execute(
                "UPDATE runs SET state = 'written', changed = ? WHERE number = ? AND state <> 'written'", (at, number)
            )
            return number
        # It was given up to make room for others.
        cursor = connection.execute(
            "INSERT INTO runs(run_id, folder, state, changed, is_cut) VALUES (?, ?, 'written', ?, 1)",
            (run_id, folder, at),
        )
        return int(cursor.lastrowid or 0)

    def _numbers(self, connection: sqlite3.Connection, run_id: str, folder: str) -> list[int]:
        rows = connection.execute("SELECT number FROM runs WHERE run_id = ? AND folder = ?", (run_id, folder))
        return [int(number) for (number,) in rows.fetchall()]

    def _put(self, connection: sqlite3.Connection, state: State, content: bytes) -> None:
        self._total = None if self._total is None else self._total + len(content)
        connection.execute(
            "INSERT OR IGNORE INTO contents(hash, size, data) VALUES (?, ?, ?)", (state, len(content), content)
        )

    def _has_room(self, connection: sqlite3.Connection, number: int, state: State, size: int) -> bool:
        """Whether one more content can be kept; the oldest other runs are given up for it."""
        if connection.execute("SELECT 1 FROM contents WHERE hash = ?", (state,)).fetchone():
            return True
        if self._total is not None and self._total + size <= self._most_bytes:
            return True
        self._total = _total(connection)
        while self._total + size > self._most_bytes:
            oldest = connection.execute(
                "SELECT number FROM runs WHERE number <> ? ORDER BY changed, number LIMIT 1", (number,)
            ).fetchone()
            if oldest is None:
                return False
            self._drop(connection, [oldest[0]])
            self._total = _total(connection)
        return True

    def _drop(self, connection: sqlite3.Connection, numbers: list[int]) -> None:
        if not numbers:
            return
        self._total = None
        for number in numbers:
            for table, column in (("files", "run"), ("folders", "run"), ("unseen", "run"), ("runs", "number")):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (number,))
        connection.execute(
            "DELETE FROM contents WHERE hash NOT IN (SELECT before FROM files WHERE before IS NOT NULL)"
            " AND hash NOT IN (SELECT redo FROM files WHERE redo IS NOT NULL)"
        )

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock, diagnosed(f"read {_NOUN}", self.path):
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, diagnosed(f"write to {_NOUN}", self.path):
            self._database.require_same_file()
            with self._database.writing(self._connection):
                yield self._connection

    def _size(self) -> int:
        log = self.path.with_name(f"{self.path.name}-wal")
        return self.path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _total(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(sum(size), 0) FROM contents").fetchone()[0])


def _run(row: tuple[Any, ...]) -> KeptRun:
    number, run_id, folder, state, changed, undone, is_cut = row
    return KeptRun(number, run_id, folder, state, changed, undone, bool(is_cut))


def _file(row: tuple[Any, ...]) -> KeptFile:
    named = dict(zip(_COLUMNS, row, strict=True))
    return KeptFile(**{**named, "is_shared": bool(named["is_shared"]), "is_added": bool(named["is_added"])})
