"""Calls that a program makes inside a step, known again after a restart.

A step's own result is in the journal. A program that was cut off in the middle of a step begins anew,
and would make all its calls again; so each is kept when it ends, and answered from there. Calls are
told apart by tool, arguments and how many like it came before, because a program that runs again does
the same things but not always in the same order.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from overseer.broker.result import ToolResult
from overseer.jsonvalue import Json, json_text


class Record(Protocol):
    """The place of one call in the record of its run."""

    def known(self) -> ToolResult | None:
        """What came of it before, if it had ended."""
        ...

    def begin(self) -> None:
        """It is about to be made; returns when that is safe."""
        ...

    def end(self, result: ToolResult) -> None:
        """It has ended; returns when that is safe."""
        ...


class CallNames:
    """Names for the calls of one program, the same whenever it runs."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def name(self, tool: str, args: Mapping[str, Json]) -> str:
        digest = hashlib.sha256(json_text([tool, _sorted(args)]).encode()).hexdigest()[:24]
        with self._lock:
            self._seen[digest] += 1
            return f"{digest}#{self._seen[digest]}"


def _sorted(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
