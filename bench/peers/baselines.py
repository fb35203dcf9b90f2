"""What the standard library allows in a screenful each, without recording or checking anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter
from queue import SimpleQueue

from bench.dags import Dag
from bench.peers import Body, Go, Inputs


def serial(dag: Dag, body: Body, workers: int) -> Go:
    """One step after the other on the calling thread: the floor."""

    def go() -> dict[str, int]:
        values: dict[str, int] = {}
        for step, needs in dag.deps.items():
            values[step] = body(step, {need: values[need] for need in needs})
        return values

    return go


def graphlib_pool(dag: Dag, body: Body, workers: int) -> Go:
    """Every step is submitted to a fresh pool as soon as what it needs has ended: the reference."""
    sorter = TopologicalSorter(dag.deps)
    sorter.prepare()
    ended: SimpleQueue[tuple[str, int | BaseException]] = SimpleQueue()

    def carry_out(step: str, inputs: Inputs) -> None:
        try:
            ended.put((step, body(step, inputs)))
        except BaseException as error:  # raised again by the thread that waits for it
            ended.put((step, error))

    def go() -> dict[str, int]:
        values: dict[str, int] = {}
        with ThreadPoolExecutor(workers) as pool:
            while sorter.is_active():
                for ready in sorter.get_ready():
                    pool.submit(carry_out, ready, {need: values[need] for need in dag.deps[ready]})
                step, value = ended.get()
                if isinstance(value, BaseException):
                    raise value
                values[step] = value
                sorter.done(step)
        return values

    return go


def waves(dag: Dag, body: Body, workers: int) -> Go:
    """All steps that are ready at once, then, when the last of them has ended, the next such wave."""
    sorter = TopologicalSorter(dag.deps)
    sorter.prepare()

    def go() -> dict[str, int]:
        values: dict[str, int] = {}
        with ThreadPoolExecutor(workers) as pool:
            while sorter.is_active():
                wave = sorter.get_ready()
                inputs = [{need: values[need] for need in dag.deps[step]} for step in wave]
                values.update(zip(wave, pool.map(body, wave, inputs), strict=True))
                sorter.done(*wave)
        return values

    return go
