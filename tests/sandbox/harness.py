"""Runs the corpus and tells what got out.

A flag is a sign of an escape: judged from outside where that can be, else by what the program itself proves.
A fault is a sign that a program did not attack at all, so that its having no flags would mean nothing.

    python -m tests.sandbox.harness full                 one world, as JSON
    python -m tests.sandbox.harness none --only environ  one program, without a sandbox
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import ctypes
import hashlib
import json
import os
import re
import resource
import secrets
import signal
import site
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from overseer.console import printable
from overseer.errors import Failure
from overseer.jsonvalue import Json
from overseer.nodes.connection import Answer, NodeDoor
from overseer.tool import Cancellation
from tests.sandbox.bare import Bare
from tests.sandbox.world import World

ROOT = Path(__file__).parents[2]
CORPUS = Path(__file__).parent / "corpus"
_KIT = Path(__file__).parent / "kit.py"
_PRELUDE = "import sys, types; m = types.ModuleType('kit'); sys.modules['kit'] = m; exec({kit!r}, m.__dict__); del m\n"

_KEY = "OVERSEER_FAKE_API_KEY"
_LATE_S = 1.5
_PATIENCE = 6
_MOST_CALLS = 200
_MOST_IN_FLIGHT = 16
_MOST_OUTPUT = 4 * 1024 * 1024 + 4096
_MOST_MEMORY = 640 * 1024 * 1024
_MOST_HELD_KIB = 48 * 1024
FORGED = "987654321"  # stands in everything that programs forge

_SIGNALS = ("USR1", "USR2", "HUP", "TERM", "IO", "WINCH", "URG", "ALRM", "CONT", "PROF", "VTALRM")
_MISTAKES = re.compile(r"(NameError|TypeError|AttributeError|ImportError|ModuleNotFoundError|SyntaxError|KeyError): .*")


@dataclass(frozen=True)
class Program:
    """One file of the corpus. What its constants say stands in `corpus/README.md`."""

    name: str
    text: str
    about: str
    wall_s: float = 3.0
    is_slow: bool = False
    has_door: bool = False
    ends: tuple[str, ...] = ("good",)
    never: tuple[str, ...] = ()
    variants: tuple[Any, ...] = (None,)
    then: str | None = None
    is_only_followed: bool = False
    breaks: bool = False
    is_source: bool = False

    @classmethod
    def read(cls, path: Path) -> Program:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        known = {
            statement.targets[0].id: statement.value
            for statement in tree.body
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
        }
        names = {"WALL_S", "SLOW", "DOOR", "ENDS", "NEVER", "VARIANTS", "THEN", "ONLY_FOLLOWED", "BREAKS"}
        said = {name: ast.literal_eval(value) for name, value in known.items() if name in names}
        is_slow = said.get("SLOW", False)
        return cls(
            name=path.stem,
            text=text,
            about=(ast.get_docstring(tree) or "").splitlines()[0],
            wall_s=said.get("WALL_S", 0.5 if is_slow else 3.0),
            is_slow=is_slow,
            has_door=said.get("DOOR", False),
            ends=tuple(said.get("ENDS", ["good"])),
            never=tuple(said.get("NEVER", [])),
            variants=tuple(said.get("VARIANTS", [None])),
            then=said.get("THEN"),
            is_only_followed=said.get("ONLY_FOLLOWED", False),
            breaks=said.get("BREAKS", False),
            is_source=any(isinstance(item, ast.FunctionDef) and item.name == "make_source" for item in tree.body),
        )

    def source(self, variant: Any) -> str:
        if self.is_source:
            space: dict[str, Any] = {}
            exec(compile(self.text, self.name, "exec"), space)
            made: str = space["make_source"](variant)
            return made
        return _PRELUDE.format(kit=_KIT.read_text(encoding="utf-8")) + self.text


def corpus() -> dict[str, Program]:
    return {path.stem: Program.read(path) for path in sorted(CORPUS.glob("*.py")) if path.stem != "__init__"}


@dataclass
class Run:
    """What came of one program, or of one variant of it."""

    name: str
    verdict: str = ""
    elapsed_s: float = 0.0
    tried: int = 0
    error: str = ""
    flags: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)


class Runner(Protocol):
    """A jail, or none."""

    level: str

    def run(self, source: str, given: Any, wall_s: float, door: NodeDoor | None) -> Any: ...


class Jailed:
    """The sandbox, as programs are run in it."""

    def __init__(self, sandbox: Any, level: str) -> None:
        self._sandbox = sandbox
        self.level = level

    def run(self, source: str, given: Any, wall_s: float, door: NodeDoor | None) -> Any:
        from overseer.sandbox import Job, Limits  # type: ignore[import-not-found]

        return self._sandbox.run(Job(source=source, input=given, limits=Limits(wall_s=wall_s)), door=door)


class Harness:
    """Runs programs with one runner, and watches this process, its children and each program's world."""

    def __init__(self, runner: Runner, key: str) -> None:
        self._runner = runner
        self._programs = corpus()
        self._key = key
        self._heap = bytearray(f"HEAPKEY-{secrets.token_hex(8)}".encode()) + bytearray(64)
        self._heap_address = ctypes.addressof(ctypes.c_char.from_buffer(self._heap))
        self._signals: list[int] = []
        for name in (*_SIGNALS, "RTMIN"):
            signal.signal(getattr(signal, f"SIG{name}"), lambda number, _: self._signals.append(number))
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: who is left behind becomes our child
        self._most_memory = 0
        self._looking = threading.Lock()  # for which files are opened, that must not be counted
        self._is_over = threading.Event()

    def run(self, only: Sequence[str] = ()) -> list[Run]:
        if not self._is_alive():
            return [Run("(plain node)", faults=["a plain node does not run"])]
        self._processes = _descendants()
        self._itself = self._own_state()
        chosen = [
            (program, variant)
            for program in self._programs.values()
            for variant in program.variants[: 2 if self._runner.level == "none" else None]  # where many end late
            if not program.is_only_followed and (not only or program.name in only)
        ]
        watching = threading.Thread(target=self._watch, daemon=True)
        watching.start()
        with ThreadPoolExecutor(8) as pool:
            slow = [item for item in chosen if item[0].is_slow]
            runs = list(pool.map(lambda item: self._run(*item), slow))
        if slow:
            runs.append(self._outside(Run("(slow ones together)", verdict="good")))
        for program, variant in chosen:
            if not program.is_slow:
                self._most_memory = 0
                run = self._run(program, variant)
                runs.append(self._outside(run, most_memory=self._most_memory))
                if program.then is not None:
                    runs.append(self._outside(self._run(self._programs[program.then], variant)))
        self._is_over.set()
        watching.join()
        return runs

    # --- one program

    def _run(self, program: Program, variant: Any) -> Run:
        """Run it; once more, with more time, where a busy machine ended it before it had attacked."""
        run = self._once(program, variant, program.wall_s)
        if run.verdict != "killed" or not run.faults:
            return run
        again = self._once(program, variant, _PATIENCE * program.wall_s)
        again.flags += run.flags
        return again

    def _once(self, program: Program, variant: Any, wall_s: float) -> Run:
        run = Run(program.name if variant is None else f"{program.name}[{variant}]")
        world = World()
        door = _Door() if program.has_door else None
        held_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.monotonic()
        try:
            outcome = self._runner.run(program.source(variant), self._facts(world, variant), wall_s, door)
        except Exception:
            run.flags.append(f"the sandbox itself failed: {traceback.format_exc()[-1500:]}")
            outcome = None
        run.elapsed_s = round(time.monotonic() - started, 3)
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held_before
        if held > _MOST_HELD_KIB and not program.is_slow:
            run.flags.append(f"the parent grew by {held >> 10} MiB")
        if run.elapsed_s > wall_s + _LATE_S:
            run.flags.append(f"ran {run.elapsed_s} s with a wall limit of {wall_s} s")
        if outcome is not None:
            self._judge(run, program, outcome, world)
        if door is not None:
            run.flags += door.flags()
            if not door.calls:
                run.faults.append("never called a tool")
        run.flags += world.touched()
        world.close()
        return run

    def _facts(self, world: World, variant: Any) -> dict[str, Any]:
        is_bare = self._runner.level == "none"
        sites = [folder for folder in site.getsitepackages() if os.path.isdir(folder)]
        site_files = [str(path) for folder in sites for path in Path(folder).glob("*/METADATA")] or [
            str(path) for folder in sites for path in Path(folder).glob("*/__init__.py")
        ]
        return {
            **world.facts(),
            "variant": variant,
            "job": f"OVSJOB-{world.token}",
            "level": self._runner.level,
            "is_bare": is_bare,
            "parent": os.getpid(),
            "keys": [_KEY],
            "heap_address": self._heap_address,
            "uid": os.getuid(),
            "gid": os.getgid(),
            "home": os.path.expanduser("~"),
            "site_file": site_files[0] if site_files else None,
            "site_packages": sites[0] if sites else None,
            "checkout": str(ROOT),
            "hostname": socket.gethostname(),
            "forks": 200 if is_bare else 2000,
            "memory_mib": 700 if is_bare else 2000,
            "disk_mib": 80 if is_bare else 300,
            "flood_mib": 64 if is_bare else 200,
        }

    def _judge(self, run: Run, program: Program, outcome: Any, world: World) -> None:
        value, stderr, error = outcome.value, str(outcome.stderr or ""), str(outcome.error or "")
        run.verdict = str(getattr(outcome.verdict, "value", outcome.verdict))
        run.error = error[:600]
        run.details.append(stderr[:1500])
        told = value if isinstance(value, dict) else {}
        listed = {name: told[name] if isinstance(told.get(name), list) else [] for name in ("got", "tried", "seen")}
        run.tried = len(listed["tried"]) + stderr.count("tried: ")
        run.details += [str(item) for item in listed["tried"]]
        if run.verdict == "good":
            run.flags += [f"got {item}" for item in listed["got"]]
            if self._runner.level == "full":
                run.flags += [f"saw {item}" for item in listed["seen"]]
        else:
            run.flags += [line for line in stderr.splitlines() if line.startswith("got: ")]
        shown = _text(value)
        text = f"{shown} {stderr} {error}"
        for what, secret in (("canary", world.secret), ("key", self._key), ("heap", self._heap[:24].decode())):
            if secret in text:
                run.flags.append(f"it has the {what}'s secret")
        if run.verdict in program.never:
            run.flags.append(f"the verdict is {run.verdict}: {shown[:100]}")
        if max(len(stderr), len(error), len(shown)) > _MOST_OUTPUT:
            run.flags.append(f"{len(stderr)} bytes of stderr, {len(shown)} of a value")
        if "\x1b" in printable(f"{error} {stderr}"):  # through which all passes that is shown
            run.flags.append("an escape sequence in the error")
        if self._runner.level != "none" and str(getattr(outcome.level, "value", outcome.level)) != self._runner.level:
            run.flags.append(f"the level is {outcome.level!r}")
        if FORGED in f"{outcome.metrics} {outcome.level}":
            run.flags.append(f"forged metrics or level: {outcome.metrics}, {outcome.level}")
        if not run.tried and not program.is_source:  # whose attack is that it is compiled
            run.faults.append(f"did not say what it tried ({run.verdict})")
        is_expected = program.breaks or program.is_source
        if (
            run.verdict == "crash"
            and not is_expected
            and (found := _MISTAKES.search(error) or _MISTAKES.search(stderr))
        ):
            run.faults.append(f"broke down: {found[0][:200]}")
        if self._runner.level != "none" and run.verdict not in (*program.ends, *program.never):
            run.faults.append(f"ended as {run.verdict}, not as {'/'.join(program.ends)}: {error[-300:]}")

    # --- what is the same for all

    def _outside(self, run: Run, most_memory: int = 0) -> Run:
        """Add what shows on this process and its children."""
        if most_memory > _MOST_MEMORY:
            run.flags.append(f"a process had {most_memory >> 20} MiB")
        deadline = time.monotonic() + (0.3 if self._runner.level == "none" else _LATE_S)
        while (left := _descendants()) != self._processes and time.monotonic() < deadline:
            time.sleep(0.01)
        while self._descriptors() > self._itself["descriptors"] and time.monotonic() < deadline:
            time.sleep(0.01)  # a thread that served the program may still be closing its end
        for pid in left.keys() - self._processes.keys():
            run.flags.append(f"left a process: {left[pid]}")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        run.flags += [f"ended {self._processes[pid]}" for pid in self._processes.keys() - left.keys()]
        if self._signals:
            run.flags.append(f"the parent was signalled: {sorted(set(self._signals))}")
            self._signals.clear()
        itself = self._own_state()
        run.flags += [
            f"the parent's {name} was changed: {self._itself[name]} -> {itself[name]}"
            for name in itself
            if (itself[name] > self._itself[name] if name == "descriptors" else itself[name] != self._itself[name])
        ]
        if itself["host name"] != self._itself["host name"]:  # as root, without a jail
            socket.sethostname(self._itself["host name"])
            itself["host name"] = self._itself["host name"]
        self._itself = itself
        if self._runner.level != "none" and not self._is_alive():
            run.flags.append("no plain node runs after it")
        self._reap()
        self._processes = _descendants()
        return run

    def _is_alive(self) -> bool:
        try:
            return bool(self._runner.run("def main(input):\n    return input + 1", 41, 10.0, None).value == 42)
        except Exception:
            traceback.print_exc()
            return False

    def _own_state(self) -> dict[str, Any]:
        library = Path(json.__file__).parent
        return {
            "heap": bytes(self._heap),
            "limits": {name: resource.getrlimit(getattr(resource, name)) for name in _RLIMITS},
            "niceness": os.getpriority(os.PRIO_PROCESS, 0),
            "processors": sorted(os.sched_getaffinity(0)),
            "scheduling": os.sched_getscheduler(0),
            "folder": os.getcwd(),
            "host name": socket.gethostname(),
            "score": _read("/proc/self/oom_score_adj"),
            "library": sorted(_as_it_is(path) for path in library.glob("*.py")),
            "library's files": sorted(path.name for path in library.parent.glob("*")),
            "descriptors": self._descriptors(),
        }

    def _descriptors(self) -> int:
        """How many are open; without a jail, what is left behind may hold some."""
        with self._looking:
            return len(os.listdir("/proc/self/fd")) if self._runner.level != "none" else 0

    def _reap(self) -> None:
        """Take leave of processes that became ours only because they were left behind."""
        time.sleep(0.002)
        for pid, about in _descendants().items():
            if pid not in self._processes and about.startswith("Z"):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def _watch(self) -> None:
        page = resource.getpagesize()
        while not self._is_over.wait(0.1):
            with self._looking:
                for pid in _descendants():
                    with contextlib.suppress(OSError, IndexError):
                        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                        self._most_memory = max(self._most_memory, pages * page)


