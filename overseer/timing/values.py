"""The times of a run, as values."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from overseer.jsonvalue import Json
from overseer.plan.values import WorkflowPlan

# Ready, but not begun; at work; kept by a limit that many share, or by another run; failed, and to be tried again.
Phase: TypeAlias = Literal["waiting", "running", "held", "retrying"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time that a step spent in one way."""

    phase: Phase
    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class StepTiming:
    """One step of one round: what became of it, and when it was doing what."""

    key: str
    status: str
    intervals: tuple[Interval, ...]
    attempts: int
    is_scope: bool
    limits: tuple[str, ...]  # that it was held by, and other runs
    calls: int  # of tools, by its code
    spent: Json

    def time_in(self, *phases: Phase) -> float:
        return sum(interval.length for interval in self.intervals if interval.phase in phases)

    @property
    def took_s(self) -> float:
        """How long it was at it, pauses between attempts included, waits for others' sake not."""
        return self.time_in("running", "retrying")

    def to_json(self) -> dict[str, Json]:
        return {
            "step_id": self.key,
            "status": self.status,
            "attempts": self.attempts,
            "took_s": _rounded(self.took_s),
            "intervals": [[each.phase, _rounded(each.start), _rounded(each.end)] for each in self.intervals],
            **({"is_scope": True} if self.is_scope else {}),
            **({"limits": list(self.limits)} if self.limits else {}),
            **({"calls": self.calls} if self.calls else {}),
            **({"spent": self.spent} if self.spent else {}),
        }


@dataclass(frozen=True, slots=True)
class Break:
    """Where nobody was at the run: from the last that is known of one process to its resumption."""

    at: float
    away_s: float


@dataclass(slots=True)
class PutAway:
    """Of rounds that are over and whose steps are not kept: what their steps come to."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[Phase, float] = field(default_factory=lambda: defaultdict(float))
    limits: dict[str, None] = field(default_factory=dict)

    @property
    def took_s(self) -> float:
        return self.seconds["running"] + self.seconds["retrying"]

    def add(self, step: StepTiming) -> None:
        self.counts[step.status] += 1
        self.limits |= dict.fromkeys(step.limits)
        if not step.is_scope:
            for interval in step.intervals:
                self.seconds[interval.phase] += interval.length


@dataclass(frozen=True, slots=True)
class RunTiming:
    """The times of a run and of its steps: as in the plan, each scope followed by the steps of its rounds."""

    plan: WorkflowPlan  # as it was in the end
    status: str
    began: float | None  # by the clock on the wall
    wall_s: float
    sum_s: float  # what its steps took, one after the other
    critical_s: float  # what the longest chain of steps that need each other took
    critical: tuple[str, ...]  # the keys of those steps
    steps: tuple[StepTiming, ...]
    breaks: tuple[Break, ...]
    spent: Json
    put_away: PutAway = field(default_factory=PutAway)

    @property
    def speed_up(self) -> float | None:
        """How many times faster it was than its steps one after the other; None if it took no time."""
        return self.sum_s / self.wall_s if self.wall_s > 0 and self.sum_s > 0 else None

    def counts(self) -> Counter[str]:
        """How many steps ended how."""
        return Counter(step.status for step in self.steps) + self.put_away.counts

    def time_in(self, phase: Phase) -> float:
        """How long all steps together were in a phase."""
        kept = sum(step.time_in(phase) for step in self.steps if not step.is_scope)
        return kept + self.put_away.seconds[phase]

    def limits(self) -> tuple[str, ...]:
        """What steps were held by."""
        return tuple(dict.fromkeys(limit for step in self.steps for limit in step.limits) | self.put_away.limits)

    def to_json(self) -> dict[str, Json]:
        """All of it but the plan."""
        return {
            "status": self.status,
            "began": self.began,
            "wall_s": _rounded(self.wall_s),
            "sum_s": _rounded(self.sum_s),
            "speed_up": _rounded(self.speed_up) if self.speed_up is not None else None,
            "critical_s": _rounded(self.critical_s),
            "critical": list(self.critical),
            "breaks": [{"at": _rounded(each.at), "away_s": _rounded(each.away_s)} for each in self.breaks],
            "spent": self.spent,
            "steps": [step.to_json() for step in self.steps],
        }


def _rounded(seconds: float) -> float:
    return round(seconds, 6)
