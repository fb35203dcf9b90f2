"""One value of one key as some layer gives it, where that is said, and what is wrong with what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from overseer.errors import OverseerError
from overseer.jsonvalue import Json
from overseer.settings.keys import check_of
from overseer.text.brevity import shortened

# From the weakest to the strongest.
LayerName = Literal["default", "user", "project", "environment", "flag"]

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value is said: a line of a file, a variable, or an option."""

    layer: LayerName
    place: str
    line: int | None = None

    def __str__(self) -> str:
        return self.place if self.line is None else f"{self.place}:{self.line}"

    def to_json(self) -> dict[str, Json]:
        return {"layer": self.layer, "place": self.place, "line": self.line}


@dataclass(frozen=True, slots=True)
class Entry:
    """A value, as it was given and as the program works with it."""

    key: str
    given: Json
    value: Any
    origin: Origin


@dataclass(slots=True)
class Findings:
    """What was wrong so far: faults stop the program, warnings do not."""

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def fault(self, where: object, problem: str) -> None:
        from overseer.secrets import Redactor  # hardly ever needed

        problem = Redactor().redact(problem)  # a key may stand where it does not belong
        self.faults.append(f"{where}: {shortened(problem, _LONGEST)}")

    def warn(self, where: object, problem: str) -> None:
        self.warnings.append(f"{where}: {shortened(problem, _LONGEST)}")

    def checked(self, key: str, given: Json, origin: Origin) -> list[Entry]:
        """The entry, or nothing where the value does not fit."""
        check = check_of(key)
        assert check is not None, key
        try:
            return [Entry(key, given, check(given), origin)]
        except (ValueError, OverseerError) as error:
            self.fault(origin, f"{key}: {error}")
            return []
