"""Putting a document's value together from a flat stream of starts, ends and scalars.

YAML and JSON share it, so both refuse the same things: duplicate keys, keys that are no text, too
deep a nesting, and aliases that would unfold into millions of values. It keeps its own stack:
no depth of input can exhaust the interpreter's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from overseer.jsonvalue import Json
from overseer.plan.faults import Fault, Where

MAX_DEPTH = 100
MAX_NODES = 2_000_000


class Unparsable(Exception):
    """Reading on makes no sense; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    value: Any
    where: Where
    line: int
    anchor: str | None
    weight: int = 1  # values in it, aliases unfolded
    height: int = 1  # levels in it
    awaits_key: bool = True
    key: str | None = None  # None where the key was unusable: its value is dropped
    key_lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A finished value that aliases may repeat."""

    value: Json
    weight: int
    height: int


class Assembly:
    """Takes the events of one document; `value`, `lines` and `faults` hold what came of them."""

    def __init__(self) -> None:
        self.value: Json = None
        self.lines: dict[Where, int] = {}
        self.faults: list[Fault] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}  # None while the value is still open
        self._weight = 0

    def fault(self, line: int, problem: str, help: str = "") -> None:
        where = self._open[-1].where if self._open else ()
        self.faults.append(Fault(problem, help, where=where, line=line))

    def refuse(self, line: int, problem: str, help: str = "") -> Unparsable:
        """What to raise where nothing after this can be trusted."""
        return Unparsable(Fault(problem, help, line=line))

    def open(self, value: dict[str, Json] | list[Json], line: int, anchor: str | None = None) -> None:
        self._check_size(line, weight=1, height=1)
        where = self._next_where(line)
        if anchor is not None:
            self._anchors[anchor] = None
        self._open.append(_Open(value, where, line, anchor))

    def close(self) -> None:
        ended = self._open.pop()
        if ended.anchor is not None:
            self._anchors[ended.anchor] = _Anchored(ended.value, ended.weight, ended.height)
        self._place(ended.value, ended.line, ended.weight, ended.height)

    def scalar(self, value: Json, line: int, anchor: str | None = None) -> None:
        self._check_size(line, weight=1, height=0)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(value, 1, 0)
        self._next_where(line)
        self._place(value, line, 1, 0)

    def key(self, key: str, line: int) -> None:
        """The next entry of the mapping begins."""
        level = self._open[-1]
        if key in level.key_lines:
            problem = f"the key '{key}' is there twice, first in line {level.key_lines[key]}"
            self.bad_key(line, problem, "keep one of them")
            return
        level.awaits_key = False
        level.key = key
        level.key_lines[key] = line
        self.lines[(*level.where, key)] = line

    def bad_key(self, line: int, problem: str, help: str = "") -> None:
        """An entry begins whose key cannot be used: its value will be read and dropped."""
        self.fault(line, problem, help)
        self._open[-1].awaits_key = False
        self._open[-1].key = None

    def alias(self, name: str, line: int) -> None:
        if name not in self._anchors:
            raise self.refuse(line, f"the alias '*{name}' names nothing above it")
        anchored = self._anchors[name]
        if anchored is None:
            raise self.refuse(line, f"the alias '*{name}' stands inside of what it names, so it would never end")
        self._check_size(line, weight=anchored.weight, height=anchored.height)
        self._next_where(line)
        self._place(anchored.value, line, anchored.weight, anchored.height)

    @property
    def awaits_key(self) -> bool:
        """Whether the next event is the key of a mapping's entry."""
        return bool(self._open) and self._open[-1].awaits_key and type(self._open[-1].value) is dict

    def _check_size(self, line: int, *, weight: int, height: int) -> None:
        self._weight += weight
        if self._weight > MAX_NODES:
            raise self.refuse(line, f"there are more than {MAX_NODES:,} values here once all aliases are unfolded")
        if len(self._open) + height > MAX_DEPTH:
            raise self.refuse(line, f"the nesting is deeper than {MAX_DEPTH} levels")

    def _next_where(self, line: int) -> Where:
        """Where the value that comes next will stand; its line is recorded on the way."""
        if not self._open:
            self.lines[()] = line
            return ()
        level = self._open[-1]
        if type(level.value) is list:
            where = (*level.where, len(level.value))
            self.lines[where] = line
            return where
        # An entry has the line of its key, which is recorded; a value that is dropped has none.
        return level.where if level.key is None else (*level.where, level.key)

    def _place(self, value: Json, line: int, weight: int, height: int) -> None:
        if not self._open:
            self.value = value
            return
        level = self._open[-1]
        level.weight += weight
        level.height = max(level.height, height + 1)
        if type(level.value) is list:
            level.value.append(value)
        elif level.awaits_key:
            self.bad_key(line, "a key must be text", 'a reference needs quotes in YAML: "{{step}}"')
        else:
            if level.key is not None:
                level.value[level.key] = value
            level.key = None
            level.awaits_key = True
