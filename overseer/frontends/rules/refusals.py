"""Why a request cannot be planned by rules, in words that name the part and what would help."""

from __future__ import annotations

from collections.abc import Sequence

from overseer.broker.ranking import ranked_tools
from overseer.frontends.rules.slots import Slot
from overseer.tool import Tool

_NEAR, _SHOWN = 3, 80


def no_tool_for(part: str, tools: Sequence[Tool], to_connect: str) -> str:
    """Nothing that may be used does what a part asks for."""
    near = [tool for _, tool in ranked_tools(part, tools)[:_NEAR]]
    nearest = f"the nearest {'is' if len(near) == 1 else 'are'}"
    which = f"{nearest} {_listed([tool.name for tool in near])}" if near else "none comes near"
    remedy = f"Say it in the words of a tool, or connect a model. {to_connect}"
    return f"'{_short(part)}': no tool does this by rules; {which}. {remedy}"


def needs_a_model(part: str, tool: Tool, to_connect: str) -> str:
    """What a part asks for takes a language model."""
    reason = f"this is for '{tool.name}', which needs a language model, and none is connected"
    return f"'{_short(part)}': {reason}. {to_connect}"


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
