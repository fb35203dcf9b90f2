"""How long it takes to begin: `--version` and `--help` beside a bare interpreter, and the chat to its first prompt.

    python bench/startup.py [--rounds 11] [--json FILE] [--check]

Each round begins everything once, by turns. `times` is how many bare interpreters a command takes, the median
over the rounds with its range; the first prompt is timed from starting the process on a pty until the prompt was
drawn, in an empty home. What `--help` imports of the heavy libraries is counted as well: there should be nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, str(ROOT / "chat_cli.py"))

GOAL_TIMES = 5.0  # a bare interpreter's time
GOAL_PROMPT_S = 0.8
HEAVY = ("openai", "ollama", "httpx", "httpx2", "prompt_toolkit", "rich", "jsonschema", "sqlite3", "yaml", "tenacity")
_PATIENCE_S = 30.0
_PROMPT = re.compile(rb"\x1b\[\?2004h.*>", re.DOTALL)  # what is typed is read from there on


@dataclass(frozen=True, slots=True)
class Figure:
    """One time in seconds, or ratio: the median over the rounds, and its range."""

    what: str
    median: float
    least: float
    most: float
    goal: float | None = None

    @classmethod
    def of(cls, what: str, values: list[float], goal: float | None = None) -> Figure:
        return cls(what, statistics.median(values), min(values), max(values), goal)

    @property
    def is_met(self) -> bool:
        return self.goal is None or self.median <= self.goal

    def line(self) -> str:
        goal = "" if self.goal is None else f"  at most {self.goal:g}: {'PASS' if self.is_met else 'FAIL'}"
        return f"{self.what:<28} {self.median:7.3f}  ({self.least:.3f} to {self.most:.3f}){goal}"


def run_s(*command: str) -> float:
    """How long a command takes from its start to its end."""
    began = time.perf_counter()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def prompt_s(folder: Path) -> float:
    """How long the chat takes to its first prompt."""
    with _at_terminal(folder) as (descriptor, began):
        seen = b""
        while not _PROMPT.search(seen):
            readable, _, _ = select.select([descriptor], [], [], _PATIENCE_S)
            if not readable:
                raise SystemExit(f"no prompt was seen within {_PATIENCE_S:g} s, but: {seen!r}")
            seen += os.read(descriptor, 65536)
        return time.perf_counter() - began


@contextmanager
def _at_terminal(folder: Path) -> Iterator[tuple[int, float]]:
    environ = {**os.environ, "OVERSEER_HOME": str(folder / "home"), "TERM": "xterm-256color"}
    began = time.perf_counter()
    process, descriptor = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve(COMMAND[0], COMMAND, environ)
    try:
        yield descriptor, began
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(descriptor)


def heavy_in_help() -> list[str]:
    """The heavy libraries that `--help` imports."""
    timed = subprocess.run(
        [sys.executable, "-X", "importtime", COMMAND[1], "--help"], capture_output=True, text=True, check=True
    )
    imported = {line.rpartition("|")[2].strip() for line in timed.stderr.splitlines()}
    return [name for name in HEAVY if name in imported]


def measured(rounds: int, folder: Path) -> list[Figure]:
    """The figures of so many rounds, after one to warm the caches of files."""
    timed: dict[str, Callable[[], float]] = {
        "bare": lambda: run_s(sys.executable, "-c", "pass"),
        "--version": lambda: run_s(*COMMAND, "--version"),
        "--help": lambda: run_s(*COMMAND, "--help"),
        "prompt": lambda: prompt_s(folder),
    }
    took: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds + 1):
        for name, take in timed.items():
            seconds = take()
            if number:
                took[name].append(seconds)
    times = {
        name: [command / bare for command, bare in zip(took[name], took["bare"], strict=True)]
        for name in ("--version", "--help")
    }
    return [
        Figure.of("bare interpreter, s", took["bare"]),
        *(Figure.of(f"{name}, times that", values, GOAL_TIMES) for name, values in times.items()),
        Figure.of("first prompt, s", took["prompt"], GOAL_PROMPT_S),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overseer-startup-") as folder:
        figures = measured(options.rounds, Path(folder))
    heavy = heavy_in_help()
    for figure in figures:
        print(figure.line())
    print(f"heavy libraries in --help: {', '.join(heavy) or 'none'}")
    if options.json:
        options.json.write_text(json.dumps({"figures": [asdict(figure) for figure in figures], "heavy": heavy}))
    return int(options.check and (bool(heavy) or not all(figure.is_met for figure in figures)))


if __name__ == "__main__":
    sys.exit(main())
