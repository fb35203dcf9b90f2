"""What a run came to, as far as it concerns whoever answers a request or mends a plan: steps, values, failures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.plan.values import WorkflowPlan

StepStatus = Literal[
    "succeeded",
    "partial",  # with rounds or steps that failed and were gone on without
    "failed",
    "blocked",  # not done because something that it needs failed
    "skipped",  # as the plan wanted it
    "cancelled",
    "interrupted",
    "running",
    "retrying",
    "waiting",
]

_LONGEST_REASON = 300
_MOST_FAILURES = 12

_WORDS: Mapping[str, str] = {
    "failed": "failed",
    "blocked": "not done",
    "cancelled": "given up",
    "interrupted": "cut off",
    "running": "not finished",
    "retrying": "not finished",
    "waiting": "not done",
}


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What became of a step of the plan itself, or of one in a round of a scope."""

    key: str  # the step's id; in a round, with the round that it is part of
    title: str
    status: StepStatus
    value: Json = None
    reason: str = ""  # why it failed, was skipped or given up

    @property
    def is_undone(self) -> bool:
        return self.status in _WORDS

    @property
    def why(self) -> str:
        """That it is undone, and why."""
        return ": ".join(filter(None, (_WORDS[self.status], in_one_line(self.reason))))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a run stands."""

    run_id: str
    plan: WorkflowPlan
    status: str
    output: Json
    error: str  # why the run as a whole failed
    steps: tuple[StepOutcome, ...]  # those of the plan itself, in its order
    failed_inside: tuple[StepOutcome, ...] = ()  # steps in rounds
    fixed: Mapping[str, str] = field(default_factory=dict)  # steps that no other plan may change, and why
    begun: frozenset[str] = frozenset()  # scopes that got somewhere: another plan may leave them out, not change them

    @property
    def is_whole(self) -> bool:
        """Whether nothing failed, nowhere."""
        return self.status == "succeeded" and not any(True for _ in self.undone())

    def undone(self) -> Iterator[StepOutcome]:
        """Every step that should have been done and was not, what failed first."""
        undone = [*(step for step in self.steps if step.is_undone), *self.failed_inside]
        yield from sorted(undone, key=lambda step: step.status != "failed")

    def has_told(self, failure: Failure | None) -> bool:
        """Whether a step failed for that very reason."""
        return failure is not None and any(step.reason == failure.message for step in self.undone())

    def results(self) -> list[StepOutcome]:
        """What was made: the finished steps whose results no finished step reads."""
        done = {step.key for step in self.steps if step.status in ("succeeded", "partial")}
        read = {need for step in self.plan.steps if step.step_id in done for need in step.depends_on}
        return [step for step in self.steps if step.key in done - read]


def failure_lines(outcome: Outcome) -> list[str]:
    """What did not succeed and why, a line for each reason, without what only follows from that the run failed."""
    undone = list(outcome.undone())
    titles: dict[str, list[str]] = {}
    for step in undone[:_MOST_FAILURES]:
        titles.setdefault(step.why, []).append(step.title)
    lines = [f"{_together(alike)}: {why}" for why, alike in titles.items()]
    if len(undone) > _MOST_FAILURES:
        lines.append(f"and {len(undone) - _MOST_FAILURES} more")
    if not undone and outcome.status not in ("succeeded", "partial"):
        lines.append(f"the run {outcome.status}: {in_one_line(outcome.error)}" if outcome.error else outcome.status)
    return lines


def _together(titles: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(titles[:-1]), titles[-1])))


def in_one_line(text: str) -> str:
    """The beginning of a text, without line breaks."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
