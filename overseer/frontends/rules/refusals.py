"""Why a request cannot be planned by rules, in words that name the part and what would help."""

from __future__ import annotations

from collections.abc import Sequence

from overseer.broker.ranking import ranked_tools
from overseer.frontends.rules.accounting import Unaccounted
from overseer.frontends.rules.slots import Slot
from overseer.frontends.rules.smalltalk import HOW_TO_CONNECT
from overseer.tool import Tool

_NEAR, _SHOWN = 3, 80


def no_tool_for(part: str, tools: Sequence[Tool]) -> str:
    """Nothing that may be used does what a part asks for."""
    near = [tool for _, tool in ranked_tools(part, tools)[:_NEAR]]
    which = f"the nearest are {_listed([tool.name for tool in near])}" if near else "and none comes near"
    remedy = f"Say it in the words of a tool, or connect a model. {HOW_TO_CONNECT}"
    return f"'{_short(part)}': no tool does this by rules; {which}. {remedy}"


def needs_a_model(part: str, tool: Tool) -> str:
    """What a part asks for takes a language model."""
    reason = f"this is for '{tool.name}', which needs a language model, and none is connected"
    return f"'{_short(part)}': {reason}. {HOW_TO_CONNECT}"


def has_no_place(part: str, left: Unaccounted) -> str:
    """A tool does a part, but not all of it."""
    tools = _listed([f"'{tool.name}'" for tool in left.tools])
    said = _listed([f"'{_short(word)}'" for word in left.said])
    remedy = f"Ask for what it does, or connect a model. {HOW_TO_CONNECT}"
    return f"'{_short(part)}': {tools} would be for this, but by rules nothing can be made of {said}. {remedy}"


def is_missing(part: str, tool: Tool, slots: Sequence[Slot]) -> str:
    """The request leaves out what a tool must be given."""
    lacking = _listed([f"'{slot.name}' ({_says(slot)})" if _says(slot) else f"'{slot.name}'" for slot in slots])
    remedy = "Add it, in quotation marks if it is text."
    return f"'{_short(part)}': '{tool.name}' needs {lacking}, which the request does not tell. {remedy}"


def _says(slot: Slot) -> str:
    return _short(str(slot.schema.get("description", "")))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
