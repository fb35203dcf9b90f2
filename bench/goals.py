"""What is asked of us, and whether the figures meet it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.figures import Figures, Ratio, Table, growth_exponent, pace_of
from bench.measure import Failed

_PLAIN = "overseer"
_STRICT = "overseer_journal"  # every event on disk before anything follows from it

# A figure, alone or with what it was in the single rounds; why there is none; None where it was not asked for.
Reading: TypeAlias = float | Ratio | Failed | None
Answer: TypeAlias = Literal["PASS", "FAIL", "not measured"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure, how it is read from the table, what it must be and what it should better be."""

    what: str
    read: Callable[[Table], Reading]
    must: float | None  # None: any figure will do, as long as there is one
    want: float
    unit: str = ""
    is_floor: bool = False  # the figure must be at least that, not at most

    def allows(self, limit: float | None, figure: float) -> bool:
        if limit is None:
            return True
        return figure >= limit if self.is_floor else figure <= limit


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal beside the figure."""

    goal: Goal
    reading: Reading

    @property
    def must(self) -> Answer:
        return self._answer(self.goal.must)

    @property
    def want(self) -> Answer:
        return self._answer(self.goal.want)

    def _answer(self, limit: float | None) -> Answer:
        if self.reading is None:
            return "not measured"
        if isinstance(self.reading, Failed):
            return "FAIL"
        figure = self.reading.median if isinstance(self.reading, Ratio) else self.reading
        return "PASS" if self.goal.allows(limit, figure) else "FAIL"


def verdicts(table: Table) -> list[Verdict]:
    return [Verdict(goal, goal.read(table)) for goal in GOALS]


def _goals() -> Iterator[Goal]:
    for shape, must, want in (("wide", 2.0, 1.0), ("layered", 2.0, 1.0), ("chain", 1.5, 1.0)):
        yield Goal(f"time / reference, {shape}:10000, no journal", _cost(_PLAIN, shape), must, want)
    for shape, must, want in (("wide", 2.5, 1.5), ("layered", 2.5, 1.5), ("chain", 2.5, 1.8)):
        yield Goal(f"time / reference, {shape}:10000, journal", _cost(_STRICT, shape), must, want)
    for shape in ("wide", "layered", "chain"):
        yield Goal(f"growth exponent, {shape}, 1000 to 10000", _exponent(shape), 1.10, 1.05)
    for shape in ("wide", "layered", "chain"):
        yield Goal(f"completes {shape}:100000", _whole_time(shape), None, 5.0, unit="s")
    for shape in ("wide", "layered", "chain"):
        yield Goal(f"memory per step, {shape}:10000, no journal", _memory(shape), 2.0, 1.0, unit="KB")
    yield Goal("makespan / critical path, staggered:200, journal", _makespan, 1.03, 1.01)
    for ways, must, want in ((2, 1.95, 1.98), (4, 3.9, 3.95), (8, 7.8, 7.9), (32, 30, 31), (128, 110, 120)):
        yield Goal(f"speed-up, {ways} x 50 ms, warm", _speed_up(ways), must, want, is_floor=True)


def _cost(contender: str, shape: str) -> Callable[[Table], Reading]:
    def ratio(figures: Figures) -> Reading:
        return figures.against_reference or Failed("the reference failed")

    return lambda table: _read(table, "overhead", f"{shape}:10000", contender, ratio)


def _exponent(shape: str) -> Callable[[Table], Reading]:
    def exponent(table: Table) -> Reading:
        def against_small(large: Figures) -> Reading:
            return _read(
                table, "overhead", f"{shape}:1000", _PLAIN, lambda small: growth_exponent(small, large, times=10)
            )

        return _read(table, "overhead", f"{shape}:10000", _PLAIN, against_small)

    return exponent


def _whole_time(shape: str) -> Callable[[Table], Reading]:
    return lambda table: _read(table, "huge", f"{shape}:100000", _PLAIN, lambda figures: figures.total_s)


def _memory(shape: str) -> Callable[[Table], Reading]:
    return lambda table: _read(table, "memory", f"{shape}:10000", _PLAIN, lambda figures: figures.bytes_per_step / 1024)


def _makespan(table: Table) -> Reading:
    return _read(table, "makespan", "staggered:200", _STRICT, lambda figures: pace_of(figures).over_critical_path)


def _speed_up(ways: int) -> Callable[[Table], Reading]:
    return lambda table: _read(table, "speedup", f"fanout:{ways}", _PLAIN, lambda figures: pace_of(figures).speed_up)


def _read(table: Table, group: str, dag: str, contender: str, value: Callable[[Figures], Reading]) -> Reading:
    match table.get((group, dag), {}).get(contender):
        case Figures() as figures:
            return value(figures)
        case missing:
            return missing


GOALS = tuple(_goals())
