"""The tables of the journal file, and how an older file becomes a newer one.

A change to the tables is a new migration at the end; one that was released stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from overseer.journal.database import Migration

_RUNS_AND_EVENTS = (
    """
    CREATE TABLE runs(
        number INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        created REAL NOT NULL,
        ended REAL,
        steps INTEGER NOT NULL, -- of the plan itself, without those inside scopes
        plan TEXT NOT NULL,     -- as it was when the run began
        inputs TEXT NOT NULL,
        options TEXT NOT NULL
    )
    """,
    "CREATE INDEX runs_by_age ON runs(created)",
    """
    CREATE TABLE events(
        id INTEGER PRIMARY KEY, -- the number of the run times 2^32, plus the place in the run from 1
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        key TEXT,
        body TEXT,
        value                   -- what the event carries: as text or, if that is large, as its hash in blobs
    )
    """,
    "CREATE TABLE blobs(hash BLOB PRIMARY KEY, value TEXT NOT NULL)",
)

_SESSIONS = (
    """
    CREATE TABLE sessions(
        number INTEGER PRIMARY KEY,
        session_id TEXT NOT NULL UNIQUE,
        folder TEXT NOT NULL,
        created REAL NOT NULL
    )
    """,
    """
    CREATE TABLE turns(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        session INTEGER NOT NULL, -- its number
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        run_id TEXT,
        body TEXT NOT NULL        -- what else belongs to the turn
    )
    """,
    "CREATE INDEX turns_of_session ON turns(session, id)",
)

_DISMISSED = ("ALTER TABLE runs ADD COLUMN dismissed REAL",)  # since when nobody is to be told of it as interrupted


def _executing(statements: tuple[str, ...]) -> Callable[[sqlite3.Connection], None]:
    def change(connection: sqlite3.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return change


MIGRATIONS: tuple[Migration, ...] = (
    (1, _executing(_RUNS_AND_EVENTS)),
    (2, _executing(_SESSIONS)),
    (3, _executing(_DISMISSED)),
)
