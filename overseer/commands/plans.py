"""`overseer check`, `run` and `resume`: plans from files."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from overseer import exits
from overseer.approval import NotApproved, refuse_secrets
from overseer.broker.broker import Broker
from overseer.broker.permissions import Grants
from overseer.codework import coding_for
from overseer.coding import Coding
from overseer.commands.asking import asked
from overseer.commands.carrying import carried_out
from overseer.commands.output import is_machine, put_document, put_lines, say_lines
from overseer.commands.reading import read_tools
from overseer.commands.runs import report_of
from overseer.config import Settings
from overseer.console import say
from overseer.engine import Engine, Run
from overseer.errors import PlanError, UsageError
from overseer.journal import Journal
from overseer.jsonvalue import Json
from overseer.plan import Checked, Loaded, check_plan, load_plan, parse_input, plan_from, waves
from overseer.plan.difference import difference, difference_lines
from overseer.plan.values import Code, WorkflowPlan, all_steps
from overseer.registry import Registry
from overseer.render import plan_lines, wave_lines
from overseer.report import Report
from overseer.secrets import Redactor
from overseer.wiring import make_broker, require_known, take_secrets


def check(options: Namespace, settings: Settings) -> int:
    """Say everything that is wrong with a plan file, or how it would run."""
    secrets = take_secrets(settings)
    registry = read_tools(options.tools, Path.cwd())
    checked = check_plan(
        options.file,
        tools=registry.tools,
        limits=settings.limits,
        folders=(settings.workflows_folder,),
        secret_in=Redactor(secrets).secret_in if len(secrets) else None,
    )
    if options.json:
        put_document(_check_document(options.file, checked))
    elif checked.faults:
        put_lines(f"{options.file}: {fault}" for fault in checked.faults)
    else:
        put_lines([*plan_lines(checked.plan), *wave_lines(checked.plan), *_notes(checked)])
    return exits.PLAN if checked.faults else exits.OK


def run(options: Namespace, settings: Settings) -> int:
    """Carry out a plan file."""
    broker = make_broker(
        settings, take_secrets(settings), Path.cwd(), options.tools, keeps_changes=not options.no_journal
    )
    refuse_secrets(broker, input=options.input)  # as it was given: what is wrong with it will be quoted
    registry = read_tools(options.tools, Path.cwd())
    loaded = _loaded(options.file, settings, broker, registry)
    inputs = inputs_from(loaded.plan, options.input)
    say_lines(loaded.notes)
    with (
        journal_for(settings.journal and not options.no_journal) as journal,
        coding_for(loaded.plan, settings, broker, registry.tools) as coding,
    ):
        engine = _engine(registry, settings, journal, options, broker=broker, folder=Path.cwd(), coding=coding)
        plan = engine.checked(loaded.plan)  # with the plans of workflow tools in it
        remember = {"tools": [str(folder.resolve()) for folder in options.tools], "max_parallel": options.max_parallel}

        def prepare(approve: Grants) -> Run:
            return engine.prepare(plan, inputs, approve=approve, budget=options.budget, remember=remember)

        if not is_machine(options):
            say_lines(plan_lines(plan))
        prepared = approved_run(prepare, options)
        return carried_out(prepared, plan, Report(plan, keeps_rounds=options.json), options)


def resume(options: Namespace, settings: Settings) -> int:
    """Go on with a run where it was."""
    secrets = take_secrets(settings)
    with Journal.open() as journal:
        stored = journal.run(options.run)
        options.tools = options.tools or [Path(folder) for folder in stored.options.get("tools", [])]
        options.max_parallel = options.max_parallel or stored.options.get("max_parallel")
        folder = Path(stored.options["folder"])
        broker = make_broker(settings, secrets, folder, options.tools)
        more: dict[str, Json] = {}
        if shown := stored.options.get("demo"):
            from overseer.demo import LABEL, demo

            broker, more = demo(shown).broker(broker), {"demo": shown, "scripted": LABEL}
            if not is_machine(options):
                say(f"[{LABEL}]")
        registry = read_tools(options.tools, folder)
        before = report_of(journal, stored, keeps_rounds=False).plan
        loaded = _loaded(options.plan, settings, broker, registry).plan if options.plan is not None else None
        with coding_for(loaded or before, settings, broker, registry.tools, keeps=not more) as coding:
            engine = _engine(registry, settings, journal, options, broker=broker, folder=folder, coding=coding)
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
            return carried_out(prepared, plan_from(stored.plan).plan, report, options, past=past, more=more)


def _loaded(file: Path, settings: Settings, broker: Broker, registry: Registry) -> Loaded:
    return load_plan(
        file,
        tools=registry.tools,
        limits=settings.limits,
        folders=(settings.workflows_folder,),
        secret_in=broker.redactor.secret_in if broker.redactor.has_secrets else None,
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
        "waves": [] if checked.faults else [list(wave) for wave in waves(checked.plan)],
    }


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


def _engine(
    registry: Registry,
    settings: Settings,
    journal: Journal | None,
    options: Namespace,
    *,
    broker: Broker,
    folder: Path,
    coding: Coding | None,
) -> Engine:
    require_known(settings, registry.tools)
    return Engine(
        registry.tools.values(),
        journal=journal,
        settings=settings.for_engine(options.max_parallel),
        broker=broker,
        folder=folder,
        coding=coding,
    )


@contextmanager
def journal_for(is_wanted: bool) -> Iterator[Journal | None]:
    """The journal, open; None where none is wanted."""
    if not is_wanted:
        yield None
        return
    with Journal.open() as journal:
        yield journal


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
