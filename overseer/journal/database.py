"""An SQLite file that is certainly ours: made private, checked, brought to the newest schema.

A file of another program, of a newer Overseer or with damage is refused and left as it is. What the
tables mean is for others to know.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeAlias

from overseer.errors import JournalError
from overseer.home import make_private, make_private_file
from overseer.journal.diagnosis import COPY_ELSEWHERE, ELSEWHERE, MOVE_AWAY, diagnosed

APPLICATION_ID = 0x4F567372  # "OVsr": what `file journal.db` and SQLite know the file by

# The schema version that a change leads to, and the change; oldest first.
Migration: TypeAlias = tuple[int, Callable[[sqlite3.Connection], None]]


# How long another program may keep the file locked before what wants to write gives up.
LOCK_PATIENCE_S = 60.0

# SQLite waits in such pieces; in between, Python hears of Ctrl-C.
_PIECE_S = 5.0

_log = logging.getLogger(__name__)


class Database:
    """The file, as long as it is the very file that was opened."""

    def __init__(
        self,
        path: Path,
        migrations: Sequence[Migration],
        *,
        busy_timeout_s: float = LOCK_PATIENCE_S,
        read_only: bool = False,
        noun: str = "the journal",
    ) -> None:
        """Open the file in the schema that the last migration leads to, made or brought there if need be.

        To read alone, it is opened wherever it is, also where nothing may be written; one that is not
        there is empty. Messages call it by its `noun`.
        """
        self.path = path
        self.noun = noun
        self._busy_timeout_s = busy_timeout_s
        self._connect: Callable[[], sqlite3.Connection] = self._plainly
        self._identity: tuple[int, int] | None = None
        with diagnosed(f"{'read' if read_only else 'open'} {noun}", path):
            if not read_only or not self._is_open_to_read(migrations):
                self._open(migrations)

    def _open(self, migrations: Sequence[Migration]) -> None:
        make_private(self.path.parent)
        make_private_file(self.path)
        self._identity = _identity(self.path)
        # Used for nothing more, but while it is open no other connection is the last one to close:
        # the last one empties the write-ahead log into the file, which takes time.
        self._keeper = self.connect()
        try:
            # First of all, before anything is changed in a file that is not ours.
            _schema_version(self._keeper, self.path, migrations, self.noun)
            _use_write_ahead_log(self._keeper, self._busy_timeout_s)
            with self.writing(self._keeper):
                _migrate(self._keeper, self.path, migrations, self.noun)
        except BaseException:
            self._keeper.close()
            raise

    def _is_open_to_read(self, migrations: Sequence[Migration]) -> bool:
        """Open the file without changing it; False if that takes bringing it to the newest schema, which it allows."""
        version = 0
        with suppress(FileNotFoundError):
            self._identity = _identity(self.path)
            self._connect, version = self._way_to_read(migrations)
        if version == 0:
            self._connect, self._identity = partial(_empty, migrations), None
        elif version < migrations[-1][0]:
            if _may_be_written(self.path):
                self._connect = self._plainly
                return False
            raise JournalError(f"cannot read {self.noun} {self.path}: it must be brought up to date, {COPY_ELSEWHERE}")
        self._keeper = self.connect()
        return True

    def _way_to_read(self, migrations: Sequence[Migration]) -> tuple[Callable[[], sqlite3.Connection], int]:
        """How to connect to the file as it is, and its schema version."""
        ways: list[Callable[[], sqlite3.Connection]] = [partial(self._by_address, "mode=ro")]
        if _may_be_written(self.path):
            ways.insert(0, self._without_writing)
        if not _has_write_ahead_log(self.path):  # so nobody is writing, and nothing is left to be read from there
            ways.append(partial(self._by_address, "mode=ro&immutable=1"))
        refusals: list[sqlite3.OperationalError] = []
        for way in ways:
            try:
                with closing(way()) as connection:
                    return way, _schema_version(connection, self.path, migrations, self.noun)
            except sqlite3.OperationalError as error:
                if _is_busy(error):
                    raise
                refusals.append(error)
        if _has_write_ahead_log(self.path):
            raise JournalError(
                f"cannot read {self.noun} {self.path}: what was written last is still in {self.path.name}-wal"
                f" ({refusals[-1]}), {COPY_ELSEWHERE}"
            )
        raise refusals[0]

    def connect(self) -> sqlite3.Connection:
        """A connection of the caller's own: for one thread at a time, and the caller closes it."""
        self.require_same_file()  # before SQLite makes another where it finds none
        return self._connect()

    def _plainly(self) -> sqlite3.Connection:
        return self._connected(self.path)

    def _without_writing(self) -> sqlite3.Connection:
        return self._connected(self.path, "PRAGMA query_only = ON")

    def _by_address(self, how: str) -> sqlite3.Connection:
        return self._connected(f"{self.path.absolute().as_uri()}?{how}")

    def _connected(self, to: Path | str, statement: str = "PRAGMA synchronous = NORMAL") -> sqlite3.Connection:
        connection = sqlite3.connect(
            to,
            uri=isinstance(to, str),
            timeout=min(self._busy_timeout_s, _PIECE_S),
            isolation_level=None,  # transactions begin and end where we say so
            check_same_thread=False,
        )
        try:
            connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for the length of the block."""
        with diagnosed(f"read {self.noun}", self.path), closing(self.connect()) as connection:
            yield connection

    @contextmanager
    def writing(self, connection: sqlite3.Connection) -> Iterator[None]:
        """A transaction that writes: all or nothing. While another program keeps the file locked, it is waited for."""
        self._begin(connection)
        with connection:  # commits, or rolls back if anything raises
            yield

    def _begin(self, connection: sqlite3.Connection) -> None:
        give_up_at = time.monotonic() + self._busy_timeout_s
        is_told = False
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > give_up_at:
                    raise
            if not is_told:
                is_told = True
                _log.warning("another program keeps %s locked; waiting for it", self.path)
            time.sleep(0.002)

    def require_same_file(self) -> None:
        """JournalError if the path names another file by now: SQLite would go on writing to one that nobody finds."""
        if self._identity is None:  # there was none
            return
        try:
            is_same = _identity(self.path) == self._identity
        except FileNotFoundError:
            is_same = False
        if not is_same:
            raise JournalError(
                f"{self.noun} {self.path} was removed or replaced while in use; put the file back, or start again"
            )

    def close(self) -> None:
        self._keeper.close()


def storable(text: str) -> str:
    """Text without what UTF-8 cannot hold, such as the undecodable bytes of a command line."""
    return text.encode("utf-8", "replace").decode()


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _may_be_written(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _has_write_ahead_log(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False


def _empty(migrations: Sequence[Migration]) -> sqlite3.Connection:
    """A database that nothing has been entered in."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for _, change in migrations:
        change(connection)
    return connection


