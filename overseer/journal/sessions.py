"""Conversations, as they are kept beside the runs that came of them: appended turn by turn, and never changed.

Each turn is safe once `add` returns, so whoever is killed loses nothing that was on the screen. What a
turn means to a model or a reader is for the conversation to say.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from overseer.errors import JournalError, RunNotFound
from overseer.ids import as_typed
from overseer.journal.database import Database, storable
from overseer.journal.diagnosis import diagnosed
from overseer.jsonvalue import Json, json_text
from overseer.spending import total
from overseer.text.brevity import brief

TurnKind: TypeAlias = Literal["request", "answer", "run", "note", "summary"]

_TITLE = 60
_COST = "cost"  # the kind of a row that is no turn

_ADDED = (
    "INSERT INTO turns(at, kind, text, run_id, body, session)"
    " SELECT ?, ?, ?, ?, ?, number FROM sessions WHERE session_id = ?"
)


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that was said or done: by a person (a request), by us, or by a run that came of it."""

    kind: TurnKind
    text: str
    at: float
    run_id: str = ""
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session as lists show it."""

    session_id: str
    folder: str
    created: float
    used: float  # when its last turn was
    turns: int
    title: str  # how its first request begins
    spent: Json = None  # on all of its requests


class Sessions:
    """The sessions of one user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, session_id: str, *, folder: str, at: float) -> None:
        """Enter a new session."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO sessions(session_id, folder, created) VALUES (?, ?, ?)",
                (session_id, storable(folder), at),
            )

    def add(self, session_id: str, turn: Turn) -> None:
        """Append a turn to a session."""
        row = (turn.at, turn.kind, storable(turn.text), turn.run_id or None, json_text(dict(turn.body)), session_id)
        with self._writing() as connection:
            connection.execute(_ADDED, row)

    def took(self, session_id: str, spent: Json, at: float) -> None:
        """Add what a request took with all that came of it, as the events of a run tell it; no turn tells it."""
        row = (at, _COST, "", None, json_text({"spent": spent}), session_id)
        with self._writing() as connection:
            connection.execute(_ADDED, row)

    def turns(self, session_id: str) -> list[Turn]:
        """All turns of a session, in order."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT kind, text, at, run_id, body FROM turns"
                " WHERE session = (SELECT number FROM sessions WHERE session_id = ?) AND kind != ? ORDER BY id",
                (session_id, _COST),
            ).fetchall()
        try:
            return [_turn(row) for row in rows]
        except ValueError as error:
            raise JournalError(
                f"session {session_id} in {self._database.path} is damaged ({error}); other sessions need not be; "
                "begin a new one"
            ) from error

    def newest(self, *, limit: int = 20, folder: str | None = None) -> list[SessionSummary]:
        """The sessions in which something was said, the one used last first."""
        where, values = ("WHERE folder = ?", [storable(folder)]) if folder is not None else ("", [])
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT session_id, folder, created, MAX(at) AS used, SUM(kind != ?),"
                " (SELECT text FROM turns WHERE session = number AND kind = 'request' ORDER BY id LIMIT 1)"
                f" FROM sessions JOIN turns ON session = number {where}"
                " GROUP BY number ORDER BY used DESC, number DESC LIMIT ?",
                (_COST, *values, limit),
            ).fetchall()
            return [
                SessionSummary(
                    session_id, folder, created, used, turns, brief(first or "", _TITLE), _spent(connection, session_id)
                )
                for session_id, folder, created, used, turns, first in rows
            ]

    def meant(self, text: str) -> str:
        """The session with this id, or the only one whose id begins like this; RunNotFound says which there are."""
        beginning = as_typed(storable(text))
        with self._database.reading() as connection:
            found = [
                found_id
                for (found_id,) in connection.execute(
                    "SELECT session_id FROM sessions WHERE session_id BETWEEN ? AND ? ORDER BY number DESC LIMIT 6",
                    (beginning, beginning + "\U0010ffff"),
                )
            ]
        if not beginning or not found:
            newest = ", ".join(f"{session.session_id} ({session.title})" for session in self.newest(limit=5))
            there_are = f"the newest are: {newest}" if newest else "there is none yet"
            raise RunNotFound(f"no session's id begins with {text!r}; {there_are}")
        if len(found) > 1 and beginning not in found:
            raise RunNotFound(f"{text!r} could be several sessions; type more of the id: {', '.join(found)}")
        return beginning if beginning in found else found[0]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        database = self._database
        with (
            diagnosed("write to the journal", database.path),
            closing(database.connect()) as connection,
            database.writing(connection),
        ):
            yield connection


def _turn(row: tuple[Any, ...]) -> Turn:
    kind, text, at, run_id, body = row
    if not isinstance(more := json.loads(body), dict):
        raise ValueError("what belongs to a turn is no object")
    return Turn(cast(TurnKind, kind), text, at, run_id or "", more)


def _spent(connection: sqlite3.Connection, session_id: str) -> Json:
    """What all requests of a session took, as far as it can be read."""
    bodies = connection.execute(
        "SELECT body FROM turns WHERE kind = ? AND session = (SELECT number FROM sessions WHERE session_id = ?)",
        (_COST, session_id),
    )
    costs = []
    for (body,) in bodies:
        with suppress(ValueError, KeyError, TypeError):
            costs.append(json.loads(body)["spent"])
    return total(*costs)