_RLIMITS = [name for name in dir(resource) if name.startswith("RLIMIT_")]


class _Door:
    """Has one tool, `echo`. Says what it was asked for more than a node may ask."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._inside = 0
        self._most_inside = 0
        self._lock = threading.Lock()

    def call(
        self, tool: str, prompt: str, args: dict[str, Json], *, timeout_s: float | None, cancellation: Cancellation
    ) -> Answer:
        with self._lock:
            self.calls.append(tool)
            self._inside += 1
            self._most_inside = max(self._most_inside, self._inside)
        try:
            if tool != "echo":
                return Answer(failure=Failure("denied", f"'{tool}' is not granted"))
            if prompt == "slow":
                deadline = time.monotonic() + 0.2
                while time.monotonic() < deadline and not cancellation.is_asked:
                    time.sleep(0.01)
            return Answer(prompt)
        finally:
            with self._lock:
                self._inside -= 1

    def ask(self, model: str, prompt: str, options: Mapping[str, Json], *, cancellation: Cancellation) -> Answer:
        return Answer(failure=Failure("denied", "no model is granted"))

    def resilient(
        self,
        scenario: str,
        given: Json,
        *,
        tags: Sequence[str],
        max_attempts: int,
        mark_failures: bool,
        cancellation: Cancellation,
    ) -> Answer:
        return Answer(failure=Failure("denied", "nothing is granted"))

    def flags(self) -> list[str]:
        flags = []
        if self._most_inside > _MOST_IN_FLIGHT:
            flags.append(f"{self._most_inside} calls were carried out at once")
        if len(self.calls) > _MOST_CALLS:
            flags.append(f"{len(self.calls)} calls were carried out")
        return flags


def _text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return repr(value)[:1000]


def _as_it_is(path: Path) -> tuple[object, ...]:
    """All of a file but when it was touched last, which a jail that is weakened on purpose may do meanwhile."""
    status = path.stat()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return path.name, status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, digest


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _descendants() -> dict[int, str]:
    """All processes below this one, with their state and name."""
    parents, about = {}, {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (stat := _stat(entry)):
            head, _, tail = stat.rpartition(b")")
            state, parent = tail.split(None, 2)[:2]
            pid = int(entry)
            parents[pid] = int(parent)
            about[pid] = (state, head)
    found: dict[int, str] = {}
    for pid in parents:
        line, at = [], pid
        while at in parents and at != os.getpid() and at not in line:
            line.append(at)
            at = parents[at]
        if at == os.getpid():
            found.update({one: _told_of(one, *about[one]) for one in line})
    found.pop(os.getpid(), None)
    return found


def _stat(pid: str) -> bytes:
    """Read plainly, for this is read tens of thousands of times."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(file, 4096)
    except OSError:
        return b""
    finally:
        os.close(file)


