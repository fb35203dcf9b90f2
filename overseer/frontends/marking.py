"""Plan documents that were made from something else, with the line there that each part comes from.

A front-end builds plain mappings in the plan format and marks those that have a line. Whatever is found
wrong with the plan later on is then told with the line of what the person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field, replace

from overseer.jsonvalue import Json
from overseer.plan.dependencies import completed
from overseer.plan.document import Document
from overseer.plan.faults import Fault, Where
from overseer.plan.reading import Draft, plan_of
from overseer.plan.references import is_name


@dataclass(slots=True)
class Marking:
    """What a front-end found while it built a document."""

    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _lines: dict[int, tuple[Json, int]] = field(default_factory=dict)  # by identity, which the value keeps in use

    def at(self, line: int | None, value: dict[str, Json]) -> dict[str, Json]:
        """The same mapping, which comes from this line."""
        if line is not None:
            self._lines[id(value)] = (value, line)
        return value

    def fault(self, problem: str, help: str = "", *, line: int | None = None, step_id: str | None = None) -> None:
        self.faults.append(Fault(problem, help, step_id, (), line))

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def draft(self, document: Json) -> Draft:
        """The plan in the document; where it could not be built, only what is wrong."""
        if self.faults:
            return plan_of(Document(faults=tuple(self.faults), is_broken=True), notes=tuple(self.notes))
        lines: dict[Where, int] = {}
        self._collect(document, (), lines)
        draft = plan_of(Document(document, lines), notes=tuple(self.notes))
        return replace(draft, plan=completed(draft.plan)[0])  # nobody forgot a dependency that needs to be told of

    def _collect(self, value: Json, where: Where, lines: dict[Where, int]) -> None:
        if isinstance(value, dict):
            if id(value) in self._lines:
                lines[where] = self._lines[id(value)][1]
            for key, item in value.items():
                self._collect(item, (*where, key), lines)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self._collect(item, (*where, index), lines)


def free_name(wanted: str, taken: Container[str]) -> str:
    """A step id like the name that is wanted, and not among those that are taken."""
    name = wanted if is_name(wanted) else re.sub(r"\W+", "_", wanted).strip("_") or "step"
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def broken(*faults: Fault) -> Draft:
    """What comes of a text that could not be read to its end."""
    return plan_of(Document(faults=faults, is_broken=True))
