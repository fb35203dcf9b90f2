"""What the live view of a run costs the run.

    python bench/rendering.py [--rounds 9] [--json FILE] [--check]

Each round carries out the same plans by turns: without a view, and with the live view on a pty that another process
reads; both are journaled and watched by a report, as every run of a command is. The plans: 200 steps, and a map over
1 000 items; each with steps that take ten milliseconds, and with steps that do nothing, where the few milliseconds
show that it takes to begin a view and to end it. `share` is what the view adds to the time of the run, the median over
the rounds with its range; `cpu` is the same in processor time of the whole process, drawing included.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import statistics
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from overseer import Engine
from overseer.journal.journal import Journal
from overseer.plan import plan_from
from overseer.reports.report import Report
from overseer.terminal.live import Live
from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette
from overseer.terminal.tty import Tty
from overseer.tool import tool

GOAL = 0.10  # of the time of the run


@tool
def work(seconds: float = 0.0, number: int = 0) -> int:
    """Take so long."""
    if seconds:
        time.sleep(seconds)
    return number


def steps(seconds: float) -> dict[str, Any]:
    args = {"seconds": seconds}
    return {"steps": [{"step_id": f"s{n}", "tool": "work", "args": args | {"number": n}} for n in range(200)]}


def items(seconds: float) -> dict[str, Any]:
    body = [{"step_id": "one", "tool": "work", "args": {"seconds": seconds, "number": "{{index}}"}}]
    return {"steps": [{"step_id": "map", "iterations": 1000, "width": 16, "steps": body}]}


@dataclass(frozen=True, slots=True)
class Took:
    wall_s: float
    cpu_s: float


def carried_out(document: dict[str, Any], tty: Tty | None, journal: Journal) -> Took:
    run = Engine([work], journal=journal).prepare(document)
    plan = plan_from(document).plan
    run.watch(Report(plan, keeps_rounds=False).observe)
    wall, cpu = time.perf_counter(), time.process_time()
    if tty is None:
        run.carry_out()
    else:
        with Live(plan, tty=tty, screen=Screen(is_live=True, has_colour=True), palette=Palette()) as live:
            run.watch(live.observe, pause=live.pause)
            run.hear(live.hear)
            run.carry_out()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


@contextmanager
def terminal() -> Iterator[Tty]:
    """A pty of 100 columns and 40 rows, read by a process that does nothing else."""
    outer, inner = os.openpty()
    fcntl.ioctl(outer, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    reader = subprocess.Popen(["cat"], stdin=outer, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(outer)
    tty = Tty(inner)
    try:
        yield tty
    finally:
        tty.close()
        os.close(inner)
        reader.wait(10)


@dataclass(frozen=True, slots=True)
class Figure:
    plan: str
    run_s: float  # without a view
    share: tuple[float, float, float]  # median, least, greatest
    cpu: tuple[float, float, float]

    def line(self) -> str:
        share, cpu = (f"{mid:+6.1%} ({least:+.1%} to {most:+.1%})" for mid, least, most in (self.share, self.cpu))
        return f"{self.plan:<28} {self.run_s:7.3f} s   share {share:<28} cpu {cpu}"


def figure(name: str, document: dict[str, Any], rounds: int, tty: Tty, journal: Journal) -> Figure:
    carried_out(document, None, journal)  # threads are made, modules loaded
    carried_out(document, tty, journal)
    pairs: list[tuple[Took, Took]] = []
    for number in range(rounds):
        if number % 2:
            with_view = carried_out(document, tty, journal)
            pairs.append((carried_out(document, None, journal), with_view))
        else:
            without = carried_out(document, None, journal)
            pairs.append((without, carried_out(document, tty, journal)))
    return Figure(
        name,
        statistics.median(without.wall_s for without, _ in pairs),
        _spread([with_view.wall_s / without.wall_s - 1 for without, with_view in pairs]),
        _spread([with_view.cpu_s / without.cpu_s - 1 for without, with_view in pairs]),
    )


def _spread(values: list[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--check", action="store_true", help="end with 1 if a share of steps that work is more than a tenth"
    )
    options = parser.parse_args()
    figures: list[Figure] = []
    with TemporaryDirectory() as folder, Journal.open(Path(folder) / "journal.db") as journal, terminal() as tty:
        for seconds, kind in ((0.0, "nothing"), (0.01, "10 ms")):
            for name, document in (("200 steps", steps(seconds)), ("map of 1 000", items(seconds))):
                figures.append(figure(f"{name}, each {kind}", document, options.rounds, tty, journal))
                print(figures[-1].line(), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=2))
    return int(options.check and any(figure.share[0] > GOAL for figure in figures if "10 ms" in figure.plan))


if __name__ == "__main__":
    sys.exit(main())
