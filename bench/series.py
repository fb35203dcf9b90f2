"""Which measurements are taken, in which order.

Every round measures all contenders one after the other in a new random order, so that what else the
machine does meanwhile meets all of them; only figures of one round are ever compared.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.contenders import Contender
from bench.measure import Failed, Measured


@dataclass(frozen=True, slots=True)
class Workload:
    """A graph, how many of its steps may run at a time, and how often one process runs it."""

    dag: str
    workers: int = 8
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one contender with one graph in one round."""

    group: str
    dag: str
    contender: str
    round: int
    outcome: Measured | Failed


Measure = Callable[[Contender, Workload], Measured | Failed]

_NO_OPS = ("wide", "layered", "chain")

GROUPS: dict[str, tuple[Workload, ...]] = {
    "overhead": (
        *(Workload(f"{shape}:1000", repeats=3) for shape in _NO_OPS),
        *(Workload(f"{shape}:10000") for shape in _NO_OPS),
    ),
    "huge": tuple(Workload(f"{shape}:100000") for shape in _NO_OPS),
    "makespan": (Workload("staggered:200", workers=200, repeats=2), Workload("joke:2", workers=4, repeats=2)),
    "speedup": tuple(Workload(f"fanout:{size}", workers=size, repeats=5) for size in (2, 4, 8, 32, 128)),
    "memory": tuple(Workload(f"{shape}:10000") for shape in _NO_OPS),
}

# The same in small, to see that everything works: each group, each shape, and two sizes of one to compare.
# None of its figures means anything.
QUICK: dict[str, tuple[Workload, ...]] = {
    "overhead": tuple(Workload(dag) for dag in ("wide:10", "wide:100", "layered:100", "chain:100")),
    "huge": (Workload("layered:200"),),
    "makespan": (Workload("staggered:10", workers=10),),
    "speedup": (Workload("fanout:3", workers=3, repeats=2),),
    "memory": (Workload("chain:100"),),
}


def trials(
    groups: Mapping[str, Sequence[Workload]],
    contenders: Sequence[Contender],
    measure: Measure,
    *,
    rounds: int,
    chance: random.Random,
) -> Iterator[Trial]:
    """All measurements, one by one. Whoever fails with a graph is not tried with it or a larger one again."""
    failures: dict[tuple[str, str], tuple[int, Failed]] = {}
    for group, workload, number, contender in _turns(groups, contenders, rounds, chance):
        shape, _, size = workload.dag.partition(":")
        least, known = failures.get((contender.name, shape), (math.inf, None))
        outcome = known if known and int(size) >= least else measure(contender, workload)
        if isinstance(outcome, Failed) and outcome is not known:
            outcome = Failed(f"{outcome.reason} ({workload.dag})")
            failures[contender.name, shape] = int(size), outcome
        yield Trial(group, workload.dag, contender.name, number, outcome)


def _turns(
    groups: Mapping[str, Sequence[Workload]], contenders: Sequence[Contender], rounds: int, chance: random.Random
) -> Iterator[tuple[str, Workload, int, Contender]]:
    for group, workloads in groups.items():
        for workload in workloads:
            for number in range(rounds):
                for contender in chance.sample(contenders, len(contenders)):
                    yield group, workload, number, contender
