"""Narratives: TOML files whose acts are the turns of a conversation, with carousels and nested narratives."""

from __future__ import annotations

from overseer.frontends.marking import Marking, broken
from overseer.frontends.narrative.lowering import Lowering
from overseer.frontends.narrative.reading import narratives_in
from overseer.frontends.narrative.tomltext import read_toml
from overseer.plan.faults import Fault
from overseer.plan.fields import Findings
from overseer.plan.reading import Draft
from overseer.plan.suggestions import listed

__all__ = ["read_narrative"]


def read_narrative(text: str, *, name: str = "") -> Draft:
    """The plan of a narrative file; `name` chooses among several narratives."""
    document = read_toml(text)
    if document.is_broken or not isinstance(document.value, dict):
        return broken(*document.faults)
    findings = Findings(document.lines)
    narratives = narratives_in(document.value, findings).narratives
    if findings.faults:
        return broken(*findings.faults)
    if name and name not in narratives:
        return broken(Fault(f"there is no narrative '{name}'", f"there are {listed(narratives)}"))
    if not name and len(narratives) > 1:
        return broken(Fault("there are several narratives", f"choose one with --narrative: {listed(narratives)}"))
    if not narratives:
        return broken(Fault("there is no narrative in it", "add one: [narrative] with a name"))
    chosen = name or next(iter(narratives))
    marking = Marking(notes=list(findings.notes))
    return marking.draft(Lowering(narratives, marking, (chosen,)).plan(narratives[chosen]))
