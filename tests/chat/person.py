"""A person for tests: decides as told, and remembers what was said, shown and heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from overseer.broker.broker import Broker
from overseer.broker.permissions import OPEN, Policy
from overseer.chat.talk import Talk
from overseer.commands.relay import Relay
from overseer.conversation import begun
from overseer.journal.journal import Journal
from overseer.models import ModelRoles, ScriptedModel
from overseer.models.model import Model
from overseer.plan.values import WorkflowPlan
from overseer.registry import Registry
from overseer.registry.findings import Entry
from overseer.reports.report import Report
from overseer.review import Approve, Decision, Proposal, Reject
from overseer.running.run import Run, RunResult
from overseer.settings.config import load_settings
from overseer.settings.given import Flags
from overseer.tool import Cancellation, Tool
from overseer.workbench import Workbench


class Somebody:
    """Approves everything, unless told otherwise."""

    def __init__(self, *decisions: Decision) -> None:
        self.decisions = list(decisions)
        self.told: list[str] = []
        self.heard: list[str] = []
        self.answers: list[str] = []
        self.shown: list[Proposal] = []
        self.asked: list[bool] = []
        self.cancellations: list[Cancellation] = []

    def tell(self, line: str) -> None:
        self.told.append(line)

    def hear(self, piece: str) -> None:
        self.heard.append(piece)

    def end_answer(self, text: str, *, is_values: bool = False) -> None:
        self.answers.append(text)

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        self.show(proposal)
        self.asked.append(must_ask)
        decision = self.decisions.pop(0) if self.decisions else Approve(proposal.hash)
        return Approve(proposal.hash) if decision == APPROVE else decision

    def show(self, proposal: Proposal) -> None:
        self.shown.append(proposal)

    def follow(self, run: Run, report: Report, began_as: WorkflowPlan, relay: Relay | None = None) -> RunResult:
        (relay or run).watch(report.observe)
        return run.carry_out() if relay is None else run.wait(30.0)

    @contextmanager
    def interruptible(self) -> Iterator[Cancellation]:
        cancellation = Cancellation()
        self.cancellations.append(cancellation)
        yield cancellation


APPROVE = Approve("")  # whatever is shown
REJECT = Reject()


def talk_with(
    person: Somebody,
    model: Model | Sequence[Any] | None,
    *tools: Tool,
    folder: Path,
    journal: Journal | None = None,
    policy: Policy = OPEN,
    settings: Sequence[str] = (),
) -> Talk:
    """A talk about a folder with these tools alone; a list is what a scripted model says, in order."""
    if model is None:
        models = None
    else:
        models = ModelRoles.of(model if not isinstance(model, Sequence) else ScriptedModel(list(model)))
    broker = Broker(policy=policy, **({"models": models} if models is not None else {}))
    registry = Registry({each.name: Entry(each, "built-in") for each in tools})
    bench = Workbench(load_settings(Flags(None, tuple(settings))), folder, broker, registry)
    return Talk(bench, person, begun(journal, folder), journal=journal)
