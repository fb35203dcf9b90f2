"""What is wrong with a plan: a problem in words, its remedy, and the place in plan and text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from overseer.jsonvalue import Json

Where: TypeAlias = tuple[str | int, ...]  # a location in the document, such as ("steps", 0, "args", "text")
Lines: TypeAlias = Mapping[Where, int]
SecretIn: TypeAlias = Callable[[str], str | None]  # what to call the first secret in a text


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a plan."""

    problem: str
    help: str = ""
    step_id: str | None = None
    where: Where = ()
    line: int | None = None
    source: str = ""  # the file, if it is another than the one that was asked for
    tool: str = ""  # the one that is missing, for who knows where there are others

    def __str__(self) -> str:
        text = f"{self.problem}; {self.help}" if self.help else self.problem
        place = ", ".join(filter(None, (self._origin(), self._subject())))
        return f"{place}: {text}" if place else text

    def _origin(self) -> str:
        return " ".join(filter(None, (self.source, f"line {self.line}" if self.line is not None else "")))

    def _subject(self) -> str:
        if self.step_id is not None:
            return f"step '{self.step_id}'"
        steps = [at + 1 for at, part in enumerate(self.where[:-1]) if part == "steps"]
        number = self.where[steps[-1]] if steps else None
        return f"step {number + 1}" if isinstance(number, int) else ""

    def to_json(self) -> dict[str, Json]:
        record: dict[str, Json] = {"problem": self.problem}
        if self.help:
            record["help"] = self.help
        if self.step_id is not None:
            record["step_id"] = self.step_id
        if self.where:
            record["where"] = list(self.where)
        if self.line is not None:
            record["line"] = self.line
        if self.source:
            record["source"] = self.source
        return record


def secret_fault(what: str, name: str) -> Fault:
    """What is wrong with a plan or an input that holds the secret of this name."""
    remedy = "take it out: a tool gets it by its name, and whatever stands here is shown and kept"
    return Fault(f"the {what} holds {name}", remedy)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that does not fit a schema, and where it is in the value."""

    where: tuple[str | int, ...]
    text: str


def line_at(lines: Lines, where: Where) -> int | None:
    """The line of a location, or of the nearest place around it that has one."""
    for end in range(len(where), -1, -1):
        if where[:end] in lines:
            return lines[where[:end]]
    return None
