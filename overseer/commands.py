"""The commands without a chat: check a plan, run it, list runs, show one, resume one.

Results go to standard output, everything said on the way to standard error. What a command returns
is the process's exit code.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

from overseer import exits
from overseer.config import Settings
from overseer.console import printable, put, say, watching_reader
from overseer.engine import Engine, Run, RunResult
from overseer.errors import BrokenInvariant, JournalError, OutputError, PlanError, RunCutOff, UsageError
from overseer.journal import Journal, StoredRun
from overseer.jsonvalue import Json, json_text
from overseer.kernel.events import Event, to_record
from overseer.plan import Checked, check_plan, load_plan, parse_input, plan_from, waves
from overseer.plan.values import Code, WorkflowPlan, all_steps
from overseer.registry import Registry, load_tools, our_tools
from overseer.render import Progress, ending_lines, plan_lines, pruned_lines, run_line, value_text, wave_lines
from overseer.report import Report
from overseer.retelling import run_lines


def check(options: Namespace, settings: Settings) -> int:
    """Say everything that is wrong with a plan file, or how it would run."""
    registry = _tools(options.tools)
    checked = check_plan(
        options.file, tools=registry.tools, limits=settings.limits, folders=(settings.workflows_folder,)
    )
    if options.json:
        _put_document(_check_document(options.file, checked))
    elif checked.faults:
        _put_lines(f"{options.file}: {fault}" for fault in checked.faults)
    else:
        _put_lines([*plan_lines(checked.plan), *wave_lines(checked.plan), *_notes(checked)])
    return exits.PLAN if checked.faults else exits.OK


def run(options: Namespace, settings: Settings) -> int:
    """Carry out a plan file."""
    registry = _tools(options.tools)
    loaded = load_plan(options.file, tools=registry.tools, limits=settings.limits, folders=(settings.workflows_folder,))
    plan = loaded.plan
    inputs = _inputs(plan, options.input)
    _say_lines(loaded.notes)
    with _journal(settings.journal and not options.no_journal) as journal:
        engine = _engine(registry, settings, journal, options.max_parallel, Path.cwd())
        remember = {"tools": [str(folder.resolve()) for folder in options.tools], "max_parallel": options.max_parallel}
        prepared = engine.prepare(plan, inputs, remember=remember)
        if not _is_machine(options):
            _say_lines(plan_lines(plan))
        return _carried_out(prepared, plan, Report(plan, keeps_rounds=options.json), options)


def resume(options: Namespace, settings: Settings) -> int:
    """Go on with a run where it was."""
    with Journal.open() as journal:
        stored = journal.run(options.run)
        folders = options.tools or [Path(folder) for folder in stored.options.get("tools", [])]
        engine = _engine(
            _tools(folders),
            settings,
            journal,
            options.max_parallel or stored.options.get("max_parallel"),
            Path(stored.options["folder"]),
        )
        prepared = engine.prepare_resume(stored.run_id, repeat=options.repeat, give_up=options.give_up)
        report = _report_of(journal, stored, keeps_rounds=options.json)
        return _carried_out(prepared, prepared.plan, report, options)


def _check_document(file: Path, checked: Checked) -> dict[str, Json]:
    return {
        "schema": "overseer.check/1",
        "file": str(file),
        "valid": not checked.faults,
        "faults": [fault.to_json() for fault in checked.faults],
        "notes": _notes(checked),
        "waves": [] if checked.faults else [list(wave) for wave in waves(checked.plan)],
    }


def _notes(checked: Checked) -> list[str]:
    """What there is to say of a plan that has no faults, also why it cannot run here."""
    needy = dict.fromkeys(step.step_id for step in all_steps(checked.plan) if isinstance(step.action, Code))
    return [
        *checked.notes,
        *(
            f"note: step '{step_id}' needs code to be written for it; `run` will refuse it until something here can"
            for step_id in needy
        ),
    ]


def runs(options: Namespace, settings: Settings) -> int:
    """List the runs in the journal, newest first, or remove old ones."""
    if options.prune is not None:
        return _prune(options)
    if options.all:
        raise UsageError("--all goes with --prune")
    with Journal.open(read_only=True) as journal:
        found = journal.runs(limit=options.limit)
    if options.json:
        _put_document({"schema": "overseer.runs/1", "runs": [asdict(summary) for summary in found]})
    else:
        _put_lines(map(run_line, found) if found else ["no runs yet"])
    return exits.OK


def _prune(options: Namespace) -> int:
    with Journal.open() as journal:
        pruned = journal.prune(time.time() - options.prune, also_interrupted=options.all)
    if options.json:
        removed = [asdict(summary) for summary in pruned.runs]
        _put_document({"schema": "overseer.pruned/1", "removed": removed, "freed_bytes": pruned.freed_bytes})
    else:
        _put_lines(pruned_lines(pruned, options.prune))
    return exits.OK


def show(options: Namespace, settings: Settings) -> int:
    """Say what became of every step of a run."""
    with Journal.open(read_only=True) as journal:
        stored = journal.run(options.run)
        report = _report_of(journal, stored)
    if not stored.summary.is_owned:
        report.interrupt()
    if options.json:
        _put_document(report.document())
        return exits.OK
    _put_lines(run_lines(report))
    if report.status in ("failed", "cancelled", "interrupted"):
        say(f"to go on where it stopped: overseer resume {report.run_id}")
    return exits.OK


# --- carrying out


def _carried_out(prepared: Run, plan: WorkflowPlan, report: Report, options: Namespace) -> int:
    """Run to the end, telling of it in the way that was asked for."""
    prepared.watch(report.observe)
    lines = _EventLines(prepared)
    if options.jsonl:
        prepared.watch(lines.observe)
    elif not options.json:
        progress = Progress(plan, say)
        prepared.watch(progress.observe, pause=progress.flush)
    watched = lines.watching_reader() if options.jsonl else nullcontext()
    try:
        # What a tool prints is not the result.
        with _stopping_at_signals(prepared), redirect_stdout(sys.stderr), watched:
            result = prepared.carry_out()
    except JournalError as error:
        raise RunCutOff(prepared.run_id, error) from error
    try:
        _put_result(result, report, lines, options)
    except OutputError as error:
        kept = f"; the run is kept: overseer show {result.run_id}" if prepared.is_recorded else ""
        raise OutputError(f"{error}{kept}", is_unread=error.is_unread) from error
    finally:
        # After the result: whoever should hear this may not listen.
        way_on = f"to go on where it stopped: overseer resume {result.run_id}"
        can_go_on = prepared.is_recorded and result.status in ("failed", "cancelled")
        if not _is_machine(options):
            _say_lines([*ending_lines(report), *([way_on] if can_go_on else [])])
        elif lines.error is not None and can_go_on:
            say(f"run {result.run_id} stopped, since its events cannot be written; {way_on}")
    return exits.OF_STATUS[result.status]


def _put_result(result: RunResult, report: Report, lines: _EventLines, options: Namespace) -> None:
    if options.json:
        _put_document(report.document())
    elif options.jsonl:
        lines.require_all_written()
    elif result.output is not None:
        _put_value(result.output)


class _EventLines:
    """Events as lines of JSON. Once standard output takes no more of them, the run is asked to stop."""

    def __init__(self, prepared: Run) -> None:
        self.error: OutputError | None = None
        self._prepared = prepared
        self._out = sys.stdout
        self._may_ask = threading.Lock()

    @contextmanager
    def watching_reader(self) -> Iterator[None]:
        """Ask the run to stop as soon as its reader goes away, even where the next event is far off."""
        with watching_reader(self._out, self._stop):
            yield

    def observe(self, event: Event) -> None:
        if self.error is not None:
            return
        try:
            put(json_text(to_record(event)), self._out)
        except OutputError as error:
            self.error = error
            self._stop()

    def _stop(self) -> None:
        if self._may_ask.acquire(blocking=False):  # never again: asked twice, the run would stop at once
            self._prepared.cancel(reason="its events cannot be written")

    def require_all_written(self) -> None:
        """OutputError if an event could not be written."""
        if self.error is not None:
            raise self.error


@contextmanager
def _stopping_at_signals(prepared: Run) -> Iterator[None]:
    """The first Ctrl-C stops gently, the second at once; being told to end stops at once.

    What is ignored stays so: under `nohup` a run outlives its terminal.
    """

    def interrupt(_number: int, _frame: Any) -> None:
        prepared.cancel(reason="interrupted")

    def terminate(number: int, _frame: Any) -> None:
        prepared.cancel(hard=True, reason=f"got signal {signal.Signals(number).name}")

    wanted: dict[str, Callable[[int, Any], None]] = {"SIGINT": interrupt, "SIGTERM": terminate, "SIGHUP": terminate}
    before = {
        number: signal.signal(number, handler)
        for name, handler in wanted.items()
        if (number := getattr(signal, name, None)) is not None and signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- wiring


def _engine(
    registry: Registry, settings: Settings, journal: Journal | None, max_parallel: int | None, folder: Path
) -> Engine:
    return Engine(registry.tools.values(), journal=journal, settings=settings.for_engine(max_parallel), folder=folder)


def _tools(folders: list[Path]) -> Registry:
    with redirect_stdout(sys.stderr):
        registry = load_tools([our_tools(), *folders])
    for problem in registry.problems:
        say(f"tool file left out: {problem}")
    return registry


@contextmanager
def _journal(is_wanted: bool) -> Iterator[Journal | None]:
    if not is_wanted:
        yield None
        return
    with Journal.open() as journal:
        yield journal


def _report_of(journal: Journal, stored: StoredRun, *, keeps_rounds: bool = True) -> Report:
    plan = plan_from(stored.plan).plan
    try:
        return Report(plan, journal.events(stored.run_id), run_id=stored.run_id, keeps_rounds=keeps_rounds)
    except (BrokenInvariant, LookupError, AssertionError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise JournalError(f"what {journal.path} says of run {stored.run_id} contradicts itself ({problem})") from error


def _inputs(plan: WorkflowPlan, given: list[str]) -> dict[str, Json]:
    inputs: dict[str, Json] = {}
    faults: list[str] = []
    for pair in given:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise UsageError(f"--input {pair!r}: write it as name=value")
        declared = plan.inputs.get(name)
        try:
            inputs[name] = parse_input(declared.type if declared else "string", text)
        except ValueError as error:
            faults.append(f"input '{name}': {error}")
    if faults:
        raise PlanError(faults, source="what was given as --input")
    return inputs


def _is_machine(options: Namespace) -> bool:
    return bool(options.json or options.jsonl)


# --- saying


def _put_document(document: dict[str, Json]) -> None:
    put(json_text(document))


def _put_lines(lines: Iterable[str]) -> None:
    put(printable("\n".join(lines)))


def _say_lines(lines: Iterable[str]) -> None:
    for line in lines:
        say(line)


def _put_value(value: Json) -> None:
    """A result on standard output: as it is for a program, harmless for a terminal."""
    text = value_text(value)
    put(printable(text) if sys.stdout.isatty() else text)
