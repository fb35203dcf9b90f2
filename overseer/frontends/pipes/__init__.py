"""Pipes: tools joined by `|`, with blocks of tools that run side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from overseer.frontends.marking import Marking, broken
from overseer.frontends.pipes.lowering import Lowering
from overseer.frontends.pipes.syntax import NotPipes, parsed
from overseer.frontends.pipes.values import Definition
from overseer.plan.faults import Fault
from overseer.plan.reading import Draft

if TYPE_CHECKING:
    from overseer.tool import Tool

__all__ = ["read_pipes"]


def read_pipes(text: str, tools: Mapping[str, Tool]) -> Draft:
    """The plan of a text of pipes, which call these tools: of `main`, or else of the last pipe in it."""
    try:
        found = parsed(text)
    except NotPipes as error:
        return broken(error.fault)
    if not found:
        return broken(Fault("there is nothing in it", "write tools joined by '|'"))
    marking = Marking()
    definitions: dict[str, Definition] = {}
    for definition in found:
        if definition.name in definitions:
            marking.fault(f"'{definition.name}' is defined twice", "keep one of them", line=definition.line)
        if definition.name:
            definitions[definition.name] = definition
    main = found[-1] if not found[-1].name else definitions.get("main", found[-1])
    lowering = Lowering(definitions, tools, marking)
    return marking.draft(lowering.plan(main))
