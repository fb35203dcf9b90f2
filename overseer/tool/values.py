"""What a tool is: a named function, the JSON Schema of its arguments, and a statement of what it changes."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Effect = Literal["pure", "read", "model", "network", "write", "exec"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)

Kind = Literal["python", "llm", "command", "http", "workflow"]

# Running one of these a second time changes nothing that the first run did not.
REPEATABLE: tuple[Effect, ...] = ("pure", "read", "model")


class ToolError(Exception):
    """A tool's own refusal, shown as it stands. `kind` tells whether trying again could help."""

    def __init__(self, message: str, *, kind: str = "tool", retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Tool:
    """A named function with a JSON Schema for its arguments and a statement of what it changes."""

    name: str
    function: Callable[..., Any]
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    effect: Effect = "pure"
    writes: tuple[str, ...] = ()
    idempotent: bool = True
    timeout_s: float | None = None
    output: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    origin: str = ""  # the file that it comes from
    kind: Kind = "python"
    context_parameter: str | None = None
    plan: Any = None  # of a workflow tool: what a step that calls it is replaced by
    also: tuple[Effect, ...] = ()  # further classes: a call has to be allowed for each

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """All of its classes, the main one first."""
        return (self.effect, *self.also)

    @property
    def has_undeclared_effects(self) -> bool:
        """Whether it changes things without saying which, so that it must not overlap its like."""
        return self.effect in ("write", "exec") and not self.writes

    @property
    def main_parameter(self) -> str | None:
        """The parameter that a bare text is meant for: `prompt`, or else the first that must be given as text."""
        properties = self.parameters.get("properties", {})
        if "prompt" in properties:
            return "prompt"
        required = self.parameters.get("required", ())
        return next((name for name in required if properties.get(name, {}).get("type") == "string"), None)

    def __reduce__(self) -> tuple[Any, ...]:
        # The decorated name holds the Tool, so the function itself cannot be pickled by name.
        return (_imported, (self.function.__module__, self.function.__qualname__))


def _imported(module: str, qualname: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found