def _schema_version(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration], noun: str) -> int:
    """The schema version of the file, 0 if it is new; JournalError if we have no business with it."""
    application_id, version, things = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),"
        " (SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if application_id == 0 and version == 0 and things == 0:
        return 0
    if application_id != APPLICATION_ID:
        raise JournalError(f"cannot use {path} as {noun}: it belongs to another program; {MOVE_AWAY}")
    newest = migrations[-1][0]
    if version > newest:
        raise JournalError(
            f"cannot use {noun} {path}: a newer Overseer wrote it (schema {version}, this one knows {newest});"
            f" upgrade Overseer, or {ELSEWHERE}"
        )
    return int(version)


def _use_write_ahead_log(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    give_up_at = time.monotonic() + busy_timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite itself does not wait here when several processes make the file at once.
            if not _is_busy(error) or time.monotonic() > give_up_at:
                raise
        time.sleep(0.002)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration], noun: str) -> None:
    """Apply what the file lacks, in the transaction that is open."""
    newest = migrations[-1][0]
    # Asked again inside: another process may have done it since.
    version = _schema_version(connection, path, migrations, noun)
    for number, change in migrations:
        if number > version:
            change(connection)
    # Also with nothing to apply: not every file that is read-only shows it before it is written to.
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {newest}")
    if version == newest:
        connection.rollback()
