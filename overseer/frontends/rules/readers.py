"""Tools that read a file or a link, for arguments that want what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from overseer.frontends.rules.candidates import Candidate
from overseer.frontends.rules.fillable import could_be_read
from overseer.frontends.rules.slots import Port, Slot, ports_of, slots_of
from overseer.tool import Tool


@dataclass(frozen=True, slots=True)
class Reader:
    """A tool, its argument for the file or link, and the result that holds the content."""

    tool: Tool
    slot: Slot
    port: Port


def reader_for(value: Candidate, slot: Slot, tools: Sequence[Tool]) -> Reader | None:
    """The tool that reads a file or link best for an argument."""
    if not could_be_read(value, slot):
        return None
    extension = str(value.value).rpartition(".")[2].casefold()
    best: tuple[float, Reader | None] = (0.0, None)
    for tool in tools:
        if (place := _place(tool, value.kind)) is None:
            continue
        for port in ports_of(tool):
            score = _score(tool, port, slot, extension)
            if score > best[0]:
                best = (score, Reader(tool, place, port))
    return best[1]


def _place(tool: Tool, kind: str) -> Slot | None:
    """The argument for the file or link of a tool that needs nothing else."""
    slots = slots_of(tool)
    own = [slot for slot in slots if slot.sort == kind and slot.takes("string")]
    required = [slot for slot in slots if slot.is_required]
    is_reading = tool.effect in ("read", "network") and (not required or required == own[:1])
    return own[0] if own and is_reading else None


def _score(tool: Tool, port: Port, slot: Slot, extension: str) -> float:
    """How well a result of a reading tool serves an argument: text for text, rows for data."""
    is_sure = any(own.is_required for own in slots_of(tool))
    if slot.takes("string") or not slot.types or "string" in slot.items:
        if port.path or not is_sure or port.types not in (frozenset({"string"}), frozenset()):
            return 0.0
        says_so = tool.description.casefold().startswith("read")
        return (2.0 if port.types else 1.0) + (0.5 if says_so else 0.0)
    if port.types == {"array"} and extension in tool.tags:
        return 1.5 if "object" in port.items else 1.0
    return 0.0
