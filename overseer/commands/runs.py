"""What is in the journal: `overseer runs` lists it, `overseer show` tells of one run."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path

from overseer import exits
from overseer.commands.output import as_typed, put_document, put_lines, say_if_more
from overseer.console import say
from overseer.errors import BrokenInvariant, JournalError, RunNotFound, UsageError
from overseer.home import changes_path
from overseer.journal.journal import Journal, Pruned, StoredRun
from overseer.plan import plan_from
from overseer.plan.files import find_plan
from overseer.reports.render import dismissed_lines, pruned_lines, run_line
from overseer.reports.report import Report
from overseer.reports.retelling import run_lines
from overseer.settings.config import Settings

_ALL = 1_000_000_000


def runs(options: Namespace, settings: Settings) -> int:
    """List the runs in the journal, newest first; tell of some of them no more, or remove old ones."""
    if options.action == "dismiss":
        return _dismiss(options)
    if options.ids:
        raise UsageError(f"list takes no run; to look at one: show {options.ids[0]}")
    if options.prune is not None:
        return _prune(options)
    if options.all:
        raise UsageError("--all goes with --prune")
    with Journal.open(read_only=True) as journal:
        newest = journal.runs(limit=options.limit + 1)
    found = newest[: options.limit]
    if options.json:
        put_document({"schema": "overseer.runs/1", "runs": [asdict(summary) for summary in found]})
    else:
        put_lines(map(run_line, found) if found else ["no runs yet"])
        say_if_more(newest, options.limit)
    return exits.OK


def _dismiss(options: Namespace) -> int:
    """Count runs as interrupted no more, that were; they can still be looked at and gone on with."""
    if not options.ids or options.prune is not None or options.all:
        raise UsageError("dismiss takes the ids of runs that were interrupted, or all, and nothing else")
    with Journal.open() as journal:
        if options.ids == ["all"]:
            chosen = journal.left_behind(limit=_ALL)
        else:
            chosen = [journal.run(text) for text in dict.fromkeys(options.ids)]
        for stored in chosen:
            if not journal.dismiss(stored.run_id, at=time.time()):
                why = "was stopped by somebody" if stored.summary.status == "cancelled" else stored.summary.status
                raise UsageError(f"run {stored.run_id} was not interrupted: it {why}")
        dismissed = [journal.run(stored.run_id).summary for stored in chosen]
    if options.json:
        put_document({"schema": "overseer.dismissed/1", "dismissed": [asdict(summary) for summary in dismissed]})
    else:
        put_lines(dismissed_lines(dismissed))
    return exits.OK


def _prune(options: Namespace) -> int:
    before = time.time() - options.prune
    with Journal.open() as journal:
        pruned = journal.prune(before, also_interrupted=options.all)
        if changes_path().exists():
            pruned = replace(pruned, freed_bytes=pruned.freed_bytes + _forget_changes(journal, pruned, before))
    if options.json:
        removed = [asdict(summary) for summary in pruned.runs]
        put_document({"schema": "overseer.pruned/1", "removed": removed, "freed_bytes": pruned.freed_bytes})
    else:
        put_lines(pruned_lines(pruned, options.prune))
    return exits.OK


def _forget_changes(journal: Journal, pruned: Pruned, before: float) -> int:
    """Give up what those runs changed, and calls and programs, which are no runs, so long ago; the bytes freed."""
    from overseer.undo.store import ChangeStore  # lists are shown without

    with ChangeStore() as store:
        store.forget(run.run_id for run in pruned.runs)
        store.forget_before(before, but=(run.run_id for run in journal.runs(limit=_ALL)))
        return store.compact()


def show(options: Namespace, settings: Settings) -> int:
    """Say what became of every step of a run."""
    with Journal.open(read_only=True) as journal:
        stored = run_named(journal, options.run, settings)
        report = report_of(journal, stored)
    if not stored.summary.is_owned:
        report.interrupt()
    if options.json:
        put_document(report.document())
        return exits.OK
    put_lines(run_lines(report))
    if report.status in ("failed", "cancelled", "interrupted"):
        say(f"to go on where it stopped: {as_typed(options, f'resume {report.run_id}')}")
    return exits.OK


def run_named(journal: Journal, text: str, settings: Settings) -> StoredRun:
    """The run that somebody means; RunNotFound also tells who has named a plan."""
    try:
        return journal.run(text)
    except RunNotFound as error:
        plan = find_plan(text, folder=Path(), workflows=settings.workflows_folder)
        if plan is None:
            raise
        raise RunNotFound(f"'{text}' is a plan and no run; the ids of runs are in the list of runs") from error


def report_of(journal: Journal, stored: StoredRun, *, keeps_rounds: bool = True) -> Report:
    plan = plan_from(stored.plan).plan
    try:
        return Report(plan, journal.events(stored.run_id), run_id=stored.run_id, keeps_rounds=keeps_rounds)
    except (BrokenInvariant, LookupError, AssertionError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise JournalError(f"what {journal.path} says of run {stored.run_id} contradicts itself ({problem})") from error
