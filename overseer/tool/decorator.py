"""`@tool` turns an annotated function into a tool: signature and docstring become its JSON Schema."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin, overload

from overseer.tool.checks import tool_faults
from overseer.tool.context import ToolContext
from overseer.tool.values import REPEATABLE, Effect, Tool


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    name: str | None = None,
    effect: Effect = "pure",
    also: typing.Sequence[Effect] = (),
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
    also: typing.Sequence[Effect] = (),
    writes: typing.Sequence[str] = (),
    idempotent: bool | None = None,
    timeout_s: float | None = None,
    output: Mapping[str, Any] | None = None,
    tags: typing.Sequence[str] = (),
    examples: typing.Sequence[Mapping[str, Any]] = (),
) -> Tool:
    name = name or function.__name__
    if isinstance(writes, str):
        raise ValueError(f"tool '{name}': writes must be a list such as ['file:{{path}}'], not text")
    if isinstance(also, str):
        raise ValueError(f"tool '{name}': also must be a list such as ['network'], not text")
    summary, documented = _docstring(function)
    parameters, context_parameter = _schema(function, documented)
    made = Tool(
        name=name,
        function=function,
        description=summary,
        parameters=parameters,
        effect=effect,
        also=tuple(also),
        writes=tuple(writes),
        idempotent=effect in REPEATABLE if idempotent is None else idempotent,
        timeout_s=timeout_s,
        output=output,
        tags=tuple(tags),
        examples=tuple(examples),
        origin=inspect.getsourcefile(function) or "",
        context_parameter=context_parameter,
    )
    if faults := tool_faults(made):
        raise ValueError(f"tool '{name}': {'; '.join(faults)}")
    return made


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
