"""Reading settings from their plain form, and collecting everything that is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from overseer.errors import UsageError
from overseer.jsonvalue import Json, kind_of
from overseer.plan.suggestions import did_you_mean


class Faults:
    """What is wrong so far. Each reader gives a value of the right kind, whatever it was given."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._found: list[str] = []

    def add(self, place: str, problem: str) -> None:
        self._found.append(f"{place}: {problem}" if place else problem)

    def raise_if_any(self) -> None:
        """UsageError with all of them, if there are any."""
        if self._found:
            raise UsageError(f"{self._where}: {'; '.join(self._found)}")

    def mapping(self, place: str, value: Json) -> Mapping[str, Json]:
        if isinstance(value, dict):
            return value
        self.add(place, f"must hold keys and values, not a {kind_of(value)}")
        return {}

    def refuse_unknown(self, place: str, given: Mapping[str, Json], known: Sequence[str]) -> None:
        for key in given:
            if key not in known:
                self.add(place, f"unknown key '{key}'; {did_you_mean(str(key), known)}")

    def text(self, place: str, value: Json) -> str:
        if isinstance(value, str):
            return value
        self.add(place, f"must be text, not {value!r}")
        return ""

    def number(self, place: str, value: Json, *, least: float = 0.0, most: float = math.inf) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
            return float(value)
        limits = f"from {least:g} to {most:g}" if math.isfinite(most) else f"of at least {least:g}"
        self.add(place, f"must be a number {limits}, not {value!r}")
        return least

    def whole(self, place: str, value: Json, *, least: int = 1) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.add(place, f"must be a whole number of at least {least}, not {value!r}")
        return least

    def one_of(self, place: str, value: Json, known: Sequence[str]) -> str:
        if isinstance(value, str) and value in known:
            return value
        self.add(place, f"must be one of {', '.join(known)}, not {value!r}")
        return known[0]
