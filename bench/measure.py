"""One measurement: a contender runs one graph, in a process of its own.

`measured_apart` is the side of whoever asks: it starts the process, waits, and gives up after a time.
`measured` is the side of the process, `python -m bench.measure` its command.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import memory
from bench.contenders import CONTENDERS, Contender
from bench.dags import Dag, made
from bench.peers import AsyncBody, Body, Inputs

_ROOT = Path(__file__).resolve().parent.parent
_WARM_UP = "wide:3"


@dataclass(frozen=True, slots=True)
class Delays:
    """How long after the last step that they need, or after the run began, steps were on their way."""

    half_s: float  # half of them no later than this
    most_s: float  # 99 of 100
    worst_s: float


@dataclass(frozen=True, slots=True)
class Timing:
    """One run: what it took to prepare and to carry out, and the delays of its steps if they sleep."""

    build_s: float
    run_s: float
    cpu_s: float
    delays: Delays | None = None

    @property
    def total_s(self) -> float:
        return self.build_s + self.run_s


@dataclass(frozen=True, slots=True)
class Measured:
    """All runs of one process, and how much its memory grew over what it was before the first."""

    runs: tuple[Timing, ...]
    growth_bytes: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no figure."""

    reason: str


def measured_apart(
    contender: Contender, workload: str, *, workers: int, repeats: int, timeout_s: float
) -> Measured | Failed:
    """The measurement, taken in a fresh process that leaves nothing behind."""
    command = [sys.executable, "-m", "bench.measure", contender.name, workload, str(workers), str(repeats)]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = os.environ | {"TMPDIR": folder}
        try:
            ended = subprocess.run(
                command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            return Failed(f"took more than {timeout_s:g} s")
    if ended.returncode:
        return Failed((ended.stderr.strip().splitlines() or [f"ended with {ended.returncode}"])[-1][:200])
    return _read(ended.stdout.splitlines()[-1])


def measured(contender: Contender, workload: str, *, workers: int, repeats: int) -> Measured:
    """The measurement, taken in this process, which should be a fresh one."""
    module, _, function = contender.adapter.partition(":")
    prepare = getattr(import_module(module), function)
    small, dag = made(_WARM_UP), made(workload)
    _timing(contender, prepare, small, small.depths(), workers)  # imports, caches, first threads: not at stake
    depths = dag.depths()
    gc.collect()
    memory.forget_peak()
    before = memory.peak_bytes()
    runs = tuple(_timing(contender, prepare, dag, depths, workers) for _ in range(repeats))
    return Measured(runs, memory.peak_bytes() - before)


def _timing(contender: Contender, prepare: Any, dag: Dag, depths: Mapping[str, int], workers: int) -> Timing:
    """One run; ValueError if a value that it gave is wrong: fast and wrong is not in the race."""
    spans: dict[str, tuple[float, float]] = {}
    body = _async_body(dag, spans) if contender.is_async else _body(dag, spans)
    gc.collect()
    cpu, begin = time.process_time(), time.perf_counter()
    go = prepare(dag, body, workers)
    ready = time.perf_counter()
    values = go()
    end, cpu_s = time.perf_counter(), time.process_time() - cpu
    for step, depth in depths.items():
        if values.get(step) != depth:
            raise ValueError(f"wrong result: step {step} gave {values.get(step)!r} instead of {depth}")
    return Timing(ready - begin, end - ready, cpu_s, _delays(dag, spans, ready) if spans else None)


def _body(dag: Dag, spans: dict[str, tuple[float, float]]) -> Body:
    """What a step does: one more than the greatest of its inputs, after sleeping if it is one that sleeps."""

    def at_once(step: str, inputs: Inputs) -> int:
        return 1 + max(inputs.values(), default=0)

    def slowly(step: str, inputs: Inputs) -> int:
        begin = time.perf_counter()
        time.sleep(dag.sleep_s[step])
        spans[step] = (begin, time.perf_counter())
        return at_once(step, inputs)

    return slowly if dag.sleep_s else at_once


def _async_body(dag: Dag, spans: dict[str, tuple[float, float]]) -> AsyncBody:
    import asyncio  # as much as all the rest, and few need it

    async def at_once(step: str, inputs: Inputs) -> int:
        return 1 + max(inputs.values(), default=0)

    async def slowly(step: str, inputs: Inputs) -> int:
        begin = time.perf_counter()
        await asyncio.sleep(dag.sleep_s[step])
        spans[step] = (begin, time.perf_counter())
        return await at_once(step, inputs)

    return slowly if dag.sleep_s else at_once


def _delays(dag: Dag, spans: dict[str, tuple[float, float]], begin: float) -> Delays:
    delays = sorted(
        spans[step][0] - max((spans[need][1] for need in needs), default=begin) for step, needs in dag.deps.items()
    )
    return Delays(delays[len(delays) // 2], delays[len(delays) * 99 // 100], delays[-1])


def _read(text: str) -> Measured:
    told = json.loads(text)
    runs = (Timing(**run | {"delays": Delays(**run["delays"]) if run["delays"] else None}) for run in told["runs"])
    return Measured(tuple(runs), told["growth_bytes"])


def main() -> None:
    name, workload, workers, repeats = sys.argv[1:]
    contender = CONTENDERS[name]
    os.environ.update(contender.environment)
    print(json.dumps(asdict(measured(contender, workload, workers=int(workers), repeats=int(repeats)))))


if __name__ == "__main__":
    main()
