"""A narrative as its file says it, whichever of the three dialects that is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from overseer.jsonvalue import Json

Kind = Literal["text", "file", "narrative", "table", "command"]
Retention = Literal["full", "summary", "drop"]


@dataclass(frozen=True, slots=True)
class Part:
    """One input of an act. `name` is a text, the path of a file, or what is to be run or read."""

    kind: Kind
    name: str
    options: Mapping[str, Json] = field(default_factory=dict)
    retention: Retention = "full"


@dataclass(frozen=True, slots=True)
class Carousel:
    """How often something is done, side by side."""

    iterations: int
    continues: bool = False  # although a round failed
    budget: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Voice:
    """Who speaks, and how; None and nothing where another level says."""

    model: str = ""
    temperature: float | None = None
    max_tokens: int | None = None

    def over(self, other: Voice) -> Voice:
        """This one, with what the other says where this says nothing."""
        return Voice(
            self.model or other.model,
            other.temperature if self.temperature is None else self.temperature,
            other.max_tokens if self.max_tokens is None else self.max_tokens,
        )


@dataclass(frozen=True, slots=True)
class Act:
    """One prompt to the model, or a narrative that is run in its place."""

    name: str
    parts: tuple[Part, ...]
    voice: Voice = Voice()
    carousel: Carousel | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Narrative:
    """Acts that follow each other."""

    name: str
    description: str
    acts: tuple[Act, ...]
    voice: Voice = Voice()
    carousel: Carousel | None = None
    budget: Mapping[str, Json] = field(default_factory=dict)
    line: int | None = None
