"""Graphs: JSON files of nodes and connections, with conditions, loops, parallel branches and events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from overseer.frontends.graph.lowering import Lowering
from overseer.frontends.graph.reading import GraphReader
from overseer.frontends.marking import Marking, broken
from overseer.plan.document import Document
from overseer.plan.fields import Findings
from overseer.plan.reading import Draft

if TYPE_CHECKING:
    from overseer.tool import Tool

__all__ = ["read_graph"]


def read_graph(document: Document, tools: Mapping[str, Tool]) -> Draft:
    """The plan of a graph, which calls these tools."""
    findings = Findings(document.lines, list(document.faults))
    if document.is_broken or not isinstance(document.value, dict):
        return broken(*findings.faults)
    graph = GraphReader(findings, tools).graph(document.value)
    if findings.faults:
        return broken(*findings.faults)
    marking = Marking(notes=list(findings.notes))
    return marking.draft(Lowering(graph, tools, marking).plan())
