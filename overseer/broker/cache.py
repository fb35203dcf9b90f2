"""Answers kept by what they are answers to, for what gives the same whenever it is asked for.

Results of tools that only compute, and what models said; and only when the user wants it: a model
asked twice may well be meant to answer twice. What a model said is kept by the question and by the
model that was asked, since which one that is may change from one day to the next. A cache is a
convenience: trouble with it is logged, and costs no more than making a call that was made before.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Final

from overseer.home import make_private, make_private_file
from overseer.jsonvalue import Json, json_text
from overseer.tool import Question, Tool

_log = logging.getLogger(__name__)

MOST_BYTES: Final = 100_000_000

# Longer than others write, and shorter than a call that could be made instead.
_PATIENCE_S = 0.25

# Worked out only where something is kept.
Key = Callable[[], str]


class Cache:
    """Nothing is kept: the cache of those who want none."""

    def known(self, key: Key) -> tuple[Json] | None:
        """What was kept, in a tuple because it may be null."""
        return None

    def keep(self, key: Key, value: Json) -> None:
        return None


NO_CACHE: Final = Cache()


def call_key(tool: Tool, args: Mapping[str, Json]) -> str:
    """The key of a call: the tool's name, the content of its file, and the arguments."""
    return _digest(["call", tool.name, _version(tool.origin), sorted(args.items())])


def question_key(question: Question, provider: str, model: str) -> str:
    """The key of a question as this model is asked it."""
    schema = None if question.schema is None else dict(question.schema)
    said: list[Json] = [question.system, question.prompt, schema, question.temperature, question.max_tokens]
    said += [list(turn) for turn in question.history]
    return _digest(["question", provider, model, *said])


def _digest(material: Json) -> str:
    return hashlib.sha256(json_text(material).encode()).hexdigest()


_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS results(
        key TEXT PRIMARY KEY, value TEXT NOT NULL, size INTEGER NOT NULL, used REAL NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS by_use ON results(used)",
)


class FileCache(Cache):
    """Answers in a file, the least recently used ones given up when they are too many."""

    def __init__(self, path: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._was_told = False
        with self._survived():
            make_private(path.parent)
            make_private_file(path)
            with self._connected() as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                for statement in _TABLES:
                    connection.execute(statement)

    def known(self, key: Key) -> tuple[Json] | None:
        found: tuple[Json] | None = None
        with self._survived(), self._connected() as connection:
            name = key()
            row = connection.execute("SELECT value FROM results WHERE key = ?", (name,)).fetchone()
            if row is not None:
                found = (json.loads(row[0]),)
                connection.execute("UPDATE results SET used = ? WHERE key = ?", (time.time(), name))
        return found

    def keep(self, key: Key, value: Json) -> None:
        with self._survived(), self._connected() as connection:
            text = json_text(value)
            connection.execute(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (key(), text, len(text), time.time())
            )
            self._make_room(connection)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        (total,) = connection.execute("SELECT coalesce(sum(size), 0) FROM results").fetchone()
        if total <= self._most_bytes:
            return
        for key, size in connection.execute("SELECT key, size FROM results ORDER BY used").fetchall():
            if total <= self._most_bytes:
                return
            connection.execute("DELETE FROM results WHERE key = ?", (key,))
            total -= size

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE_S)) as connection, connection:
            yield connection

    @contextmanager
    def _survived(self) -> Iterator[None]:
        """Whatever is wrong with the file is said once."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            if not self._was_told:
                self._was_told = True
                _log.warning("the cache %s cannot be used for now: %s", self._path, error)


@lru_cache(maxsize=1024)
def _version_of(origin: str, changed: int) -> str:
    return hashlib.sha256(Path(origin).read_bytes()).hexdigest()


def _version(origin: str) -> str:
    """What the file of a tool holds: another text is another tool."""
    try:
        return _version_of(origin, Path(origin).stat().st_mtime_ns)
    except OSError:
        return origin
