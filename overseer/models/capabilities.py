"""What was learned of servers by using them: what they refuse, and how they can be made to answer in JSON.

Servers that speak the same language differ in what they understand of it, and their names say
nothing about that. What one refused is not asked of it again.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Literal, get_args

# Ways of asking for JSON, from the one that binds the model most.
Rung = Literal["json_schema", "json_object", "tool", "prompt"]
RUNGS: tuple[Rung, ...] = get_args(Rung)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one model on one server."""

    rung: Rung | None = None  # the way of asking for JSON that has worked
    refused: frozenset[str] = frozenset()  # parameters that the server does not take


class Capabilities:
    """What is known of all models, by server and name. Shared between threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Known] = {}
        self._lock = threading.Lock()

    def of(self, server: str, model: str) -> Known:
        return self._known.get((server, model), _NOTHING)

    def learn_rung(self, server: str, model: str, rung: Rung) -> None:
        with self._lock:
            self._known[server, model] = replace(self.of(server, model), rung=rung)

    def learn_refused(self, server: str, model: str, parameter: str) -> None:
        with self._lock:
            known = self.of(server, model)
            self._known[server, model] = replace(known, refused=known.refused | {parameter})


_NOTHING = Known()
