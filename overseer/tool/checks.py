"""What must be true of every tool, whatever kind of file it was written in."""

from __future__ import annotations

import json
import math
import re
import string
from collections.abc import Mapping

from overseer.tool.values import EFFECTS, Tool

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


def tool_faults(tool: Tool) -> list[str]:
    """Everything that is wrong with what a tool says of itself."""
    return [
        fault
        for check in (_name_faults, _effect_faults, _write_faults, _timeout_faults, _json_faults, _example_faults)
        for fault in check(tool)
    ]


def _name_faults(tool: Tool) -> list[str]:
    if _NAME.fullmatch(tool.name):
        return []
    return [f"the name {tool.name!r} is not a tool's name; use letters, digits, '_', '-' and '.', a letter first"]


def _effect_faults(tool: Tool) -> list[str]:
    if tool.effect not in EFFECTS:
        return [f"it has the effect {tool.effect!r}; use one of: {', '.join(EFFECTS)}"]
    if strange := [effect for effect in tool.also if effect not in EFFECTS or effect == tool.effect]:
        return [f"it is also {strange[0]!r}; name further classes of: {', '.join(EFFECTS)}"]
    if tool.writes and tool.effect not in ("write", "exec"):
        return [f"it declares writes but has the effect '{tool.effect}'; say effect='write'"]
    return []


def _write_faults(tool: Tool) -> list[str]:
    """A misspelt parameter would name one resource for all calls, so that they silently wait for each other."""
    known = tool.parameters.get("properties", {})
    faults = []
    for template in tool.writes:
        try:
            named = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
        except ValueError as error:
            faults.append(f"writes {template!r} cannot be read: {error}")
            continue
        for name in named:
            if name not in known:
                there_are = ", ".join(known) or "none"
                faults.append(f"writes {template!r} names '{name}', which is no parameter; there are: {there_are}")
    return faults


def _timeout_faults(tool: Tool) -> list[str]:
    timeout = tool.timeout_s
    if timeout is None:
        return []
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not math.isfinite(timeout) or timeout <= 0:
        return [f"timeout_s is {timeout!r}; give a number of seconds above 0"]
    return []


def _json_faults(tool: Tool) -> list[str]:
    faults = []
    for what, value in (("parameters", tool.parameters), ("output", tool.output), ("examples", list(tool.examples))):
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            faults.append(f"its {what} cannot be written as JSON: {error}")
    return faults


def _example_faults(tool: Tool) -> list[str]:
    faults = []
    for example in tool.examples:
        if not isinstance(example.get("request"), str) or not isinstance(example.get("args"), Mapping):
            faults.append(f"the example {dict(example)!r} is not a request in plain words with the args that serve it")
        elif unknown := set(example["args"]) - set(tool.parameters.get("properties", ())):
            faults.append(
                f"the example for {example['request']!r} has an argument '{min(unknown)}' that is no parameter"
            )
    return faults


_CHECKS = (_name_faults, _effect_faults, _write_faults, _timeout_faults, _json_faults, _example_faults)
