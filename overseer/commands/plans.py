"""`overseer check`, `run` and `resume`: plans from files."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from overseer import exits
from overseer.broker.permissions import Grants
from overseer.codework import coding_for
from overseer.commands.asking import asked
from overseer.commands.carrying import carried_out
from overseer.commands.output import is_machine, put_document, put_lines, say_lines
from overseer.commands.reading import read_tools, telling_of_unread, with_unread
from overseer.commands.runs import report_of, run_named
from overseer.console import say
from overseer.errors import PlanError, UsageError
from overseer.frontends.files import plan_reader
from overseer.frontends.pipes import read_pipes
from overseer.journal.journal import Journal, opened
from overseer.jsonvalue import Json
from overseer.plan import Checked, Loaded, check_draft, check_plan, load_plan, parse_input, plan_from, plan_hash, waves
from overseer.plan.difference import difference, difference_lines
from overseer.plan.files import find_plan, plan_file
from overseer.plan.inputs import must_be_given
from overseer.plan.values import Code, Input, WorkflowPlan, all_steps
from overseer.reports.render import input_lines, plan_lines, wave_lines
from overseer.reports.report import Report
from overseer.running.approval import NotApproved, refuse_secrets
from overseer.running.engine import Run
from overseer.secrets import Redactor
from overseer.settings.config import Settings
from overseer.wiring import take_secrets
from overseer.workbench import Workbench


def check(options: Namespace, settings: Settings) -> int:
    """Say everything that is wrong with a plan file, or how it would run."""
    secrets = take_secrets(settings)
    registry = read_tools(options.tools, Path.cwd())
    named = str(options.file)
    checked = check_plan(
        find_plan(named, folder=Path(), workflows=settings.workflows_folder) or options.file,
        tools=registry.tools,
        limits=settings.limits,
        folders=(settings.workflows_folder,),
        secret_in=Redactor(secrets).secret_in if len(secrets) else None,
        read=plan_reader(registry.tools, narrative=options.narrative),
    )
    checked = replace(checked, faults=with_unread(checked.faults, Path.cwd()))
    if options.json:
        put_document(_check_document(options.file, checked))
    elif checked.faults:
        put_lines(f"{options.file}: {fault}" for fault in checked.faults)
    else:
        put_lines([*plan_lines(checked.plan), *input_lines(checked.plan), *wave_lines(checked.plan), *_notes(checked)])
    return exits.PLAN if checked.faults else exits.OK


def run(options: Namespace, settings: Settings) -> int:
    """Carry out a plan file."""

    def load(bench: Workbench) -> Loaded:
        return _loaded(options.file, bench, narrative=options.narrative)

    return _carried_out(options, settings, load)


def pipe(options: Namespace, settings: Settings) -> int:
    """Carry out tools joined by `|`."""

    def load(bench: Workbench) -> Loaded:
        refuse_secrets(bench.broker, pipe=options.pipe)
        draft = read_pipes(options.pipe, bench.tools)
        checked = check_draft(draft, tools=bench.tools, limits=settings.limits, folder=None)
        if checked.faults:
            raise PlanError(checked.faults, source="the pipe")
        return Loaded(checked.plan, checked.notes, plan_hash(checked.plan))

    return _carried_out(options, settings, load)


def _carried_out(options: Namespace, settings: Settings, load: Callable[[Workbench], Loaded]) -> int:
    bench = Workbench.open(settings, Path.cwd(), options.tools, read_tools, keeps_changes=not options.no_journal)
    refuse_secrets(bench.broker, input=options.input)  # as it was given: what is wrong with it will be quoted
    loaded = load(bench)
    inputs = inputs_from(loaded.plan, options.input)
    say_lines(loaded.notes)
    with (
        opened(wanted=settings.journal and not options.no_journal) as journal,
        coding_for(loaded.plan, settings, bench.broker, bench.tools) as coding,
    ):
        engine = bench.engine(journal=journal, coding=coding, max_parallel=options.max_parallel)
        plan = engine.checked(loaded.plan)  # with the plans of workflow tools in it
        remember = {"tools": [str(folder.resolve()) for folder in options.tools], "max_parallel": options.max_parallel}

        def prepare(approve: Grants) -> Run:
            return engine.prepare(plan, inputs, approve=approve, budget=options.budget, remember=remember)

        if not is_machine(options):
            say_lines(plan_lines(plan))
        prepared = approved_run(prepare, options)
        return carried_out(prepared, plan, Report(plan, keeps_rounds=options.json), options, theme=settings.chat.theme)


def resume(options: Namespace, settings: Settings) -> int:
    """Go on with a run where it was."""
    with Journal.open() as journal:
        stored = run_named(journal, options.run, settings)
        options.tools = options.tools or [Path(folder) for folder in stored.options.get("tools", [])]
        options.max_parallel = options.max_parallel or stored.options.get("max_parallel")
        folder = Path(stored.options["folder"])
        bench = Workbench.open(settings, folder, options.tools, read_tools)
        more: dict[str, Json] = {}
        if shown := stored.options.get("demo"):
            from overseer.demo import LABEL, demo

            bench = replace(bench, broker=demo(shown).broker(bench.broker))
            more = {"demo": shown, "scripted": LABEL}
            if not is_machine(options):
                say(f"[{LABEL}]")
        before = report_of(journal, stored, keeps_rounds=False).plan
        loaded = _loaded(options.plan, bench).plan if options.plan is not None else None
        with coding_for(loaded or before, settings, bench.broker, bench.tools, keeps=not more) as coding:
            engine = bench.engine(journal=journal, coding=coding, max_parallel=options.max_parallel)
            changed = engine.checked(loaded) if loaded is not None else None
            if changed is not None and not is_machine(options):
                lines = difference_lines(difference(before, changed))
                say_lines(lines or ["this is the plan that the run follows already"])

            def prepare(approve: Grants) -> Run:
                return engine.prepare_resume(
                    stored.run_id,
                    repeat=options.repeat,
                    give_up=options.give_up,
                    approve=approve,
                    budget=options.budget,
                    plan=changed,
                )

            prepared = approved_run(prepare, options)
            report = report_of(journal, stored, keeps_rounds=options.json)
            past = () if is_machine(options) else journal.events(stored.run_id)
            theme = settings.chat.theme
            return carried_out(
                prepared, plan_from(stored.plan).plan, report, options, past=past, more=more, theme=theme
            )


def _loaded(named: Path, bench: Workbench, *, narrative: str = "") -> Loaded:
    redactor = bench.broker.redactor
    with telling_of_unread(bench.folder):
        return load_plan(
            plan_file(str(named), folder=Path(), workflows=bench.settings.workflows_folder),
            tools=bench.tools,
            limits=bench.settings.limits,
            folders=(bench.settings.workflows_folder,),
            secret_in=redactor.secret_in if redactor.has_secrets else None,
            read=plan_reader(bench.tools, narrative=narrative),
        )


def approved_run(prepare: Callable[[Grants], Run], options: Namespace) -> Run:
    """The run with what was approved on the command line or, where somebody can be asked, is approved now."""
    grants = Grants(classes=options.approve)
    try:
        return prepare(grants)
    except NotApproved as error:
        if is_machine(options) or not (more := asked(error.needs)):
            raise
        return prepare(grants | Grants(tools=more))


def _check_document(file: Path, checked: Checked) -> dict[str, Json]:
    return {
        "schema": "overseer.check/1",
        "file": str(file),
        "valid": not checked.faults,
        "faults": [fault.to_json() for fault in checked.faults],
        "notes": _notes(checked),
        "inputs": {name: _input_document(declared) for name, declared in checked.plan.inputs.items()},
        "waves": [] if checked.faults else [list(wave) for wave in waves(checked.plan)],
    }


def _input_document(declared: Input) -> dict[str, Json]:
    """What a program has to know to start the plan."""
    told: dict[str, Json] = {"type": declared.type, "description": declared.description}
    is_needed = must_be_given(declared)
    return {**told, "must_be_given": is_needed, **({} if is_needed else {"default": declared.default})}


def _notes(checked: Checked) -> list[str]:
    """What there is to say of a plan that has no faults, also why it cannot run here."""
    needy = dict.fromkeys(step.step_id for step in all_steps(checked.plan) if isinstance(step.action, Code))
    return [
        *checked.notes,
        *(
            f"note: step '{step_id}' needs code to be written for it, by the model that has the role 'coder'"
            for step_id in needy
        ),
    ]


def inputs_from(plan: WorkflowPlan, given: Sequence[str], source: str = "--input") -> dict[str, Json]:
    """The inputs of a plan that texts such as `name=value` are; PlanError or UsageError says what is wrong there."""
    inputs: dict[str, Json] = {}
    faults: list[str] = []
    for pair in given:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise UsageError(f"{source} {pair!r}: write it as name=value")
        declared = plan.inputs.get(name)
        try:
            inputs[name] = parse_input(declared.type if declared else "string", text)
        except ValueError as error:
            faults.append(f"input '{name}': {error}")
    if faults:
        raise PlanError(faults, source=f"what was given as {source}")
    return inputs
