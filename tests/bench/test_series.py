"""In which order measurements are taken, and which are not worth taking."""

from __future__ import annotations

import random

import pytest

from bench.contenders import CONTENDERS, Contender
from bench.dags import made
from bench.measure import Failed, Measured, Timing
from bench.series import GROUPS, QUICK, Trial, Workload, trials

SERIAL, WAVES, OURS = CONTENDERS["serial"], CONTENDERS["waves"], CONTENDERS["overseer"]
GOOD = Measured((Timing(1, 2, 3),), 0)


def taken(
    *dags: str, rounds: int = 1, fails: tuple[tuple[str, str], ...] = ()
) -> tuple[list[Trial], list[tuple[str, str]]]:
    """The trials, and the measurements that were really taken for them."""
    asked: list[tuple[str, str]] = []

    def measure(contender: Contender, workload: Workload) -> Measured | Failed:
        asked.append((contender.name, workload.dag))
        return Failed("no memory") if asked[-1] in fails else GOOD

    groups = {"overhead": tuple(Workload(dag) for dag in dags)}
    return list(trials(groups, [SERIAL, WAVES, OURS], measure, rounds=rounds, chance=random.Random(3))), asked


def test_every_round_of_a_graph_measures_each_contender_once() -> None:
    found, _ = taken("chain:10", "wide:10", rounds=4)
    rounds = [found[start : start + 3] for start in range(0, len(found), 3)]
    assert [(batch[0].dag, batch[0].round) for batch in rounds] == [
        (dag, number) for dag in ("chain:10", "wide:10") for number in range(4)
    ]
    assert all({trial.contender for trial in batch} == {"serial", "waves", "overseer"} for batch in rounds)


def test_the_order_of_the_contenders_changes_from_round_to_round() -> None:
    found, _ = taken("chain:10", rounds=10)
    orders = {tuple(trial.contender for trial in found[start : start + 3]) for start in range(0, len(found), 3)}
    assert len(orders) > 2


def test_who_has_failed_is_not_tried_with_a_graph_of_that_size_or_larger_again() -> None:
    found, asked = taken("chain:20", "chain:30", "chain:10", "wide:30", rounds=2, fails=(("waves", "chain:20"),))
    assert [dag for name, dag in asked if name == "waves"] == ["chain:20", "chain:10", "chain:10", "wide:30", "wide:30"]
    failed = [(trial.dag, trial.round) for trial in found if trial.outcome == Failed("no memory (chain:20)")]
    assert failed == [("chain:20", 0), ("chain:20", 1), ("chain:30", 0), ("chain:30", 1)]


def test_one_that_fails_leaves_the_others_alone() -> None:
    found, _ = taken("chain:20", rounds=2, fails=(("waves", "chain:20"),))
    assert all(trial.outcome is GOOD for trial in found if trial.contender != "waves")


@pytest.mark.parametrize("groups", [GROUPS, QUICK])
def test_every_group_is_made_of_graphs_that_there_are(groups: dict[str, tuple[Workload, ...]]) -> None:
    assert groups.keys() == {"overhead", "huge", "makespan", "speedup", "memory"}
    assert all(made(workload.dag) for workloads in groups.values() for workload in workloads)
