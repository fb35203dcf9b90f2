"""The tools as a model reads them: a line for each, and one for each parameter, as many as there is room for.

Descriptions come from strangers. Each is brought to one line, so that none can pass for anything but
what it stands beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overseer.broker.ranking import ranked_tools
from overseer.jsonvalue import Json, json_text
from overseer.models.model import tokens_in
from overseer.text.brevity import brief
from overseer.tool import Tool

# Of the room, where there is not enough of it even to say something of every tool.
_FULL_SHARE = 0.5  # for saying more than the most necessary of the best ones

_LONGEST_LINE = 400
_LONGEST_BRIEF = 100
_LONGEST_SIGNATURE = 2000
_MOST_LINES = 40  # of parameters
_MOST_OPTIONS = 30
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class ToolGuide:
    """Tools as text."""

    text: str
    left_out: int = 0  # tools that it says nothing of


def tool_guide(tools: Sequence[Tool], *, about: str, used: Iterable[str] = (), most_tokens: int) -> ToolGuide:
    """The tools, in their own order. Where not all fit in full, those that were used or suit what it is about do."""
    texts = {tool.name: described(tool) for tool in tools}
    if _size(texts.values()) > most_tokens:
        texts = _chosen(by_relevance(tools, about=about, used=used), texts, most_tokens)
    return ToolGuide("\n".join(texts[tool.name] for tool in tools if tool.name in texts), len(tools) - len(texts))


def _chosen(tools: Sequence[Tool], full: Mapping[str, str], most_tokens: int) -> dict[str, str]:
    """What to say of the tools, the first of them in full and the others in brief; nothing of those at the end."""
    brief = {tool.name: in_brief(tool) for tool in tools}
    room = most_tokens - _size(brief.values())
    if room < 0:
        room = int(most_tokens * _FULL_SHARE)
        brief = _beginning(brief, most_tokens - room)
    for name in brief:
        more = tokens_in(full[name]) - tokens_in(brief[name])
        if more > room:
            break
        room -= more
        brief[name] = full[name]
    return brief


def _beginning(texts: Mapping[str, str], most_tokens: int) -> dict[str, str]:
    """As many as fit, but at least one."""
    chosen: dict[str, str] = {}
    for name, text in texts.items():
        most_tokens -= tokens_in(text) + 1
        if most_tokens < 0 and chosen:
            break
        chosen[name] = text
    return chosen


def _size(texts: Iterable[str]) -> int:
    return sum(tokens_in(text) + 1 for text in texts)


def by_relevance(tools: Sequence[Tool], *, about: str, used: Iterable[str] = ()) -> list[Tool]:
    """All tools, those that were used first, then those that have most in common with the text."""
    known = {tool.name: tool for tool in tools}
    ranked = [tool.name for _, tool in ranked_tools(about, tools)]
    return [known[name] for name in dict.fromkeys((*(n for n in used if n in known), *ranked, *sorted(known)))]


def described(tool: Tool) -> str:
    """Everything that a plan needs to know of a tool."""
    lines = [f"- {signature(tool)}: {one_line(tool.description) or 'not described'}"]
    for name, schema in list(_properties(tool).items())[:_MOST_LINES]:
        if about := one_line(schema.get("description", "")):
            lines.append(f"    {one_line(name)}: {about}")
    return "\n".join(lines)


def in_brief(tool: Tool) -> str:
    """A tool in one line."""
    return f"- {signature(tool)}: {one_line(tool.description, most=_LONGEST_BRIEF)}"


def signature(tool: Tool) -> str:
    """What a tool takes, what it gives back where that is known, and what it does to the world."""
    required = set(tool.parameters.get("required", ()))
    taken = [_parameter(name, schema, name in required) for name, schema in _properties(tool).items()]
    if tool.parameters.get("additionalProperties", True) is not False:
        taken.append("...")
    result = f" -> {one_line(type_text(tool.output))}" if tool.output else ""
    writes = f", writes {one_line(', '.join(tool.writes))}" if tool.writes else ""
    taking = one_line(", ".join(taken), most=_LONGEST_SIGNATURE)
    return f"{one_line(tool.name)}({taking}){result} [{'+'.join(tool.effects)}{writes}]"


def _parameter(name: str, schema: Mapping[str, Any], is_required: bool) -> str:
    text = f"{one_line(name)}: {type_text(schema)}"
    if "default" in schema:
        return f"{text} = {one_line(json_text(schema['default']), most=_LONGEST_BRIEF)}"
    return text if is_required else f"{text}, optional"


def type_text(schema: Any, depth: int = 0) -> str:
    """The values that a schema allows, in short."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return "any"
    if isinstance(options := schema.get("enum"), list):
        shown = "|".join(one_line(json_text(option)) for option in options[:_MOST_OPTIONS])
        return f"{shown}|..." if len(options) > _MOST_OPTIONS else shown
    if "const" in schema:
        return one_line(json_text(schema["const"]))
    for key in ("anyOf", "oneOf"):
        if isinstance(choices := schema.get(key), list):
            return "|".join(dict.fromkeys(type_text(choice, depth + 1) for choice in choices))
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return "|".join(one_line(str(each)) for each in kind)
    if kind == "array":
        return f"list of {type_text(schema['items'], depth + 1)}" if schema.get("items") else "list"
    if kind == "object" and isinstance(fields := schema.get("properties"), Mapping) and fields:
        inner = (f"{one_line(name)}: {type_text(field, depth + 1)}" for name, field in fields.items())
        return f"{{{', '.join(inner)}}}"
    bounds = [f"{sign}{json_text(schema[key])}" for key, sign in _BOUNDS.items() if key in schema]
    return " ".join([one_line(str(kind)), *bounds])


_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}


def one_line(text: object, *, most: int = _LONGEST_LINE) -> str:
    """Text from elsewhere as part of a line: without line breaks, control characters and an end too far away."""
    line = str(text)
    if not line.isprintable():  # which most are: looking at each letter would take longer than all the rest
        line = "".join(letter if letter.isprintable() else " " for letter in line)
    return brief(line, most)


def _properties(tool: Tool) -> Mapping[str, Mapping[str, Json]]:
    found = tool.parameters.get("properties", {})
    return {str(name): schema if isinstance(schema, Mapping) else {} for name, schema in found.items()}
