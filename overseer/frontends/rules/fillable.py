"""Whether the values of a part could fill the arguments of a tool, before anything is decided."""

from __future__ import annotations

from collections.abc import Sequence

from overseer.frontends.rules.assignment import Asking, assigned
from overseer.frontends.rules.candidates import Candidate
from overseer.frontends.rules.examples import Example, by_example, model_for
from overseer.frontends.rules.literals import is_texts, option_in
from overseer.frontends.rules.measures import with_distances, with_units
from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.phrases import is_said_in_words, phrase_for
from overseer.frontends.rules.slots import Slot, slots_of, targets_of
from overseer.tool import Tool

_TELLING = frozenset(
    {"path", "url", "email", "phone", "number", "money", "percent", "data", "expression", "date", "language"}
)
# What earlier steps hardly ever give.
_NEVER_MADE = frozenset({"expression", "path", "url", "email", "phone", "unit", "language"})


def lacking_and_unused(tool: Tool, part: Part, values: Sequence[Candidate], *, has_more: bool) -> tuple[int, int]:
    """How many arguments nothing fills, and how many values have no place; `has_more` where results come before."""
    slots = slots_of(tool)
    if any(slot.sort == "unit" for slot in slots):
        values = with_units(part, values)
    values = with_distances(tool, part, values)
    found = assigned(slots, values, Asking({}, could_be_read, targets_of(tool)))
    model = model_for(part.tokens, tool)
    told = {slot.name for slot in slots if slot.name in found or _is_said(slot, part, model)}
    lacking = 0
    for slot in slots:
        is_told = slot.name in told
        if slot.is_required and not is_told and not (has_more and slot.sort not in _NEVER_MADE and not slot.options):
            lacking += 1
    if is_idle(tool) and not has_more and not any(slot.name in told for slot in slots if works_on(slot)):
        lacking += 1
    placed = {value.start for some in found.values() for value in some}
    unused = sum(1 for value in values if value.kind in _TELLING and value.start not in placed)
    return lacking, unused


def _is_said(slot: Slot, part: Part, model: Example | None) -> bool:
    if slot.is_required and (option_in(part, slot) is not None or phrase_for(part, slot) is not None):
        return True
    is_wanted = slot.is_required or works_on(slot)
    return is_wanted and model is not None and by_example(part.tokens, slot, model) is not None


def could_be_read(value: Candidate, slot: Slot) -> bool:
    """Whether an argument takes what is in a file or behind a link."""
    return value.kind in ("path", "url") and wants_content(slot)


def wants_content(slot: Slot) -> bool:
    if not slot.is_required or slot.media or is_said_in_words(slot):
        return False
    return is_texts(slot) or slot.sort == "content" or slot.types == {"object", "array"}


def is_idle(tool: Tool) -> bool:
    """Whether a tool need not be given anything, and has nothing to work on unless it is."""
    slots = slots_of(tool)
    if any(slot.is_required for slot in slots):
        return False
    return any(works_on(slot) for slot in slots)


def works_on(slot: Slot) -> bool:
    """Whether an argument that may be left out is what a tool works on, as one of several ways to give it."""
    return slot.sort in ("path", "content") and slot.schema.get("default", 0) in (None, "")
