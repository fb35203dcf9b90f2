"""Another tool when one fails: by likeness to what is wanted, those that failed at such things later."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from overseer.broker.ranking import ranked_tools, words
from overseer.tool import Tool

# What one remembered failure takes off the likeness, as a share of it.
_PENALTY = 0.5
_MOST_REMEMBERED = 1000


@dataclass(slots=True)
class Fallback:
    """Remembers, for as long as the process lives, which tools failed at what."""

    _failures: dict[tuple[str, frozenset[str]], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ranked(self, scenario: str, tools: Sequence[Tool], tags: Sequence[str] = ()) -> list[Tool]:
        """The tools that could do it, the most promising first."""
        asked = frozenset(words(scenario))
        with self._lock:
            scored = [
                (score * _PENALTY ** self._count(tool.name, asked), tool)
                for score, tool in ranked_tools(scenario, tools, tags)
            ]
        return [tool for _, tool in sorted(scored, key=lambda entry: (-entry[0], entry[1].name))]

    def failed(self, scenario: str, tool: str) -> None:
        entry = (tool, frozenset(words(scenario)))
        with self._lock:
            self._failures[entry] = self._failures.get(entry, 0) + 1
            while len(self._failures) > _MOST_REMEMBERED:
                del self._failures[next(iter(self._failures))]

    def succeeded(self, scenario: str, tool: str) -> None:
        """What works again is not held back by what it once failed at."""
        with self._lock:
            self._failures.pop((tool, frozenset(words(scenario))), None)

    def _count(self, tool: str, asked: frozenset[str]) -> float:
        """Failures at the same thing count fully, those at a like thing by how like it is."""
        return sum(
            count * len(asked & about) / max(1, len(asked | about))
            for (name, about), count in self._failures.items()
            if name == tool
        )
