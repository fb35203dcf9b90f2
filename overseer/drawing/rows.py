"""The rows of a Gantt chart: each step with its stretches of time, many rounds of one step in a single row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from overseer.drawing.sketch import Node, Sketch, outcome_of, path_of, seconds_text
from overseer.timing import Interval, Phase, RunTiming, StepTiming

PHASES: tuple[Phase, ...] = ("running", "held", "retrying", "waiting")

# Up to so many rounds have rows of their own.
_MOST_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A step, or all rounds of one."""

    label: str
    depth: int
    status: str
    words: str  # what became of it, and how long it took
    intervals: tuple[Interval, ...]
    is_scope: bool
    keys: tuple[str, ...]


def rows_of(timing: RunTiming, sketch: Sketch, *, all_rounds: bool = False) -> list[Row]:
    """The rows of a run, whose plan the sketch is of."""
    nodes = sketch.by_path()
    rows: list[Row] = []
    for _, group in groupby(timing.steps, key=lambda step: step.key.partition("[")[0]):
        steps = list(group)
        rounds = Counter(step.key.rpartition("/")[0] for step in steps if "/" in step.key)
        if all_rounds or len(rounds) <= _MOST_ROUNDS:
            rows += (_row(step, nodes) for step in steps)
        else:
            rows += _folded(steps, nodes)
    return rows


def _row(step: StepTiming, nodes: Mapping[str, Node]) -> Row:
    path = path_of(step.key)
    scope, _, index = step.key.rpartition("/")[0].rpartition("[")
    label = f"[{index.removesuffix(']')}] " if scope else ""
    return Row(
        label + _label(path, nodes),
        path.count("/"),
        step.status,
        _words([step]),
        step.intervals,
        step.is_scope,
        (step.key,),
    )


def _label(path: str, nodes: Mapping[str, Node]) -> str:
    return f"{nodes[path].number}. {nodes[path].title}" if path in nodes else path


def _folded(steps: list[StepTiming], nodes: Mapping[str, Node]) -> Iterator[Row]:
    by_path: dict[str, list[StepTiming]] = {}
    for step in steps:
        by_path.setdefault(path_of(step.key), []).append(step)
    for path, same in by_path.items():
        if len(same) == 1:
            yield _row(same[0], nodes)
            continue
        label = f"{_label(path, nodes)} (× {len(same):,})"
        keys = tuple(step.key for step in same)
        merged = tuple(_merged(step.intervals for step in same))
        yield Row(label, path.count("/"), outcome_of(same).status, _words(same), merged, same[0].is_scope, keys)


def _words(steps: list[StepTiming]) -> str:
    took = sum(step.took_s for step in steps)
    told = seconds_text(took) if took else ""
    counts = Counter(step.status for step in steps)
    if set(counts) <= {"succeeded"}:
        return told
    if len(steps) == 1:
        return f"{told} {steps[0].status}".strip()
    return f"{told} {', '.join(f'{count:,} {status}' for status, count in counts.most_common())}".strip()


def _merged(all_intervals: Iterable[tuple[Interval, ...]]) -> Iterator[Interval]:
    """When any of them was in a phase, for each phase."""
    by_phase: dict[Phase, list[Interval]] = {}
    for intervals in all_intervals:
        for interval in intervals:
            by_phase.setdefault(interval.phase, []).append(interval)
    for phase in reversed(PHASES):
        start: float | None = None
        end = 0.0
        for interval in sorted(by_phase.get(phase, ()), key=lambda each: each.start):
            if start is None or interval.start > end:
                if start is not None:
                    yield Interval(phase, start, end)
                start, end = interval.start, interval.end
            end = max(end, interval.end)
        if start is not None:
            yield Interval(phase, start, end)
