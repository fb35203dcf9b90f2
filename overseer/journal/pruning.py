"""Removing old runs from the journal file, with all that only they needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from overseer.errors import RunBusy
from overseer.journal.database import Database
from overseer.journal.locks import RunLocks
from overseer.journal.runlog import drop_events, drop_unused_blobs, newest_time


def remove_old(
    database: Database, locks: RunLocks, run_ids: Iterable[str], *, before: float, also_interrupted: bool
) -> Iterator[str]:
    """Remove those runs that ended before a time; their ids, as they are removed.

    Each run goes by itself, and is in our hand while it does: nobody who writes has to wait for
    long, and nobody can go on with a run that is about to vanish.
    """
    with closing(database.connect()) as connection:
        for run_id in run_ids:
            if _due(connection, run_id, before, also_interrupted) is None:
                continue
            try:
                lock = locks.take(run_id)
            except RunBusy:
                continue
            try:
                with database.writing(connection):
                    number = _due(connection, run_id, before, also_interrupted)
                    if number is None:  # somebody has gone on with it meanwhile
                        continue
                    drop_events(connection, number)
                    connection.execute("DELETE FROM runs WHERE number = ?", (number,))
            finally:
                lock.release()
            yield run_id


def _due(connection: sqlite3.Connection, run_id: str, before: float, also_interrupted: bool) -> int | None:
    """The number of a run that ended before a time or, if told so, in which nothing has happened since."""
    row = connection.execute("SELECT number, status, created, ended FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        return None
    number, status, created, last = row
    if status == "running":
        if not also_interrupted:
            return None
        last = newest_time(connection, number) or created
    return number if last < before else None


def free_space(database: Database, *, may_take_long: bool) -> int:
    """Drop large values that no run has any more; the bytes by which the journal is smaller on the disk."""
    before = _size(database.path)
    with closing(database.connect()) as connection:
        with database.writing(connection):
            drop_unused_blobs(connection)
        if may_take_long:
            # Where another program is at work, or there is no room for a copy, later runs use what is free now.
            with suppress(sqlite3.OperationalError):
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return max(0, before - _size(database.path))


def _size(path: Path) -> int:
    """The bytes of the file and of its write-ahead log."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)
