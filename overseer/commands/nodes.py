"""`overseer node`: one program, run as generated code is run."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from overseer import exits
from overseer.broker.fallback import Fallback
from overseer.broker.permissions import Grants
from overseer.broker.programs import Program, ProgramDoor
from overseer.commands.output import put_document, put_lines
from overseer.commands.reading import read_tools
from overseer.commands.unsafe import require_leave
from overseer.errors import UsageError
from overseer.ids import new_run_id
from overseer.jsonvalue import Json, as_json, json_text
from overseer.plan.suggestions import did_you_mean
from overseer.sandbox import Job, Limits, Outcome
from overseer.settings.config import Settings
from overseer.wiring import make_sandbox
from overseer.workbench import Workbench

_LARGEST_FILE = 4 * 1024 * 1024


def node(options: Namespace, settings: Settings) -> int:
    """Run one program as a node and say what became of it."""
    limits = settings.node_limits
    if options.timeout is not None:
        limits = Limits(options.timeout, memory=limits.memory, scratch=limits.scratch)
    job = Job(_source(options.file), _given(options.input), limits)
    if options.unsafe_no_sandbox:
        require_leave(options)
    # Before any key is known: the sandbox's processes shall never have seen one.
    with make_sandbox(settings, "none" if options.unsafe_no_sandbox else options.level) as sandbox:
        outcome = sandbox.run(job, _door(options, settings))
    if options.json:
        put_document({"schema": "overseer.node/1", **outcome.to_json()})
    else:
        put_lines(_lines(outcome))
    return exits.OK if outcome.verdict == "good" else exits.STEP_FAILED


def _source(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST_FILE + 1)
        if len(data) > _LARGEST_FILE:
            raise UsageError(f"{file} is larger than {_LARGEST_FILE >> 20} MB; a node is a short program")
        return data.decode()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is no text in UTF-8, at byte {error.start}; save it as UTF-8") from error


def _given(text: str) -> Json:
    where = "--input"
    if text == "-":
        if sys.stdin is None:
            raise UsageError("--input - reads from standard input, and that is closed")
        text, where = sys.stdin.read(), "standard input"
    try:
        return as_json(json.loads(text), where=where)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is no JSON: {error}; text is written as '\"text\"'") from error


def _door(options: Namespace, settings: Settings) -> ProgramDoor | None:
    """The way to the tools that were granted; None if there are none."""
    if not options.grant:
        return None
    bench = Workbench.open(settings, Path.cwd(), options.tools, read_tools)
    for name in options.grant:
        if name not in bench.tools:
            raise UsageError(f"--grant: there is no tool '{name}'; {did_you_mean(name, bench.tools, 'there are')}")
    granted = frozenset(options.grant)
    door = bench.engine().door(Grants(tools=granted), held_as="this node")
    return ProgramDoor(door, Program(new_run_id(time.time()), "node", tools=granted), Fallback())


def _lines(outcome: Outcome) -> Iterator[str]:
    took = outcome.metrics
    yield f"verdict: {outcome.verdict}"
    if outcome.verdict == "good":
        yield f"value:   {json_text(outcome.value)}"
    if outcome.error:
        yield from _block("why:     ", outcome.error)
    if outcome.stderr.strip():
        yield from _block("stderr:  ", outcome.stderr.rstrip("\n"))
    yield f"level:   {outcome.level}" + (" (no sandbox)" if outcome.level == "none" else "")
    yield (
        f"took:    {took.latency_s * 1000:.1f} ms, processor {took.cpu_s * 1000:.1f} ms, "
        f"memory at most {took.peak_memory / 1024**2:.0f} MB"
    )


def _block(label: str, text: str) -> Iterator[str]:
    first, *more = text.splitlines()
    yield label + first
    yield from (" " * len(label) + line for line in more)
