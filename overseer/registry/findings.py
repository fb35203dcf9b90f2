"""What reading a tool file brings up: tools, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from overseer.jsonvalue import Json
from overseer.registry.folders import Layer
from overseer.tool import Tool


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a tool file. What else the file holds, and all other files, are as they were."""

    path: Path
    text: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{where}: {self.text}"

    def to_json(self) -> dict[str, Json]:
        return {"file": str(self.path), "line": self.line, "problem": self.text}


@dataclass(frozen=True, slots=True)
class FileContent:
    """What one file gave."""

    tools: tuple[Tool, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A tool, whose it is, and the files of the tools of this name that it takes the place of."""

    tool: Tool
    layer: Layer
    hides: tuple[str, ...] = ()
