"""From values as they were written to entries: what each key says, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from overseer.jsonvalue import kind_of
from overseer.settings.entries import Entry, Findings, Origin
from overseer.settings.keys import GROUPS, KEYS, NAMED, remedy_for

OriginOf: TypeAlias = Callable[[tuple[str, ...]], Origin]  # where something is said, by its place in the document


class Reading:
    """One reading of a value, from its top down."""

    def __init__(self, origin_of: OriginOf, findings: Findings) -> None:
        self._origin_of = origin_of
        self._findings = findings

    def at(self, key: str, value: Any) -> Iterator[Entry]:
        """What a value says that stands at a key, or at the name of a section."""
        where = tuple(key.split(".")) if key else ()
        if key in KEYS:
            yield from self._findings.checked(key, value, self._origin_of(where))
        elif key in NAMED:
            for name, inner in self._mapping(key, where, value).items():
                yield from self._findings.checked(f"{key}.{name}", inner, self._origin_of((*where, name)))
        elif key in GROUPS:
            for name, inner in self._mapping(key, where, value).items():
                yield from self.at(f"{key}.{name}" if key else name, inner)
        else:
            problem = f"unknown setting '{key}' is left out; {remedy_for(key)}"
            self._findings.warn(self._origin_of(where), problem)

    def _mapping(self, key: str, where: tuple[str, ...], value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        if value is not None:
            beneath = f"such as {', '.join(GROUPS[key])}" if key in GROUPS else "by name, with their values"
            problem = f"{key or 'the file'} needs keys {beneath}, not a {kind_of(value)}"
            self._findings.fault(self._origin_of(where), problem)
        return {}
