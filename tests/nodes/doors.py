"""A door that answers by itself: what the tests of the channel need at the other end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.nodes.connection import Answer
from overseer.tool import Cancellation


class ScriptedDoor:
    """Answers calls with functions of their arguments; counts how many are inside at once."""

    def __init__(self, **tools: Callable[..., Json]) -> None:
        self.tools = tools
        self.cancelled: list[str] = []
        self.timeouts: list[float | None] = []
        self.most_inside = 0
        self._inside = 0
        self._lock = threading.Lock()

    def call(
        self, tool: str, prompt: str, args: dict[str, Json], *, timeout_s: float | None, cancellation: Cancellation
    ) -> Answer:
        if tool not in self.tools:
            return Answer(failure=Failure("bad_request", f"there is no tool '{tool}'"), is_unknown_tool=True)
        with self._lock:
            self.timeouts.append(timeout_s)
            self._inside += 1
            self.most_inside = max(self.most_inside, self._inside)
        try:
            return Answer(self.tools[tool](prompt, cancellation=cancellation, **args))
        except ValueError as error:
            return Answer(failure=Failure("tool", str(error), detail="secret internals", retry_after_s=2.0))
        finally:
            with self._lock:
                self._inside -= 1
                if cancellation.is_asked:
                    self.cancelled.append(prompt)

    def ask(self, model: str, prompt: str, options: Mapping[str, Json], *, cancellation: Cancellation) -> Answer:
        return Answer(f"{model} says {prompt} {sorted(options.items())}")

    def resilient(
        self,
        scenario: str,
        given: Json,
        *,
        tags: Sequence[str],
        max_attempts: int,
        mark_failures: bool,
        cancellation: Cancellation,
    ) -> Answer:
        return Answer([scenario, given, list(tags), max_attempts, mark_failures])
