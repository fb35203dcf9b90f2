"""`overseer demo`: a request from plan to answer, with a scripted model in the place of a real one."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import assert_never

from overseer import exits
from overseer.broker.broker import Door
from overseer.broker.permissions import Grants
from overseer.codework import coding_for
from overseer.coding import Coding
from overseer.commands.carrying import carried_out
from overseer.commands.output import is_machine, put_document, put_lines, say_lines
from overseer.commands.plans import approved_run
from overseer.commands.reading import read_tools
from overseer.config import Settings
from overseer.console import say
from overseer.demo import LABEL, Demo, demos
from overseer.demo import demo as demo_named
from overseer.engine import Engine, Run
from overseer.errors import ApprovalNeeded, OverseerError
from overseer.frontends.draft import Answered, Planned, Refused
from overseer.frontends.planner import Planner
from overseer.journal import opened
from overseer.plan.values import WorkflowPlan
from overseer.render import plan_lines
from overseer.report import Report
from overseer.sandbox import SandboxUnavailable
from overseer.spending import spent_text
from overseer.tool import Cancellation, ToolContext
from overseer.workbench import Workbench


def demo(options: Namespace, settings: Settings) -> int:
    """Show one demo, or say which there are."""
    if options.list:
        return _list(options)
    shown = demo_named(options.name)
    may_ask = not is_machine(options) and sys.stdin.isatty() and sys.stderr.isatty()
    if not (options.yes or may_ask):
        raise ApprovalNeeded(f"the plan of the demo '{shown.name}' waits for a yes, and nobody can be asked: add --yes")
    _say(options, f"Demo '{shown.name}': {shown.title}", f"[{LABEL}]", f"> {shown.request}")
    bench = Workbench.open(settings, Path.cwd(), options.tools, read_tools)
    bench = replace(bench, broker=shown.broker(bench.broker))
    door = bench.engine().door(held_as="this request")  # for what is asked before the run
    plan = _plan(shown, door, settings)
    head, *steps = plan_lines(plan)
    _say(options, f"{head} [{LABEL}]", *steps)
    try:
        with (
            opened(wanted=settings.journal) as journal,
            # What was prepared is not kept for real requests.
            coding_for(plan, settings, bench.broker, bench.tools, ahead=door, keeps=False) as coding,
        ):
            engine = bench.engine(journal=journal, coding=coding)
            named = replace(plan, name=f"{plan.name} ({LABEL.partition(':')[0]})")  # as the list of runs shows it
            return _carried_out(shown, engine.checked(named), engine, coding, options)
    except SandboxUnavailable as error:
        raise OverseerError(f"the demo '{shown.name}' has code, and there is nowhere to run it:\n{error}") from error


def _carried_out(shown: Demo, plan: WorkflowPlan, engine: Engine, coding: Coding | None, options: Namespace) -> int:
    """The plan carried out, if somebody wants that."""
    if not (options.yes or _is_wanted()):
        say("nothing was carried out")
        return exits.OK

    def prepare(approve: Grants) -> Run:
        return engine.prepare(plan, approve=approve, remember={"demo": shown.name})

    more = {"demo": shown.name, "request": shown.request, "scripted": LABEL}
    code = carried_out(approved_run(prepare, options), plan, Report(plan), options, more=more)
    if coding is not None and coding.prewriting is not None and (spent := coding.prewriting.spent.to_json()):
        _say(options, f"spent on code before the run: {spent_text(spent)}")
    return code


def _say(options: Namespace, *lines: str) -> None:
    if not is_machine(options):
        say_lines(lines)


def _list(options: Namespace) -> int:
    if options.json:
        listed = [{"name": each.name, "title": each.title, "request": each.request} for each in demos()]
        put_document({"schema": "overseer.demos/1", "scripted": LABEL, "demos": listed})
    else:
        put_lines([f"[{LABEL}]", *(f"{each.name:<8} {each.title}\n{'':<8} > {each.request}" for each in demos())])
    return exits.OK


def _plan(shown: Demo, door: Door, settings: Settings) -> WorkflowPlan:
    """The plan that the planner makes of what the model replies."""
    ask = partial(door.ask, context=ToolContext("", "plan", 1, Cancellation()))
    draft = Planner(ask, door.tools, settings.limits).draft(shown.request)
    match draft:
        case Planned(plan=plan):
            return plan
        case Answered(text=text):
            raise OverseerError(f"the demo '{shown.name}' has no plan, but an answer: {text}")
        case Refused(reasons=reasons):
            raise OverseerError(f"the demo '{shown.name}' cannot be planned here: {'; '.join(reasons)}")
        case _:
            assert_never(draft)


def _is_wanted() -> bool:
    print("Carry it out? [Y/n] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer:  # the end of the input is no yes
        print(file=sys.stderr)
        return False
    return answer.strip().lower() in ("", "y", "yes")