def _told_of(pid: int, state: bytes, head: bytes) -> str:
    name = head.partition(b"(")[2].decode(errors="replace")
    return f"{'Z' if state == b'Z' else '-'} {pid} {name}"


@contextlib.contextmanager
def _runner(level: str) -> Iterator[Runner]:
    if level == "none":
        yield Bare()
        return
    from overseer.sandbox import Sandbox

    with Sandbox.start(level) as sandbox:
        yield Jailed(sandbox, level)


def _refused(level: str) -> list[Run]:
    """Whether a level that cannot be had is refused, and not given in name alone."""
    from overseer.sandbox import Sandbox, SandboxUnavailable

    try:
        with Sandbox.start(level):
            return [Run("(start)", flags=[f"the level {level} was given where it cannot be had"])]
    except SandboxUnavailable as error:
        return [Run("(start)", verdict="good", tried=1, error=str(error))]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("level", choices=["full", "hardened", "none"])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--without-namespaces", action="store_true", help="first see that 'full' is refused")
    options = parser.parse_args()
    if _KEY not in os.environ:  # it must be there from the start, to be seen in /proc/PID/environ
        again = [sys.executable, "-m", "tests.sandbox.harness", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, _KEY: f"sk-canary-{secrets.token_hex(8)}"})
    key = os.environ[_KEY]
    runs = _refused("full") if options.without_namespaces else []
    with _runner(options.level) as runner:
        runs += Harness(runner, key).run(options.only)
    json.dump([asdict(run) for run in runs], sys.stdout, indent=1)


if __name__ == "__main__":
    main()
