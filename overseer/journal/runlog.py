"""The events of one run as rows: appended by the run's owner, read by anybody.

A row has columns for an event's time, kind and key, one for what it carries (a value, an output, a
plan) as JSON, and one for the rest as JSON. Something large is kept once, under its hash, however
many events carry it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import Any, TypeAlias

from overseer.errors import JournalError
from overseer.journal.database import Database
from overseer.journal.diagnosis import diagnosed
from overseer.journal.locks import RunLock
from overseer.jsonvalue import LARGEST_VALUE, TOO_LARGE, Json, json_text
from overseer.kernel.events import (
    CARRIES,
    Event,
    PlanChanged,
    RunFinished,
    RunResumed,
    StepStarted,
    StepSucceeded,
    from_record,
    to_record,
)
from overseer.stopreasons import is_end_of_program

# Characters of JSON up to which a value stays in its event's row.
INLINE_LIMIT = 4096

_CARRIES = {kind.__name__: name for kind, name in CARRIES.items()}

_Row: TypeAlias = tuple[int, float, str, str | None, str | None, str | bytes | None]


class RunLog(AbstractContextManager["RunLog"]):
    """Where its one owner records a run; `close` gives the run up."""

    def __init__(
        self,
        run_id: str,
        number: int,
        *,
        database: Database,
        connection: sqlite3.Connection,
        lock: RunLock,
        when_closed: Callable[[RunLog], None],
    ) -> None:
        self.run_id = run_id
        self._number = number
        self._database = database
        self._connection = connection
        self._lock = lock
        self._when_closed = when_closed
        self._last_id: int | None = None  # of the newest event, where that is certain

    def append(self, events: Sequence[Event]) -> None:
        """Keep all the events, with one commit. JournalError: none is kept, and all can be appended again."""
        if not events:
            return
        with diagnosed("write to the journal", self._database.path):
            self._database.require_same_file()
            last_id, self._last_id = self._last_id or newest_id(self._connection, self._number), None
            blobs: dict[bytes, str] = {}
            rows = [_row(event, event_id, blobs) for event_id, event in enumerate(events, last_id + 1)]
            with self._database.writing(connection := self._connection):
                connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", rows)
                if blobs:
                    connection.executemany("INSERT OR IGNORE INTO blobs VALUES (?, ?)", blobs.items())
                if not _TURNS.keys().isdisjoint(map(type, events)):
                    self._turn(events)
            self._last_id = last_id + len(rows)

    def _turn(self, events: Sequence[Event]) -> None:
        for event in events:
            if columns_after := _TURNS.get(type(event)):
                self._update(columns_after(event))

    def _update(self, columns: dict[str, Json]) -> None:
        changes = ", ".join(f"{name} = ?" for name in columns)
        self._connection.execute(f"UPDATE runs SET {changes} WHERE number = ?", (*columns.values(), self._number))

    def close(self) -> None:
        """Give the run up, so that anybody may go on with it; a second time does nothing."""
        try:
            self._connection.close()
        finally:
            self._lock.release()
            self._when_closed(self)

    def __exit__(self, *error: object) -> None:
        self.close()


class NoLog(AbstractContextManager["NoLog"]):
    """A run that nobody records: it cannot be resumed or explained."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id

    def append(self, events: Sequence[Event]) -> None:
        pass

    def close(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        pass


def newest_id(connection: sqlite3.Connection, number: int) -> int:
    """The id of the newest event of a run; without any, the id before its first."""
    first, last = ids_of(number)
    newest = connection.execute("SELECT max(id) FROM events WHERE id BETWEEN ? AND ?", (first, last)).fetchone()[0]
    return first - 1 if newest is None else int(newest)


def events_after(connection: sqlite3.Connection, number: int, after: int, limit: int) -> list[Event]:
    """At most `limit` events of a run, in order, without its first `after` ones; ValueError if one is damaged."""
    first, last = ids_of(number)
    rows = connection.execute(
        "SELECT id, at, kind, key, body, coalesce(blobs.value, events.value)"
        " FROM events LEFT JOIN blobs ON typeof(events.value) = 'blob' AND hash = events.value"
        " WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?",
        (first + after, last, limit),
    )
    return [_event(event_id - first + 1, row) for event_id, *row in rows]


def succeeded_steps(connection: sqlite3.Connection, number: int) -> int | None:
    """How many steps of the plan itself succeeded; None if the events cannot be read."""
    try:
        count = connection.execute(
            "SELECT count(*) FROM events WHERE id BETWEEN ? AND ? AND kind = 'StepSucceeded' AND instr(key, '/') = 0",
            ids_of(number),
        ).fetchone()[0]
    except sqlite3.DatabaseError:  # no reason to show no list of runs
        return None
    return int(count)


def stop_reason(connection: sqlite3.Connection, number: int) -> str:
    """Why a run was asked to stop, the last time that it was; nothing if it never was, or that cannot be read."""
    try:
        row = connection.execute(
            "SELECT body FROM events WHERE id BETWEEN ? AND ? AND kind = 'CancelAsked' ORDER BY id DESC LIMIT 1",
            ids_of(number),
        ).fetchone()
        return str(json.loads(row[0])["reason"]) if row is not None else ""
    except (sqlite3.DatabaseError, ValueError, KeyError, TypeError):  # no reason to tell of no run
        return ""


def was_left_behind(connection: sqlite3.Connection, number: int, status: str) -> bool:
    """Whether a run of this stored status, that nobody has in hand, was stopped by the end of its program.

    It was cut off, or had time to say that it stops.
    """
    return status == "running" or (status == "cancelled" and is_end_of_program(stop_reason(connection, number)))


def newest_time(connection: sqlite3.Connection, number: int) -> float | None:
    """When the newest event of a run happened; None if there is none."""
    row = connection.execute("SELECT at FROM events WHERE id = ?", (newest_id(connection, number),)).fetchone()
    return None if row is None else float(row[0])


def drop_events(connection: sqlite3.Connection, number: int) -> None:
    """Remove all events of a run; large values that they carried stay until `drop_unused_blobs`."""
    connection.execute("DELETE FROM events WHERE id BETWEEN ? AND ?", ids_of(number))


def drop_unused_blobs(connection: sqlite3.Connection) -> None:
    """Remove the large values that no event carries."""
    connection.execute("DELETE FROM blobs WHERE hash NOT IN (SELECT value FROM events WHERE typeof(value) = 'blob')")


def altered_blobs(connection: sqlite3.Connection) -> list[str]:
    """The beginnings of the hashes of all large values that are not what was stored."""
    blobs = connection.execute("SELECT hash, value FROM blobs")
    return [key.hex()[:12] for key, value in blobs if sha256(value.encode()).digest() != key]


def step_count(plan: dict[str, Json]) -> int:
    """The steps of a plan in the plan format, without those inside scopes."""
    return len(plan.get("steps", ()))


# What an event changes in the row of the run itself.
_TURNS: dict[type[Event], Callable[[Any], dict[str, Json]]] = {
    RunResumed: lambda event: {"status": "running", "ended": None, "dismissed": None},
    RunFinished: lambda event: {"status": event.status, "ended": event.at},
    PlanChanged: lambda event: {"steps": step_count(event.plan)},
}


def ids_of(number: int) -> tuple[int, int]:
    """The first and the last id that an event of a run can have."""
    return (number << 32) + 1, (number << 32) + 0xFFFFFFFF


def _row(event: Event, event_id: int, blobs: dict[bytes, str]) -> _Row:
    """The row of an event; a large value goes into `blobs` under its hash."""
    # The two that nearly all rows hold are written without a record in between.
    match event:
        case StepStarted() if event.attempt == 1:
            return event_id, event.at, "StepStarted", event.key, None, None
        case StepSucceeded() if event.spent is None and not event.is_partial:
            if len(text := json_text(event.value)) <= INLINE_LIMIT:
                return event_id, event.at, "StepSucceeded", event.key, None, text
    record = to_record(event)
    kind, at, key = record.pop("event"), record.pop("at"), record.pop("key", None)
    value: str | bytes | None = None
    if (carried := _CARRIES.get(kind, "")) in record:
        value = text = json_text(record.pop(carried))
        if len(text) > INLINE_LIMIT:
            encoded = text.encode()
            if len(encoded) > LARGEST_VALUE:  # put together from several that were not
                raise JournalError(f"the {carried} of {key or 'the run'} {TOO_LARGE}")
            value = sha256(encoded).digest()
            blobs[value] = text
    return event_id, at, kind, key, json_text(record) if record else None, value


def _event(place: int, row: Sequence[Any]) -> Event:
    at, kind, key, body, value = row
    try:
        record = json.loads(body) if body else {}
        record |= {"event": kind, "at": at}
        if key is not None:
            record["key"] = key
        if isinstance(value, bytes):
            raise ValueError(f"its value {value.hex()[:12]} is missing")
        if value is not None:
            record[_CARRIES[kind]] = json.loads(value)
        return from_record(record)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"event {place}: {error}") from error
