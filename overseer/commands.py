"""The commands without a chat: check a plan, run it, list runs, show one, resume one.

Results go to standard output, everything said on the way to standard error. What a command returns
is the process's exit code.
"""

from __future__ import annotations

import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Any

from overseer.config import Settings
from overseer.engine import Engine, Run
from overseer.errors import OverseerError, PlanError, UsageError
from overseer.journal import Journal, StoredRun
from overseer.jsonvalue import Json, json_text
from overseer.kernel.events import to_record
from overseer.plan import Checked, Fault, check_plan, load_plan, parse_input, plan_from, waves
from overseer.plan.values import WorkflowPlan
from overseer.registry import Registry, load_tools, our_tools
from overseer.render import Progress, ending_lines, plan_lines, printable, value_text, wave_lines
from overseer.report import Report

EXIT_OK = 0
EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_PLAN = 3
EXIT_STEP_FAILED = 4
EXIT_APPROVAL = 5
EXIT_INTERRUPTED = 130

_EXIT_OF_STATUS = {
    "succeeded": EXIT_OK,
    "partial": EXIT_STEP_FAILED,
    "failed": EXIT_STEP_FAILED,
    "cancelled": EXIT_INTERRUPTED,
}


def check(options: Namespace, settings: Settings) -> int:
    """Say everything that is wrong with a plan file, or how it would run."""
    registry = _tools(options.tools)
    checked = check_plan(
        options.file, tools=registry.tools, limits=settings.limits, folders=(settings.workflows_folder,)
    )
    if options.json:
        print(json_text(_check_document(options.file, checked)))
    elif checked.faults:
        for fault in checked.faults:
            print(f"{options.file}: {fault}")
    else:
        _print_lines([*plan_lines(checked.plan), *wave_lines(checked.plan), *checked.notes])
    return EXIT_PLAN if checked.faults else EXIT_OK


def run(options: Namespace, settings: Settings) -> int:
    """Carry out a plan file."""
    registry = _tools(options.tools)
    loaded = load_plan(options.file, tools=registry.tools, limits=settings.limits, folders=(settings.workflows_folder,))
    plan = loaded.plan
    inputs = _inputs(plan, options.input)
    for note in loaded.notes:
        _say(note)
    with _journal(settings.journal and not options.no_journal) as journal:
        engine = _engine(registry, settings, journal, options.max_parallel, Path.cwd())
        remember = {"tools": [str(folder.resolve()) for folder in options.tools], "max_parallel": options.max_parallel}
        prepared = engine.prepare(plan, inputs, remember=remember)
        if not _is_machine(options):
            for line in plan_lines(plan):
                _say(line)
        return _carried_out(prepared, plan, Report(plan), options)


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
        return _carried_out(prepared, prepared.plan, _report_of(journal, stored), options)


def _check_document(file: Path, checked: Checked) -> dict[str, Json]:
    return {
        "schema": "overseer.check/1",
        "file": str(file),
        "valid": not checked.faults,
        "faults": [fault.to_json() for fault in checked.faults],
        "notes": list(checked.notes),
        "waves": [] if checked.faults else [list(wave) for wave in waves(checked.plan)],
    }


def runs(options: Namespace, settings: Settings) -> int:
    """List the runs in the journal, newest first."""
    with Journal.open() as journal:
        found = journal.runs(limit=options.limit)
    if options.json:
        print(json_text({"schema": "overseer.runs/1", "runs": [asdict(summary) for summary in found]}))
    elif not found:
        print("no runs yet")
    for summary in found if not options.json else ():
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(summary.created))
        print(printable(f"{summary.run_id}  {when}  {summary.status:<11}  {summary.name}"))
    return EXIT_OK


def show(options: Namespace, settings: Settings) -> int:
    """Say what became of every step of a run."""
    with Journal.open() as journal:
        stored = journal.run(options.run)
        report = _report_of(journal, stored)
    if not stored.summary.is_owned:
        report.interrupt()
    if options.json:
        print(json_text(report.document()))
        return EXIT_OK
    print(f"run {stored.run_id} {report.status}: {stored.summary.name or 'unnamed plan'}")
    for step in report.document()["steps"]:
        why = (step["error"] or {}).get("message") or step.get("reason", "")
        print(printable(f"  {step['status']:<11}  {step['step_id']}" + (f": {why}" if why else "")))
    if report.output is not None:
        _show_value(report.output)
    return EXIT_OK


def complain(error: OverseerError, *, as_json: bool) -> None:
    """Say why a command could not do what it was asked to."""
    if as_json:
        faults = [_fault(fault) for fault in error.faults] if isinstance(error, PlanError) else []
        print(json_text({"schema": "overseer.error/1", "error": str(error), "faults": faults}))
    else:
        _say(f"error: {error}")


def _fault(fault: Any) -> Json:
    return fault.to_json() if isinstance(fault, Fault) else {"problem": str(fault)}


# --- carrying out


def _carried_out(prepared: Run, plan: WorkflowPlan, report: Report, options: Namespace) -> int:
    """Run to the end, telling of it in the way that was asked for."""
    prepared.watch(report.observe)
    out = sys.stdout
    if options.jsonl:
        prepared.watch(lambda event: print(json_text(to_record(event)), file=out, flush=True))
    progress = Progress(plan, _say)
    if not _is_machine(options):
        prepared.watch(progress.observe, pause=progress.flush)
    # What a tool prints is not the result.
    with _stopping_at_signals(prepared), redirect_stdout(sys.stderr):
        result = prepared.carry_out()
    if options.json:
        print(json_text(report.document()))
    elif not options.jsonl:
        _print_lines(ending_lines(report), to=_say)
        if result.output is not None:
            _show_value(result.output)
        if result.status in ("failed", "cancelled") and prepared.is_recorded:
            _say(f"to go on where it stopped: overseer resume {result.run_id}")
    return _EXIT_OF_STATUS[result.status]


@contextmanager
def _stopping_at_signals(prepared: Run) -> Iterator[None]:
    """The first Ctrl-C stops gently, the second at once; being told to end stops at once."""

    def interrupt(_number: int, _frame: Any) -> None:
        prepared.cancel(reason="interrupted")

    def terminate(number: int, _frame: Any) -> None:
        prepared.cancel(hard=True, reason=f"got signal {signal.Signals(number).name}")

    wanted: dict[str, Callable[[int, Any], None]] = {"SIGINT": interrupt, "SIGTERM": terminate, "SIGHUP": terminate}
    before = {
        number: signal.signal(number, handler)
        for name, handler in wanted.items()
        if (number := getattr(signal, name, None)) is not None
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
        _say(f"tool file left out: {problem}")
    return registry


@contextmanager
def _journal(is_wanted: bool) -> Iterator[Journal | None]:
    if not is_wanted:
        yield None
        return
    with Journal.open() as journal:
        yield journal


def _report_of(journal: Journal, stored: StoredRun) -> Report:
    report = Report(plan_from(stored.plan).plan, journal.events(stored.run_id))
    report.run_id = stored.run_id
    return report


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


def _say(line: str) -> None:
    print(printable(line), file=sys.stderr, flush=True)


def _show_value(value: Json) -> None:
    """A result on standard output: as it is for a program, harmless for a terminal."""
    text = value_text(value)
    print(printable(text) if sys.stdout.isatty() else text)


def _print_lines(lines: list[str], *, to: Callable[[str], None] = print) -> None:
    for line in lines:
        to(line)
