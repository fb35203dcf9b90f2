"""What a run needs for steps that are code: the sandbox, and somebody who writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from overseer.broker.broker import Broker, Door
from overseer.coding import Coding
from overseer.config import Settings
from overseer.errors import PlanError
from overseer.frontends.prewriting import Prewriting
from overseer.frontends.programmer import ModelPrograms
from overseer.frontends.programs import Task
from overseer.frontends.shelf import Shelf
from overseer.home import programs_folder
from overseer.plan import Fault
from overseer.plan.expansion import expanded
from overseer.plan.values import Code, WorkflowPlan, all_steps
from overseer.tool import Tool, ToolError
from overseer.wiring import make_sandbox


@contextmanager
def coding_for(
    plan: WorkflowPlan,
    settings: Settings,
    broker: Broker,
    tools: Mapping[str, Tool],
    *,
    ahead: Door | None = None,
    keeps: bool = True,
) -> Iterator[Coding | None]:
    """None if the plan has no code; PlanError names the steps for which nobody can write any.

    Through the door `ahead`, if there is one, the programs are asked for at once instead of when their steps start.
    Where nothing is kept, nothing that was kept is used either.
    """
    plan, _ = expanded(plan, tools)
    needy = [(step, step.action) for step in all_steps(plan) if isinstance(step.action, Code)]
    if not needy:
        yield None
        return
    shelf = Shelf(programs_folder()) if keeps else None
    unwritten = [s for s, code in needy if shelf is None or shelf.find(_task(code, s.args, tools)) is None]
    if unwritten and (why := _why_nobody_writes(broker)):
        problem = "needs code to be written for it, and nobody can"
        raise PlanError([Fault(problem, why, step.step_id) for step in unwritten])
    with make_sandbox(settings) as sandbox:
        coding = Coding(ModelPrograms(shelf), sandbox, settings.node_limits)
        if ahead is None:
            yield coding
            return
        with Prewriting(coding.programs, ahead, look=coding.look) as prewriting:
            prewriting.follow(plan)
            yield replace(coding, prewriting=prewriting)


def _task(code: Code, args: Mapping[str, object], tools: Mapping[str, Tool]) -> Task:
    return Task(code.task, args, {name: tools[name] for name in code.tools if name in tools})


def _why_nobody_writes(broker: Broker) -> str:
    try:
        broker.models.model("coder")
    except ToolError as error:
        return str(error)
    return ""
