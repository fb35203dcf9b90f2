"""From a request to a draft, while the reply still comes: the answer is shown, code is begun and, where nobody
wants to look at plans first, steps begin as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from overseer.broker.broker import Door
from overseer.broker.caps import Cap
from overseer.broker.permissions import Grants
from overseer.chat.asking import AsksAtDoor
from overseer.chat.earlystart import Begun, EarlyStart
from overseer.chat.person import Person
from overseer.codework import CodeWork
from overseer.commands.relay import Relay
from overseer.frontends.asking import Turn
from overseer.frontends.earlier import Earlier
from overseer.frontends.planner import Planner
from overseer.journal.journal import Journal
from overseer.jsonvalue import Json
from overseer.plan.values import WorkflowPlan, WorkflowStep, is_endless
from overseer.reports.report import Report
from overseer.running.run import Run
from overseer.workbench import Workbench


@dataclass(slots=True)
class UnderWay:
    """A run that began before its plan was complete."""

    run: Run
    began_as: WorkflowPlan
    relay: Relay
    report: Report | None = None  # of whoever follows it

    def begin_report(self) -> Report:
        """The report for whoever follows it from here on."""
        self.report = Report(self.began_as, keeps_rounds=not is_endless(self.run.plan))
        return self.report


@dataclass(slots=True)
class Drafting:
    """Of one request, by a model."""

    bench: Workbench
    person: Person
    door: Door
    work: CodeWork
    grants: Grants
    budget: Cap | None
    remember: Mapping[str, Json]
    journal: Journal | None
    under_way: UnderWay | None = None
    said: str = ""  # of an answer, by now
    spoilt_by: str = ""  # why that does not hold

    def draft(
        self, request: str, before: Sequence[Turn], earlier: Mapping[str, Earlier], *, may_begin: bool = True
    ) -> Begun:
        """The draft, and what of it is under way."""
        if not may_begin or self.bench.settings.chat.review != "never":
            return Begun(self.planner().draft(request, before, earlier, heard=self))
        early = EarlyStart(
            self.bench.engine(journal=self.journal, coding=self.work.at_hand()),
            self.planner(),
            "never",
            approve=self.grants,
            budget=self.budget,
            remember=self.remember,
            on_run=self._look_at,
            min_steps=self.bench.settings.chat.workflow_mode.min_steps,
        )
        return early.draft(request, before, earlier, heard=self)

    def planner(self) -> Planner:
        settings = self.bench.settings
        mode = settings.chat.workflow_mode
        limits = replace(settings.limits, max_steps=min(settings.limits.max_steps, mode.max_steps))
        return Planner(AsksAtDoor(self.door, self.person), self.bench.tools, limits, min_steps=mode.min_steps)

    def _look_at(self, run: Run) -> None:
        self.under_way = UnderWay(run, run.plan, Relay(run, self.journal))

    # --- while the reply comes

    def steps(self, new: tuple[WorkflowStep, ...], so_far: WorkflowPlan) -> None:
        for step in new:
            self.work.add(step)

    def answer(self, text: str) -> None:
        self.take_back()
        self.said += text
        self.person.hear(text)

    def withdrawn(self, reason: str) -> None:
        # Taken back when something else comes: whoever interrupts an answer wants to keep what there was of it.
        self.work.drop()
        self.spoilt_by = reason

    def take_back(self) -> None:
        """Say that what was heard of an answer does not hold, if that is so."""
        if self.said and self.spoilt_by:
            self.person.tell(f"taken back: {self.spoilt_by}")
            self.said = ""
        self.spoilt_by = ""
