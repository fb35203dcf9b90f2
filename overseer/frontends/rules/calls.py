"""The calls of a plan while it is made: a tool, its arguments as far as they are known, what is still missing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from overseer.frontends.rules.slots import Slot
from overseer.plan.references import CONTEXT_NAMES, Ref, Template
from overseer.tool import Tool


@dataclass(slots=True)
class Call:
    """One step to be: `missing` are the arguments that it must have and nothing tells."""

    step_id: str
    tool: Tool
    part: int
    args: dict[str, Template] = field(default_factory=dict)
    group: int | None = None
    each: Ref | None = None  # it is done for every item of this list
    missing: list[Slot] = field(default_factory=list)
    description: str = ""
    follows: bool = False


_LONGEST = 40


def new_id(tool: Tool, calls: Iterable[Call]) -> str:
    """A step's id that tells the tool and is not taken."""
    base = re.sub(r"[^a-z0-9]+", "_", tool.name.casefold()).strip("_")[:_LONGEST].strip("_") or "step"
    if base in CONTEXT_NAMES or not base[0].isalpha():
        base = f"step_{base}"
    taken = {call.step_id for call in calls}
    if base not in taken:
        return base
    number = 2
    while f"{base}_{number}" in taken:
        number += 1
    return f"{base}_{number}"
