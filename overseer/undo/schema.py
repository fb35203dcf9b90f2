"""The tables of the file that keeps what files held, and how an older file becomes a newer one.

A change to the tables is a new migration at the end; one that was released stays as it is.
"""

from __future__ import annotations

import sqlite3

from overseer.journal.database import Migration

# A state of a file is the hash of its content; empty: there is none; NULL: nobody knows.
_TABLES = (
    """
    CREATE TABLE runs(
        number INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL,
        folder TEXT NOT NULL,   -- the workspace
        state TEXT NOT NULL,    -- written, undoing, undone or redoing
        changed REAL NOT NULL,  -- when it last began to write
        undone REAL,            -- when it was last undone
        is_cut INTEGER NOT NULL DEFAULT 0, -- what it changed at first is not kept any more
        UNIQUE(run_id, folder)
    )
    """,
    """
    CREATE TABLE files(
        run INTEGER NOT NULL,
        path TEXT NOT NULL,
        tool TEXT NOT NULL,     -- which changed it last
        before BLOB,
        before_mode INTEGER NOT NULL,
        before_size INTEGER NOT NULL,
        is_shared INTEGER NOT NULL, -- somebody else changed it while the run was at it
        last BLOB,              -- what it held before the last change
        last_size INTEGER NOT NULL,
        after BLOB,             -- what the last change was to leave
        after_size INTEGER NOT NULL,
        is_added INTEGER NOT NULL,  -- the last change was to add to its end
        redo BLOB,              -- what undoing took away
        redo_mode INTEGER,
        redo_size INTEGER,
        PRIMARY KEY(run, path)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE folders(run INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY(run, path)) WITHOUT ROWID",
    "CREATE TABLE unseen(run INTEGER NOT NULL, tool TEXT NOT NULL, PRIMARY KEY(run, tool)) WITHOUT ROWID",
    "CREATE TABLE contents(hash BLOB PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL)",
)


def _make(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)


MIGRATIONS: tuple[Migration, ...] = ((1, _make),)
