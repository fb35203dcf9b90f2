"""`overseer graph` and `timeline`: drawings of a plan, and of where the time of a run went."""

from __future__ import annotations

import locale
import os
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from overseer import exits
from overseer.commands.output import put_document, put_drawing
from overseer.commands.reading import read_tools
from overseer.commands.runs import run_named
from overseer.console import put, say
from overseer.drawing.details import Details, details_of
from overseer.drawing.gantt import gantt_lines
from overseer.drawing.mermaid import mermaid
from overseer.drawing.page import page
from overseer.drawing.sketch import Sketch, sketch_of
from overseer.drawing.strokes import ASCII, Strokes, strokes_for
from overseer.drawing.svg import svg
from overseer.drawing.text import text_lines
from overseer.errors import RunNotFound, UsageError
from overseer.frontends.files import plan_reader
from overseer.journal.journal import Journal, StoredRun
from overseer.jsonvalue import Json
from overseer.ownterminal import terminal_size
from overseer.plan import load_plan, plan_from
from overseer.plan.files import find_plan
from overseer.plan.values import WorkflowPlan
from overseer.secrets import Redactor, Secrets
from overseer.settings.config import Settings
from overseer.timing import RunTiming, timing_of
from overseer.wiring import take_secrets

_USUAL_WIDTH = 100  # where there is no terminal to ask
_WIDEST = 1000  # beyond that, a line is longer without telling more
_FORMATS = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid"}


def graph(options: Namespace, settings: Settings) -> int:
    """Draw a plan: of a file, or of a run, with what became of its steps."""
    secrets = take_secrets(settings)
    if (options.file is None) == (options.run is None):
        raise UsageError("name a plan file or, with --run, a run")
    file = _plan_file(options, settings)
    if options.output is not None and file is not None and _is_same(options.output, file):
        raise UsageError(f"{options.output} is the plan itself; write the drawing to another file")
    sketch = _sketch(options, settings, secrets, file)
    match _format(options):
        case "svg":
            drawing = svg(sketch)
        case "mermaid":
            drawing = mermaid(sketch)
        case _:
            drawing = "\n".join(text_lines(sketch, width=_width(options), strokes=_strokes(options))) + "\n"
    if options.output is None:
        put(drawing.removesuffix("\n"))
    else:
        _write(options.output, drawing, Redactor(secrets), "the drawing")
    return exits.OK


def timeline(options: Namespace, settings: Settings) -> int:
    """Show when the steps of a run waited and worked."""
    redactor = Redactor(take_secrets(settings))
    with _stored(options.run, settings) as found:
        timing = found.timing()
        if options.html is not None:
            tools, folder = found.tools([])
            sketch = sketch_of(timing.plan, classes=_classes(tools, folder), timing=timing, redact=redactor.redact)
            text = page(sketch, timing, found.details(redactor.redact_json))
    if options.html is not None:
        _write(options.html, text, redactor, "the page")
        return exits.OK
    if options.json:
        put_document({"schema": "overseer.timeline/1", "run_id": found.stored.run_id, **timing.to_json()})
        return exits.OK
    put_drawing(
        gantt_lines(
            timing,
            sketch_of(timing.plan, redact=redactor.redact),
            run_id=found.stored.run_id,
            width=_width(options),
            strokes=_strokes(options),
            all_rounds=options.all,
        )
    )
    return exits.OK


def _format(options: Namespace) -> str:
    """As was said, or as the name of the file says."""
    if options.format is None and options.output is not None:
        return _FORMATS.get(options.output.suffix.lower(), "text")
    return str(options.format)


def _plan_file(options: Namespace, settings: Settings) -> Path | None:
    """The plan that is meant, if it is one of a file."""
    if options.file is None:
        return None
    if options.file == "-":
        return Path("/dev/stdin")
    return find_plan(options.file, folder=Path(), workflows=settings.workflows_folder)


def _sketch(options: Namespace, settings: Settings, secrets: Secrets, file: Path | None) -> Sketch:
    redact = Redactor(secrets).redact
    if file is not None:
        plan, classes = _from_file(file, options, settings, secrets)
        return sketch_of(plan, classes=classes, redact=redact)
    try:
        with _stored(options.run or options.file, settings) as found:
            tools, folder = found.tools(options.tools)
            timing = found.timing()
    except RunNotFound as error:
        if options.run is not None:
            raise
        raise UsageError(f"there is neither a plan file nor a saved workflow '{options.file}', and {error}") from error
    return sketch_of(timing.plan, classes=_classes(tools, folder), timing=timing, redact=redact)


def _from_file(
    file: Path, options: Namespace, settings: Settings, secrets: Secrets
) -> tuple[WorkflowPlan, dict[str, str]]:
    registry = read_tools(options.tools, Path.cwd())
    loaded = load_plan(
        file,
        tools=registry.tools,
        limits=settings.limits,
        folders=(settings.workflows_folder,),
        secret_in=Redactor(secrets).secret_in if len(secrets) else None,
        read=plan_reader(registry.tools),
    )
    return loaded.plan, {name: tool.effect for name, tool in registry.tools.items()}


def _classes(given: list[Path], folder: Path) -> dict[str, str]:
    """What the tools of a run may do, as far as they are still there."""
    there = [tools for tools in given if tools.is_dir()]
    return {name: tool.effect for name, tool in read_tools(there, folder).tools.items()}


# --- runs


@dataclass(frozen=True, slots=True)
class _Found:
    """A run in the journal."""

    journal: Journal
    stored: StoredRun

    def plan(self) -> WorkflowPlan:
        return plan_from(self.stored.plan).plan

    def timing(self) -> RunTiming:
        now = time.time() if self.stored.summary.is_owned else None
        return timing_of(self.plan(), self.journal.events(self.stored.run_id), now=now)

    def details(self, redact: Callable[[Json], Json]) -> Details:
        events = self.journal.events(self.stored.run_id)
        return details_of(
            self.plan(), events, run_id=self.stored.run_id, redact=redact, goes_on=self.stored.summary.is_owned
        )

    def tools(self, given: list[Path]) -> tuple[list[Path], Path]:
        """The folders of tools that it began with, and the folder that it is about."""
        options = self.stored.options
        return given or [Path(name) for name in options.get("tools", [])], Path(options.get("folder") or Path.cwd())


@contextmanager
def _stored(run: str, settings: Settings) -> Iterator[_Found]:
    with Journal.open(read_only=True) as journal:
        yield _Found(journal, run_named(journal, run, settings))


# --- where it goes


def _width(options: Namespace) -> int:
    return min(_WIDEST, options.width or terminal_size((_USUAL_WIDTH, 24)).columns)


def _strokes(options: Namespace) -> Strokes:
    return ASCII if options.ascii else strokes_for(locale.getencoding())


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _write(file: Path, text: str, redactor: Redactor, what: str) -> None:
    """Write a file of ours anew, without known secrets in whatever form they may have come into it."""
    shown = redactor.redact_known(text)
    try:
        if file.exists() and not file.is_file():  # a pipe, say
            file.write_text(shown, encoding="utf-8", errors="replace")
        else:
            _put_in_place(file.resolve(), shown)
    except OSError as error:
        raise UsageError(f"cannot write {what} to {file}: {error.strerror or error}") from error
    say(f"{what} is in {file}")


def _put_in_place(file: Path, text: str) -> None:
    """Write a file beside it first, so that an earlier one is there until all of the new one is."""
    part = file.with_name(f".{file.name[:100]}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", errors="replace")
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        raise
