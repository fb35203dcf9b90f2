"""What was found out about one part: a verdict, what it rests on, and the same as facts for a program."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from overseer.jsonvalue import Json

# note: works, but something may be missed; broken: something will not work.
Status = Literal["ok", "note", "broken"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, looked at."""

    name: str
    status: Status
    verdict: str
    details: tuple[str, ...] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)
    rest: tuple[str, ...] = ()  # details that are told only to who asks for all of them

    def lines(self, *, is_full: bool) -> Iterator[str]:
        """The verdict; what it rests on is told where something is amiss, or where it is asked for."""
        yield f"{self.status:<6}  {self.name}: {self.verdict}"
        if is_full or self.status != "ok":
            yield from (f"          {line}" for line in self.details)
        if is_full:
            yield from (f"          {line}" for line in self.rest)

    def to_json(self) -> dict[str, Json]:
        return {"status": self.status, "verdict": self.verdict, **self.facts}


class TooSlow(Exception):
    """It had not ended when its time was up; it may go on, but nobody waits for it."""


_RAISED: Final = "raised"


def within(seconds: float, look: Callable[[], T]) -> T:
    """What a look gives if it comes in time; TooSlow if it does not: a name that is looked up knows no limit itself."""
    outcome: list[tuple[str, object]] = []

    def carry_out() -> None:
        try:
            outcome.append(("gave", look()))
        except BaseException as error:
            outcome.append((_RAISED, error))

    thread = threading.Thread(target=carry_out, daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise TooSlow
    how, what = outcome[0]
    if how == _RAISED:
        assert isinstance(what, BaseException)
        raise what
    return what  # type: ignore[return-value]
