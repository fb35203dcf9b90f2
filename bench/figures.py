"""What the trials amount to: medians over all runs, and ratios against the reference in the same round."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from bench.contenders import REFERENCE
from bench.dags import Dag, made
from bench.measure import Delays, Failed, Measured, Timing
from bench.series import Trial


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median over the rounds, and the least and the greatest of them."""

    median: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How a graph whose steps sleep was carried out, not counting what it took to prepare."""

    over_critical_path: float
    speed_up: float  # once threads are there: in all runs of a process but the first, if there are more
    first_speed_up: float
    delays: Delays


@dataclass(frozen=True, slots=True)
class Figures:
    """One contender with one graph. `total_s` and all that follows from it count preparing and carrying out."""

    total_s: float
    build_s: float
    run_s: float
    us_per_step: float
    cpu_us_per_step: float
    bytes_per_step: float
    against_reference: Ratio | None  # None where the reference failed
    pace: Pace | None  # None where the steps do nothing


Row: TypeAlias = Figures | Failed
Table: TypeAlias = dict[tuple[str, str], dict[str, Row]]  # by group and graph, then by contender


def table_of(trials: Iterable[Trial]) -> Table:
    """The figures of every contender with every graph; whoever fails in one round has failed."""
    outcomes: dict[tuple[str, str], dict[str, list[Measured | Failed]]] = defaultdict(lambda: defaultdict(list))
    for trial in sorted(trials, key=lambda trial: trial.round):
        outcomes[trial.group, trial.dag][trial.contender].append(trial.outcome)
    return {
        (group, dag): {name: _row(made(dag), rounds, by_name.get(REFERENCE, ())) for name, rounds in by_name.items()}
        for (group, dag), by_name in outcomes.items()
    }


def pace_of(figures: Figures) -> Pace:
    assert figures.pace is not None, "only a graph whose steps sleep has a pace"
    return figures.pace


def growth_exponent(small: Figures, large: Figures, *, times: float) -> float:
    """1 where so many times the steps take so many times as long, 2 where they take the square of that."""
    return math.log(large.total_s / small.total_s) / math.log(times)


def growth_exponents(table: Table) -> dict[str, dict[str, float]]:
    """From 1 000 to 10 000 steps that do nothing, by contender and shape, where both were measured."""
    exponents: dict[str, dict[str, float]] = defaultdict(dict)
    for shape in ("wide", "layered", "chain"):
        large_rows = table.get(("overhead", f"{shape}:10000"), {})
        for name, small in table.get(("overhead", f"{shape}:1000"), {}).items():
            large = large_rows.get(name)
            if isinstance(small, Figures) and isinstance(large, Figures):
                exponents[name][shape] = growth_exponent(small, large, times=10)
    return exponents


def _row(dag: Dag, outcomes: Sequence[Measured | Failed], reference: Sequence[Measured | Failed]) -> Row:
    if failure := next((outcome for outcome in outcomes if isinstance(outcome, Failed)), None):
        return failure
    rounds = _measured(outcomes)
    runs = [run for measured in rounds for run in measured.runs]
    total_s = _median(runs, lambda run: run.total_s)
    return Figures(
        total_s=total_s,
        build_s=_median(runs, lambda run: run.build_s),
        run_s=_median(runs, lambda run: run.run_s),
        us_per_step=total_s / len(dag) * 1e6,
        cpu_us_per_step=_median(runs, lambda run: run.cpu_s) / len(dag) * 1e6,
        bytes_per_step=median(measured.growth_bytes for measured in rounds) / len(dag),
        against_reference=_ratio(rounds, _measured(reference)),
        pace=_pace(dag, rounds) if dag.sleep_s else None,
    )


def _measured(outcomes: Sequence[Measured | Failed]) -> list[Measured]:
    return [outcome for outcome in outcomes if isinstance(outcome, Measured)]


def _ratio(rounds: Sequence[Measured], reference: Sequence[Measured]) -> Ratio | None:
    if len(reference) < len(rounds):
        return None
    ratios = [
        _median(ours.runs, lambda run: run.total_s) / _median(theirs.runs, lambda run: run.total_s)
        for ours, theirs in zip(rounds, reference, strict=True)
    ]
    return Ratio(median(ratios), min(ratios), max(ratios))


def _pace(dag: Dag, rounds: Sequence[Measured]) -> Pace:
    runs = [run for measured in rounds for run in measured.runs]
    first = [measured.runs[0] for measured in rounds]
    warm = [run for measured in rounds for run in measured.runs[1:] or measured.runs]
    delays = [run.delays for run in runs if run.delays]
    return Pace(
        over_critical_path=_median(runs, lambda run: run.run_s) / dag.critical_path_s(),
        speed_up=dag.work_s / _median(warm, lambda run: run.run_s),
        first_speed_up=dag.work_s / _median(first, lambda run: run.run_s),
        delays=Delays(
            half_s=median(delay.half_s for delay in delays),
            most_s=median(delay.most_s for delay in delays),
            worst_s=median(delay.worst_s for delay in delays),
        ),
    )


def _median(runs: Iterable[Timing], value: Callable[[Timing], float]) -> float:
    return median(value(run) for run in runs)
