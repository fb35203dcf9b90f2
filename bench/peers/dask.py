"""dask's scheduler for threads, on a graph of plain tasks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module

from bench.dags import Dag
from bench.peers import Body, Go


def prepare(dag: Dag, body: Body, workers: int) -> Go:
    spec = import_module("dask.task_spec")
    get = import_module("dask.threaded").get

    def carry_out(step: str, values: Sequence[int]) -> int:
        return body(step, dict(zip(dag.deps[step], values, strict=True)))

    tasks = {
        step: spec.Task(step, partial(carry_out, step), spec.List(*map(spec.TaskRef, needs)))
        for step, needs in dag.deps.items()
    }
    steps = list(dag.deps)
    return lambda: dict(zip(steps, get(tasks, steps, num_workers=workers), strict=True))
