"""What a tool file says of a tool apart from its kind, and how a kind complains of its own section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from overseer.jsonvalue import Json

# The parameter under which a function made from YAML gets its ToolContext: no argument can be called so.
CONTEXT: Final = "(context)"

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A tool as its file declares it. `parameters` is the JSON Schema of all arguments."""

    name: str
    parameters: Mapping[str, Json]
    folder: Path  # the one that the file is in

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, in the order of the file."""
        return tuple(self.parameters.get("properties", {}))


@dataclass(frozen=True, slots=True)
class SectionFault:
    """Something wrong in a section: where (keys and list places from its top), what, and what would help."""

    place: Place
    problem: str


class KindError(Exception):
    """A section that makes no tool; `faults` holds every reason."""

    def __init__(self, faults: Sequence[SectionFault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.problem for fault in faults))
