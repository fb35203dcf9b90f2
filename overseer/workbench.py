"""What requests and plans are worked on with: settings, tools, models, journal, put together once for a process.

An engine is made for each plan: only a plan that has code needs a sandbox, and somebody who writes the code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from overseer.broker.broker import Broker, Door
from overseer.coding import Coding
from overseer.config import Settings
from overseer.engine import Engine
from overseer.errors import PlanError, UsageError
from overseer.frontends.prewriting import Prewriting
from overseer.frontends.programmer import ModelPrograms
from overseer.frontends.programs import Task
from overseer.frontends.shelf import Shelf
from overseer.home import programs_folder
from overseer.journal import Journal
from overseer.plan import Fault
from overseer.plan.expansion import expanded
from overseer.plan.values import Code, WorkflowPlan, all_steps
from overseer.registry import Registry
from overseer.tool import Tool, ToolError
from overseer.wiring import make_broker, make_sandbox, require_known, take_secrets

ReadTools = Callable[[Sequence[Path], Path], Registry]


@dataclass(frozen=True, slots=True)
class Workbench:
    """The parts that all requests of a process share."""

    settings: Settings
    folder: Path
    broker: Broker
    registry: Registry
    given: tuple[Path, ...] = ()  # folders of tools that were named

    @classmethod
    def open(cls, settings: Settings, folder: Path, given: Sequence[Path], read_tools: ReadTools) -> Workbench:
        """`read_tools` reads the tools of these folders and of the project here, telling of those it cannot read."""
        broker = make_broker(settings, take_secrets(settings), folder, given)
        registry = read_tools(given, folder)
        require_known(settings, registry.tools)
        return cls(settings, folder, broker, registry, tuple(given))

    @property
    def tools(self) -> Mapping[str, Tool]:
        return self.registry.tools

    def engine(
        self, *, journal: Journal | None = None, coding: Coding | None = None, max_parallel: int | None = None
    ) -> Engine:
        return Engine(
            self.tools.values(),
            journal=journal,
            settings=self.settings.for_engine(max_parallel),
            broker=self.broker,
            folder=self.folder,
            coding=coding,
        )

    def is_connected(self, role: str) -> bool:
        """Whether a model has this role; UsageError if one was named and cannot be had.

        Nothing takes the place of what was named.
        """
        try:
            self.broker.models.model(role)
        except ToolError as error:
            if error.kind != "denied":
                raise UsageError(str(error)) from error
            return False
        return True

    @contextmanager
    def engine_for(
        self, plan: WorkflowPlan, *, journal: Journal | None, max_parallel: int | None = None
    ) -> Iterator[Engine]:
        """An engine that can carry out this plan; PlanError names the steps for which nobody can write code."""
        with coding_for(plan, self.settings, self.broker, self.tools) as coding:
            yield self.engine(journal=journal, coding=coding, max_parallel=max_parallel)


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
