"""One mapping of a document, read key by key: what fits is returned, what does not becomes a fault.

Every reader gives back something usable, so that one reading finds all the faults there are. A key
that holds null counts as left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from overseer.jsonvalue import Json, as_text
from overseer.plan.amounts import NotAnAmount
from overseer.plan.durations import seconds_of
from overseer.plan.faults import Fault, Lines, Where, line_at
from overseer.plan.grammar import Keys
from overseer.plan.references import BadReference, Template, parse
from overseer.plan.suggestions import did_you_mean, nearest
from overseer.plan.wording import shown

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A location in the document, and the step it belongs to."""

    where: Where = ()
    step_id: str | None = None

    def __truediv__(self, part: str | int) -> Place:
        return Place((*self.where, part), self.step_id)

    @property
    def label(self) -> str:
        """The location as it reads inside its step, such as `retry.attempts`."""
        start = max((at + 2 for at, part in enumerate(self.where[:-1]) if part == "steps"), default=0)
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.where[start:])
        return text.removeprefix(".")


@dataclass(slots=True)
class Findings:
    """What a reading brought up besides the plan."""

    lines: Lines = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, at: Place, problem: str, help: str = "") -> None:
        self.faults.append(Fault(problem, help, at.step_id, at.where, line_at(self.lines, at.where)))

    def misfit(self, at: Place, expected: str, value: Json, help: str = "") -> None:
        self.fault(at, f"'{at.label}' must be {expected}, not {shown(value)}", help)

    def choice(self, at: Place, value: Json, options: tuple[str, ...], default: T) -> T:
        if isinstance(value, str) and value in options:
            return cast(T, value)
        guess = nearest(value, options) if isinstance(value, str) else None
        self.misfit(at, f"one of {', '.join(options)}", value, f"did you mean '{guess}'?" if guess else "")
        return default

    def template(self, at: Place, value: Json) -> Template:
        """A value with the references in its strings parsed; one that is malformed becomes empty text."""
        if isinstance(value, str):
            try:
                return parse(value)
            except BadReference as error:
                self.fault(at, f"'{at.label}': {error}")
                return ""
        if isinstance(value, dict):
            return {key: self.template(at / key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.template(at / index, item) for index, item in enumerate(value)]
        return value


class Fields:
    """A mapping at a place of the document. Creating it reports the keys that do not belong there."""

    def __init__(self, value: Mapping[str, Json], at: Place, known: Keys, findings: Findings) -> None:
        self.at = at
        self.findings = findings
        self._value = value
        for key in [key for key in value if key not in known]:
            findings.fault(at / key, f"unknown key '{(at / key).label}'", _key_help(key, known))

    def __contains__(self, key: str) -> bool:
        return self._value.get(key) is not None

    def has(self, key: str) -> bool:
        """Whether the key is written at all, if only with null."""
        return key in self._value

    def get(self, key: str) -> Json:
        return self._value.get(key)

    def given(self, keys: Iterable[str]) -> list[str]:
        return [key for key in keys if key in self]

    def fault(self, key: str | None, problem: str, help: str = "") -> None:
        self.findings.fault(self.at if key is None else self.at / key, problem, help)

    def misfit(self, key: str, expected: str, help: str = "") -> None:
        self.findings.misfit(self.at / key, expected, self.get(key), help)

    def text(self, key: str) -> str:
        if key not in self:
            return ""
        value = self.get(key)
        if not isinstance(value, str):
            is_scalar = isinstance(value, bool | int | float)
            self.misfit(key, "text", f'write "{as_text(value)}"' if is_scalar else "")
            return ""
        return value

    def filled_text(self, key: str) -> str:
        """Text that must not be empty."""
        text = self.text(key)
        if not text.strip() and isinstance(self.get(key), str):
            self.fault(key, f"'{(self.at / key).label}' is empty")
        return text

    def choice(self, key: str, options: tuple[str, ...], default: T) -> T:
        return self.findings.choice(self.at / key, self.get(key), options, default) if key in self else default

    def flag(self, key: str, default: bool) -> bool:
        if key not in self:
            return default
        if not isinstance(self.get(key), bool):
            self.misfit(key, "true or false")
            return default
        return bool(self.get(key))

    def count(self, key: str, *, special: int | None = None, help: str = "") -> int | None:
        """A whole number of at least 1, or the one special value."""
        if key not in self:
            return None
        value = self.get(key)
        if is_whole(value) and (value >= 1 or value == special):
            return cast(int, value)
        alternative = "" if special is None else f", or {special} for no limit"
        self.misfit(key, f"a whole number of at least 1{alternative}", help)
        return None

    def duration(self, key: str, *, zero_ok: bool = False) -> float | None:
        return self.amount(key, lambda value: seconds_of(value, zero_ok=zero_ok))

    def amount(self, key: str, read: Callable[[object], T]) -> T | None:
        """What `read` makes of the value, which says with a ValueError what is wrong with it."""
        if key not in self:
            return None
        try:
            return read(self.get(key))
        except NotAnAmount as error:
            self.misfit(key, error.expected)
            return None
        except ValueError as error:
            self.fault(key, f"'{(self.at / key).label}' {_as_predicate(str(error))}")
            return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        if key not in self:
            return ()
        value = self.get(key)
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
            self.misfit(key, "a list of names")
            return ()
        return tuple(items)

    def template(self, key: str) -> Template:
        return self.findings.template(self.at / key, self.get(key))

    def mapping(self, key: str) -> Mapping[str, Json]:
        if key not in self:
            return {}
        value = self.get(key)
        if not isinstance(value, dict):
            self.misfit(key, "a mapping of names to values")
            return {}
        return value

    def listing(self, key: str) -> list[Json]:
        if key not in self:
            return []
        value = self.get(key)
        if not isinstance(value, list):
            self.misfit(key, "a list")
            return []
        return value

    def inner(self, key: str, known: Keys) -> Fields | None:
        """The mapping under a key; None, after a fault, where there is something else."""
        if not isinstance(self.get(key), dict):
            self.misfit(key, f"a mapping with keys such as {', '.join(list(known)[:3])}")
            return None
        return Fields(self.get(key), self.at / key, known, self.findings)


def _key_help(key: str, known: Keys) -> str:
    return did_you_mean(key, known, "the keys here are", most=len(known))


def _as_predicate(message: str) -> str:
    return f"is wrong: {message}" if message.startswith('"') else message


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
