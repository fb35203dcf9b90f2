"""What the text of pipes says: definitions, stages, blocks of stages side by side, and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from overseer.jsonvalue import Json


@dataclass(frozen=True, slots=True)
class Named:
    """A parameter or a captured result, or a part of it; `$$` is what comes from the stage before."""

    name: str
    path: str = ""


Value: TypeAlias = "Json | Named | list[Value] | dict[str, Value]"


@dataclass(frozen=True, slots=True)
class Stage:
    """A tool or a definition, with what it is given besides what comes from the stage before."""

    name: str
    args: tuple[Value, ...]
    named_args: Mapping[str, Value]
    capture: str
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """Pipes that get the same and run side by side."""

    branches: tuple[Pipe, ...]
    capture: str
    line: int


@dataclass(frozen=True, slots=True)
class Data:
    """A value to begin with."""

    value: Json
    capture: str
    line: int


Pipe: TypeAlias = "tuple[Stage | Block | Data, ...]"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a definition takes."""

    name: str
    type: str = ""
    default: Json = None
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A pipe by name; without a name it is there to be run."""

    name: str
    parameters: tuple[Parameter, ...]
    pipe: Pipe
    line: int
    comment: str = ""  # what stands above it
