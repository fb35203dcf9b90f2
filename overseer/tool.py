"""What a tool file imports: `@tool` turns an annotated function into a tool. A leaf: it imports nothing of ours.

    @tool
    def shout(text: str, times: int = 1) -> str:
        '''Say it louder.

        Args:
            text: what to say
        '''
        return text.upper() * times

A plain `@tool` promises that the function only computes: it may run beside anything and be run
again. One that changes something says so: `@tool(effect="write", writes=["file:{path}"])`.
Arguments arrive as plain JSON of the tool's own; results must be plain JSON as well.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import re
import threading
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin, overload

_log = logging.getLogger(__name__)

Effect = Literal["pure", "read", "model", "network", "write", "exec"]
EFFECTS: tuple[str, ...] = get_args(Effect)

# Running one of these a second time changes nothing that the first run did not.
_REPEATABLE: tuple[Effect, ...] = ("pure", "read", "model")


class ToolError(Exception):
    """A tool's own refusal, shown as it stands. `kind` tells whether trying again could help."""

    def __init__(self, message: str, *, kind: str = "tool", retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


class Cancellation:
    """Whether a call was given up, and what to do at that moment (kill a process, close a socket)."""

    __slots__ = ("_asked", "_hooks", "_woken")

    # One for all: it is held for moments, and most calls are never cancelled.
    _lock = threading.Lock()

    def __init__(self) -> None:
        self._asked = False
        self._hooks: tuple[Callable[[], None], ...] = ()
        self._woken: threading.Event | None = None  # made when somebody first waits

    @property
    def is_asked(self) -> bool:
        return self._asked

    def ask(self) -> None:
        with self._lock:
            if self._asked:
                return
            self._asked = True
            hooks, self._hooks = self._hooks, ()
        if self._woken is not None:
            self._woken.set()
        for hook in hooks:
            try:
                hook()
            except Exception:  # a tool's own trouble must not keep the others from being called
                _log.exception("what a tool wanted done when cancelled raised: %r", hook)

    def call_when_asked(self, hook: Callable[[], None]) -> None:
        """Call `hook` once when cancelled, from the cancelling thread; at once if that has happened."""
        with self._lock:
            if not self._asked:
                self._hooks = (*self._hooks, hook)
                return
        hook()

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake at once when cancelled; whether that happened."""
        with self._lock:
            if self._asked:
                return True
            woken = self._woken = self._woken or threading.Event()
        return woken.wait(seconds)

    def __reduce__(self) -> tuple[Any, ...]:
        # A call that was sent to another process cannot be reached from here any more.
        return (Cancellation, ())


@dataclass(slots=True)
class ToolContext:
    """What a tool may know of the call it serves. Asked for by a parameter of this type."""

    run_id: str
    key: str
    attempt: int
    cancellation: Cancellation

    @property
    def is_cancelled(self) -> bool:
        return self.cancellation.is_asked

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake at once when the call is cancelled; whether it was."""
        return self.cancellation.wait(seconds)


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
    origin: str = ""
    context_parameter: str | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def has_undeclared_effects(self) -> bool:
        """Whether it changes things without saying which, so that it must not overlap its like."""
        return self.effect in ("write", "exec") and not self.writes

    def __reduce__(self) -> tuple[Any, ...]:
        # The decorated name holds the Tool, so the function itself cannot be pickled by name.
        return (_imported, (self.function.__module__, self.function.__qualname__))


def _imported(module: str, qualname: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    effect: Effect = "pure",
    writes: typing.Sequence[str] = (),
    idempotent: bool | None = None,
    timeout_s: float | None = None,
    output: Mapping[str, Any] | None = None,
    tags: typing.Sequence[str] = (),
    examples: typing.Sequence[Mapping[str, Any]] = (),
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """A tool from a function: its name, docstring and signature become name, description and schema."""
    if function is None:
        return lambda decorated: _tool(decorated, **options)
    return _tool(function)


def _tool(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    effect: Effect = "pure",
    writes: typing.Sequence[str] = (),
    idempotent: bool | None = None,
    timeout_s: float | None = None,
    output: Mapping[str, Any] | None = None,
    tags: typing.Sequence[str] = (),
    examples: typing.Sequence[Mapping[str, Any]] = (),
) -> Tool:
    name = name or function.__name__
    if effect not in EFFECTS:
        raise ValueError(f"tool '{name}' has the effect {effect!r}; use one of: {', '.join(EFFECTS)}")
    if isinstance(writes, str):
        raise ValueError(f"tool '{name}': writes must be a list such as ['file:{{path}}'], not text")
    if writes and effect not in ("write", "exec"):
        raise ValueError(f"tool '{name}' declares writes but has the effect '{effect}'; say effect='write'")
    summary, documented = _docstring(function)
    parameters, context_parameter = _schema(function, documented)
    return Tool(
        name=name,
        function=function,
        description=summary,
        parameters=parameters,
        effect=effect,
        writes=tuple(writes),
        idempotent=effect in _REPEATABLE if idempotent is None else idempotent,
        timeout_s=timeout_s,
        output=output,
        tags=tuple(tags),
        examples=tuple(examples),
        origin=inspect.getsourcefile(function) or "",
        context_parameter=context_parameter,
    )


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The summary of a docstring, and what its `Args:` section says of each parameter."""
    lines = (inspect.getdoc(function) or "").splitlines()
    documented: dict[str, str] = {}
    start = next((i for i, line in enumerate(lines) if line.strip() in ("Args:", "Arguments:")), len(lines))
    for line in lines[start + 1 :]:
        if entry := re.match(r"\s+\**(\w+)\s*(?:\([^)]*\))?:\s*(.*)", line):
            documented[entry.group(1)] = last = entry.group(2)
        elif line.strip() and not line[0].isspace():
            break
        elif line.strip() and documented:
            last = list(documented)[-1]
            documented[last] = f"{documented[last]} {line.strip()}"
    return "\n".join(lines[:start]).strip(), documented


def _schema(function: Callable[..., Any], documented: Mapping[str, str]) -> tuple[dict[str, Any], str | None]:
    """The JSON Schema of a function's parameters, and the name of the one that takes the context."""
    hints = typing.get_type_hints(function)
    properties: dict[str, Any] = {}
    required: list[str] = []
    context_parameter = None
    is_open = False
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name, Any)
        if parameter.kind is parameter.VAR_KEYWORD:
            is_open = True
        elif parameter.kind is parameter.VAR_POSITIONAL or parameter.kind is parameter.POSITIONAL_ONLY:
            raise ValueError(f"tool '{function.__name__}': parameter '{parameter.name}' cannot be given by name")
        elif hint is ToolContext:
            context_parameter = parameter.name
        else:
            properties[parameter.name] = described = schema_of(hint)
            if parameter.name in documented:
                described["description"] = documented[parameter.name]
            if parameter.default is parameter.empty:
                required.append(parameter.name)
            else:
                described["default"] = parameter.default
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": is_open}
    return schema, context_parameter


_SCALAR_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema_of(hint: Any) -> dict[str, Any]:
    """The JSON Schema of a type annotation; of one it does not know, the schema that allows anything."""
    if hint in _SCALAR_TYPES:
        return {"type": _SCALAR_TYPES[hint]}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [schema_of(option) for option in arguments]}
    if hint in (list, tuple) or origin in (list, tuple):
        items = [a for a in arguments if a is not Ellipsis]
        return {"type": "array", "items": schema_of(items[0])} if len(items) == 1 else {"type": "array"}
    if hint is dict or origin is dict or typing.is_typeddict(hint):
        return {"type": "object"}
    return {}
