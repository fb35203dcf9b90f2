"""Results kept by what they are results of, for calls that give the same whenever they are made.

Only for tools that compute or ask a model, and only when the user wants it: a model asked twice may
well be meant to answer twice. A key is the tool's name, the content of its file, and its arguments.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from overseer.diagnosis import diagnosed
from overseer.home import make_private, make_private_file
from overseer.jsonvalue import Json, json_text
from overseer.tool import Effect, Tool

_log = logging.getLogger(__name__)

MOST_BYTES: Final = 100_000_000
_CACHED: tuple[Effect, ...] = ("pure", "model")


class Cache:
    """Nothing is kept: the cache of those who want none."""

    def known(self, tool: Tool, args: Mapping[str, Json]) -> tuple[Json] | None:
        """The result of this very call, in a tuple because it may be null."""
        return None

    def keep(self, tool: Tool, args: Mapping[str, Json], value: Json) -> None:
        return None


NO_CACHE: Final = Cache()

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS results(
        key TEXT PRIMARY KEY, value TEXT NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS by_use ON results(used)",
)


class FileCache(Cache):
    """Results in a file, the least recently used ones given up when they are too many."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        with diagnosed("open the cache", path):
            make_private(path.parent)
            make_private_file(path)
            with self._connected() as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                for statement in _TABLES:
                    connection.execute(statement)

    def known(self, tool: Tool, args: Mapping[str, Json]) -> tuple[Json] | None:
        if tool.effect not in _CACHED:
            return None
        key = _key(tool, args)
        row = None
        with self._harmlessly("read"), self._connected() as connection:
            row = connection.execute("SELECT value FROM results WHERE key = ?", (key,)).fetchone()
            if row is not None:
                connection.execute("UPDATE results SET used = ? WHERE key = ?", (time.time(), key))
        return None if row is None else (json.loads(row[0]),)

    def keep(self, tool: Tool, args: Mapping[str, Json], value: Json) -> None:
        if tool.effect not in _CACHED:
            return
        text = json_text(value)
        with self._harmlessly("written"), self._connected() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (_key(tool, args), text, len(text), time.time())
            )
            self._make_room(connection)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        (total,) = connection.execute("SELECT coalesce(sum(size), 0) FROM results").fetchone()
        for key, size in connection.execute("SELECT key, size FROM results ORDER BY used").fetchall():
            if total <= self._most_bytes:
                return
            connection.execute("DELETE FROM results WHERE key = ?", (key,))
            total -= size

    @contextmanager
    def _harmlessly(self, what: str) -> Iterator[None]:
        """A call is worth more than its place in here: it is made, and its result kept, whatever the file says."""
        try:
            yield
        except sqlite3.Error as error:
            _log.warning("the cache %s cannot be %s: %s", self._path, what, error)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=5.0)
        try:
            with connection:
                yield connection
        finally:
            connection.close()


def _key(tool: Tool, args: Mapping[str, Json]) -> str:
    material = json_text([tool.name, _version(tool.origin), sorted(args.items())])
    return hashlib.sha256(material.encode()).hexdigest()


@lru_cache(maxsize=1024)
def _version_of(origin: str, changed: int) -> str:
    return hashlib.sha256(Path(origin).read_bytes()).hexdigest()


def _version(origin: str) -> str:
    """What the file of a tool holds: another text is another tool."""
    try:
        return _version_of(origin, Path(origin).stat().st_mtime_ns)
    except OSError:
        return origin
