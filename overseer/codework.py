"""What the code of one request's plans is worked on with: somebody who writes it, and the sandbox that it runs in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from overseer.broker.broker import Broker, Door
from overseer.errors import OverseerError, PlanError
from overseer.frontends.prewriting import Prewriting
from overseer.frontends.programmer import ModelPrograms
from overseer.frontends.programs import Task
from overseer.frontends.shelf import Shelf
from overseer.home import programs_folder
from overseer.plan import Fault
from overseer.plan.expansion import expanded
from overseer.plan.values import Code, WorkflowPlan, WorkflowStep, all_steps
from overseer.running.coding import Coding
from overseer.settings.config import Settings
from overseer.tool import Tool, ToolError
from overseer.wiring import make_sandbox


class CodeWork:
    """A plan that changes under review keeps its sandbox, and what was written for steps that it still has.

    Nothing is started before a plan has code. Closed, it gives up what is being written and ends the sandbox.
    """

    def __init__(
        self,
        settings: Settings,
        broker: Broker,
        tools: Mapping[str, Tool],
        *,
        ahead: Door | None = None,
        keeps: bool = True,
    ) -> None:
        """Through the door `ahead`, programs are asked for as soon as a plan is known, not when their steps start.

        Where nothing is kept, nothing that was kept is used either.
        """
        self._settings = settings
        self._broker = broker
        self._tools = tools
        self._ahead = ahead
        self._shelf = Shelf(programs_folder()) if keeps else None
        self._coding: Coding | None = None
        self._open = ExitStack()

    def coding_for(self, plan: WorkflowPlan) -> Coding | None:
        """None if the plan has no code; PlanError names the steps for which nobody can write any."""
        whole, _ = expanded(plan, self._tools)
        needy = [(step, step.action) for step in all_steps(whole) if isinstance(step.action, Code)]
        if not needy:
            self.drop()
            return None
        self._require_written(needy)
        self._coding = coding = self._coding or self._started()
        if coding.prewriting is not None:
            coding.prewriting.follow(whole)
        return coding

    def at_hand(self) -> Coding | None:
        """What code needs, before it is known whether there will be any; None where it cannot be had."""
        try:
            self._coding = self._coding or self._started()
        except OverseerError:
            return None
        return self._coding

    def add(self, step: WorkflowStep) -> None:
        """A step of a plan that is still being made. What it has of code is begun where that can be; nothing fails."""
        coded = [(each, each.action) for each in all_steps(WorkflowPlan((step,))) if isinstance(each.action, Code)]
        if not coded or self._ahead is None:
            return
        try:
            self._require_written(coded)
            self._coding = self._coding or self._started()
        except OverseerError:  # which whoever wants to run the plan is told
            return
        if self._coding.prewriting is not None:
            self._coding.prewriting.add(step)

    def kept_for(self, plan: WorkflowPlan) -> frozenset[str]:
        """The tasks of a plan's code that programs were written for before."""
        whole, _ = expanded(plan, self._tools)
        return frozenset(
            step.action.task
            for step in all_steps(whole)
            if isinstance(step.action, Code) and self._is_kept(step.action, step.args)
        )

    def drop(self) -> None:
        """There is no plan any more."""
        if self._coding is not None and self._coding.prewriting is not None:
            self._coding.prewriting.drop()

    def close(self) -> None:
        self._coding = None
        self._open.close()

    def __enter__(self) -> CodeWork:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _require_written(self, needy: list[tuple[WorkflowStep, Code]]) -> None:
        unwritten = [step for step, code in needy if not self._is_kept(code, step.args)]
        if unwritten and (why := _why_nobody_writes(self._broker)):
            problem = "needs code to be written for it, and nobody can"
            raise PlanError([Fault(problem, why, step.step_id) for step in unwritten])

    def _is_kept(self, code: Code, args: Mapping[str, object]) -> bool:
        task = Task(code.task, args, {name: self._tools[name] for name in code.tools if name in self._tools})
        return self._shelf is not None and self._shelf.find(task) is not None

    def _started(self) -> Coding:
        sandbox = self._open.enter_context(make_sandbox(self._settings))
        coding = Coding(ModelPrograms(self._shelf), sandbox, self._settings.node_limits)
        if self._ahead is None:
            return coding
        prewriting = Prewriting(coding.programs, self._ahead, look=coding.look)
        return replace(coding, prewriting=self._open.enter_context(prewriting))


@contextmanager
def coding_for(
    plan: WorkflowPlan,
    settings: Settings,
    broker: Broker,
    tools: Mapping[str, Tool],
    *,
    keeps: bool = True,
) -> Iterator[Coding | None]:
    """What one plan needs for its code, for as long as this is open."""
    with CodeWork(settings, broker, tools, keeps=keeps) as work:
        yield work.coding_for(plan)


def _why_nobody_writes(broker: Broker) -> str:
    try:
        broker.models.model("coder")
    except ToolError as error:
        return str(error)
    return ""
