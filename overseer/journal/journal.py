"""What was run, and what happened in each run: one SQLite file for all of a user's processes.

A run has one owner at a time, who alone appends to it; reading never waits for writing. What the
events of a run amount to is the kernel's business.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from overseer.errors import JournalError, RunNotFound
from overseer.home import journal_path, locks_folder
from overseer.ids import as_typed
from overseer.journal.database import LOCK_PATIENCE_S, Database, storable
from overseer.journal.diagnosis import diagnosed
from overseer.journal.experience import Experience
from overseer.journal.locks import RunLock, RunLocks
from overseer.journal.pruning import free_space, remove_old
from overseer.journal.runlog import RunLog, altered_blobs, events_after, succeeded_steps, was_left_behind
from overseer.journal.schema import MIGRATIONS
from overseer.journal.sessions import Sessions
from overseer.jsonvalue import TOO_LARGE, Json, is_too_long, json_text
from overseer.kernel.events import Event, RunStatus

# A run that nobody carries out although it has not ended is interrupted.
ShownStatus: TypeAlias = RunStatus | Literal["interrupted"]

# Events that are in memory at once while a run is read.
_PAGE = 200

_SUMMARIES = "SELECT number, run_id, name, status, created, ended, steps, dismissed FROM runs"


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run as lists show it."""

    run_id: str
    name: str
    status: ShownStatus
    created: float
    ended: float | None
    is_owned: bool  # somebody has it in hand right now
    steps: int  # of the plan itself, without those inside scopes
    succeeded: int | None  # of these; None if the journal is damaged there
    is_dismissed: bool = False  # nobody is to be told of it as interrupted


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed from the journal."""

    runs: tuple[RunSummary, ...]
    freed_bytes: int


@dataclass(frozen=True, slots=True)
class StoredRun:
    """What a run began with; its events say what became of it."""

    summary: RunSummary
    plan: dict[str, Json]
    inputs: dict[str, Json]
    options: dict[str, Json]

    @property
    def run_id(self) -> str:
        return self.summary.run_id


class Journal(AbstractContextManager["Journal"]):
    """All runs of one user. Safe to share between threads; each run's log belongs to the thread that runs it."""

    def __init__(self, database: Database, locks: RunLocks) -> None:
        self._database = database
        self._locks = locks
        self._logs: set[RunLog] = set()

    @classmethod
    def open(
        cls, path: Path | None = None, *, busy_timeout_s: float = LOCK_PATIENCE_S, read_only: bool = False
    ) -> Journal:
        """The journal at `path`, or at its usual place; made if there is none.

        One that is only to be read is left as it is, wherever it is.
        """
        path = (path or journal_path()).absolute()
        database = Database(path, MIGRATIONS, busy_timeout_s=busy_timeout_s, read_only=read_only)
        return cls(database, RunLocks(locks_folder(path)))

    @property
    def path(self) -> Path:
        return self._database.path

    @property
    def sessions(self) -> Sessions:
        """The conversations, which are in the same file."""
        return Sessions(self._database)

    @property
    def experience(self) -> Experience:
        """What the calls of these runs took."""
        return Experience(self._database)

    def close(self) -> None:
        """Close everything, also the logs that are still open; a second time does nothing."""
        for log in list(self._logs):
            log.close()
        self._database.close()

    def __exit__(self, *error: object) -> None:
        self.close()

    # --- owning a run

    def begin(
        self,
        run_id: str,
        *,
        name: str,
        plan: str,
        steps: int,
        inputs: dict[str, Json],
        options: dict[str, Json],
        at: float,
    ) -> RunLog:
        """Enter a new run, and own it. `plan` is JSON in the plan format, `steps` how many the plan itself has."""
        texts = (_bounded(plan, "plan"), _bounded(json_text(inputs), "input"), json_text(options))
        with ExitStack() as undo, diagnosed("write to the journal", self.path):
            lock = self._locks.take(run_id)
            undo.callback(lock.release)
            connection = undo.enter_context(closing(self._database.connect()))
            with self._database.writing(connection):
                entered = connection.execute(
                    "INSERT OR IGNORE INTO runs(run_id, name, status, created, steps, plan, inputs, options)"
                    " VALUES (?, ?, 'running', ?, ?, ?, ?, ?)",
                    (run_id, storable(name), at, steps, *texts),
                )
            if not entered.rowcount:
                raise JournalError(f"{self.path} has a run {run_id} already; begin this one under another id")
            number = self._number(connection, run_id)
            undo.pop_all()
        return self._log(run_id, number, connection, lock)

    def reopen(self, run_id: str) -> RunLog:
        """Own a run that was begun before; RunBusy if somebody has it in hand."""
        with ExitStack() as undo, diagnosed("open the journal", self.path):
            connection = undo.enter_context(closing(self._database.connect()))
            number = self._number(connection, run_id)
            lock = self._locks.take(run_id)
            undo.pop_all()
        return self._log(run_id, number, connection, lock)

    def _log(self, run_id: str, number: int, connection: sqlite3.Connection, lock: RunLock) -> RunLog:
        log = RunLog(
            run_id,
            number,
            database=self._database,
            connection=connection,
            lock=lock,
            when_closed=self._logs.discard,
        )
        self._logs.add(log)
        return log

    # --- clearing out

    def dismiss(self, run_id: str, *, at: float) -> bool:
        """Count a run among those that were left behind no more, until somebody goes on with it; whether it was one.

        RunBusy if somebody has it in hand.
        """
        with ExitStack() as opened, diagnosed("write to the journal", self.path):
            connection = opened.enter_context(closing(self._database.connect()))
            number = self._number(connection, run_id)
            opened.callback(self._locks.take(run_id).release)
            with self._database.writing(connection):
                (status,) = connection.execute("SELECT status FROM runs WHERE number = ?", (number,)).fetchone()
                if not was_left_behind(connection, number, status):
                    return False
                connection.execute("UPDATE runs SET dismissed = coalesce(dismissed, ?) WHERE number = ?", (at, number))
        return True

    def prune(self, before: float, *, also_interrupted: bool = False) -> Pruned:
        """Remove the runs that ended before a time and, if told so, those that were cut off before it."""
        with self._database.reading() as connection:
            rows = connection.execute(f"{_SUMMARIES} ORDER BY created DESC, number DESC").fetchall()
            runs = {run.run_id: run for run in (self._summary(connection, row) for row in rows)}
        with diagnosed("write to the journal", self.path):
            removed = [
                runs[run_id]
                for run_id in remove_old(
                    self._database, self._locks, runs, before=before, also_interrupted=also_interrupted
                )
            ]
            # Rewriting the file takes as long as it is large, and a run that goes on would have to wait.
            freed = free_space(self._database, may_take_long=not any(run.is_owned for run in runs.values()))
        return Pruned(tuple(removed), freed)

    # --- reading

    def runs(self, *, limit: int = 20) -> list[RunSummary]:
        """The newest runs, newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(f"{_SUMMARIES} ORDER BY created DESC, number DESC LIMIT ?", (limit,)).fetchall()
            return [self._summary(connection, row) for row in rows]

    def count(self) -> int:
        """How many runs there are."""
        with self._database.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])

    def left_behind(self, *, limit: int = 20) -> list[StoredRun]:
        """Of the newest runs that have not come to their end, those that the end of their program stopped.

        Some were cut off, others had time to say that they stop. One that is damaged or was dismissed is left out.
        """
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT run_id, number, status FROM runs WHERE status IN ('running', 'cancelled')"
                " AND dismissed IS NULL ORDER BY created DESC, number DESC LIMIT ?",
                (limit,),
            ).fetchall()
            run_ids = [run_id for run_id, number, status in rows if was_left_behind(connection, number, status)]
        found = self._readable(run_ids)
        return [run for run in found if not run.summary.is_owned and run.summary.status in ("interrupted", "cancelled")]

    def _readable(self, run_ids: Iterable[str]) -> Iterator[StoredRun]:
        for run_id in run_ids:
            with suppress(JournalError):
                yield self.run(run_id)

    def run(self, text: str) -> StoredRun:
        """The run with this id, or the only one whose id begins like this; RunNotFound says which there are."""
        with self._database.reading() as connection:
            run_id = self._meant(connection, text)
            row = connection.execute(f"{_SUMMARIES} WHERE run_id = ?", (run_id,)).fetchone()
            texts = connection.execute("SELECT plan, inputs, options FROM runs WHERE run_id = ?", (run_id,)).fetchone()
            summary = self._summary(connection, row)
        with self._decoding(run_id):
            return StoredRun(summary, *map(json.loads, texts))

    def events(self, run_id: str, after: int = 0) -> Iterator[Event]:
        """The events of a run, without its first `after` ones; also while somebody appends to it."""
        with self._database.reading() as connection:
            number = self._number(connection, run_id)
        return self._pages(run_id, number, after)

    def check(self) -> list[str]:
        """What is wrong with the file, a line for each fault; nothing if every run can be read."""
        try:
            with self._database.reading() as connection:
                faults = [line for (line,) in connection.execute("PRAGMA integrity_check(20)") if line != "ok"]
                faults += [f"the value {start} is not what was stored" for start in altered_blobs(connection)]
                run_ids = [run_id for (run_id,) in connection.execute("SELECT run_id FROM runs ORDER BY number")]
        except JournalError as error:
            return [str(error)]
        return faults + [fault for run_id in run_ids for fault in self._faults_of(run_id)]

    def _faults_of(self, run_id: str) -> list[str]:
        try:
            self.run(run_id)
            for _ in self.events(run_id):
                pass
        except JournalError as error:
            return [str(error)]
        return []

    def _pages(self, run_id: str, number: int, after: int) -> Iterator[Event]:
        # A connection per page: an iterator that is dropped halfway leaves nothing open.
        while True:
            with self._database.reading() as connection, self._decoding(run_id):
                page = events_after(connection, number, after, _PAGE)
            yield from page
            after += len(page)
            if len(page) < _PAGE:
                return

    @contextmanager
    def _decoding(self, run_id: str) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise JournalError(
                f"run {run_id} in {self.path} is damaged ({error}); other runs need not be; begin this one anew"
            ) from error

    def _summary(self, connection: sqlite3.Connection, row: tuple[Any, ...]) -> RunSummary:
        number, run_id, name, status, created, ended, steps, dismissed = row
        is_owned = self._locks.is_held(run_id)
        if status == "running" and not is_owned:
            # Asked again: it may have ended, and then been given up, since the row was read.
            status, ended = connection.execute("SELECT status, ended FROM runs WHERE number = ?", (number,)).fetchone()
            status = "interrupted" if status == "running" else status
        succeeded = succeeded_steps(connection, number)
        return RunSummary(run_id, name, status, created, ended, is_owned, steps, succeeded, dismissed is not None)

    def _number(self, connection: sqlite3.Connection, run_id: str) -> int:
        row = connection.execute("SELECT number FROM runs WHERE run_id = ?", (run_id,)).fetchone()
        if row is None:
            raise RunNotFound(f"no run is called {run_id!r}; {self._newest(connection)}")
        return int(row[0])

    def _meant(self, connection: sqlite3.Connection, text: str) -> str:
        """The id that a person meant by it, or by its beginning."""
        text = storable(text)
        if connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (text,)).fetchone():
            return text
        beginning = as_typed(text)
        found = connection.execute(
            "SELECT run_id, name FROM runs WHERE run_id BETWEEN ? AND ? ORDER BY run_id DESC LIMIT 6",
            (beginning, beginning + "\U0010ffff"),
        ).fetchall()
        if not beginning or not found:
            raise RunNotFound(f"no run's id begins with {text!r}; {self._newest(connection)}")
        if len(found) > 1:
            raise RunNotFound(f"{text!r} could be several runs; type more of the id: {_listed(found)}")
        return str(found[0][0])

    def _newest(self, connection: sqlite3.Connection) -> str:
        newest = connection.execute(
            "SELECT run_id, name FROM runs ORDER BY created DESC, number DESC LIMIT 6"
        ).fetchall()
        return f"the newest are: {_listed(newest)}" if newest else f"{self.path} holds no run yet"


@contextmanager
def opened(*, wanted: bool) -> Iterator[Journal | None]:
    """The journal at its usual place for as long as this is open; None where runs are to leave no trace."""
    if not wanted:
        yield None
        return
    with Journal.open() as journal:
        yield journal


def _bounded(text: str, what: str) -> str:
    if is_too_long(text):
        raise JournalError(f"the {what} of the run {TOO_LARGE}")
    return text


def _listed(runs: list[tuple[str, str]]) -> str:
    listed = ", ".join(f"{run_id} ({name})" for run_id, name in runs[:5])
    return f"{listed}, …" if len(runs) > 5 else listed
