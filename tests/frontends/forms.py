"""What the tests of narratives, graphs and pipes have in common: tools, and what becomes of a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from overseer.frontends.files import plan_reader
from overseer.jsonvalue import Json
from overseer.plan import Checked, check_draft, to_document
from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.tool import Tool, tool


@tool
def double(number: float) -> float:
    return number * 2


@tool
def triple(number: float) -> float:
    return number * 3


@tool
def add(number: float, more: float = 10) -> float:
    return number + more


@tool
def total(numbers: list[float]) -> float:
    return sum(numbers)


@tool
def is_large(number: float) -> bool:
    return number > 10


@tool
def pair(text: str) -> list[str]:
    """Two results: the text, and the text turned round."""
    return [text, text[::-1]]


@tool
def join(first: str, second: str) -> str:
    return f"{first}+{second}"


@tool
def count_up(number: float | None = None) -> float:
    """One more than before; 1 in the first round."""
    return (number or 0) + 1


@tool
def is_below_three(number: float) -> bool:
    return number < 3


SIMPLE: dict[str, Tool] = {
    each.name: each for each in (double, triple, add, total, is_large, pair, join, count_up, is_below_three)
}
OURS: dict[str, Tool] = dict(load_tools([ToolFolder(our_tools(), "built-in")]).tools)


def read(text: str, source: str, tools: Mapping[str, Tool] = SIMPLE, *, narrative: str = "") -> Checked:
    return check_draft(plan_reader(tools, narrative=narrative)(text, source=source), tools=tools)


def complaints(text: str, source: str, tools: Mapping[str, Tool] = SIMPLE, *, narrative: str = "") -> list[str]:
    return [str(fault) for fault in read(text, source, tools, narrative=narrative).faults]


def document(text: str, source: str, tools: Mapping[str, Tool] = SIMPLE, *, narrative: str = "") -> dict[str, Any]:
    """The plan document that a text becomes, which must have no faults."""
    checked = read(text, source, tools, narrative=narrative)
    assert [str(fault) for fault in checked.faults] == []
    made: Json = to_document(checked.plan, embed=True)
    assert isinstance(made, dict)
    return made
