"""What a plan needs somebody's word for, settled before it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from overseer.broker.broker import Broker
from overseer.broker.needs import Need, needs
from overseer.broker.permissions import NOTHING_GRANTED, Grants
from overseer.broker.permit import APPROVE_OPTION
from overseer.errors import ApprovalNeeded, PlanError
from overseer.jsonvalue import Json, json_text
from overseer.plan import plan_hash
from overseer.plan.faults import secret_fault
from overseer.plan.values import WorkflowPlan
from overseer.tool import Tool


class NotApproved(ApprovalNeeded):
    """Some tools of a plan were not approved; `needs` has them, for whoever may be asked."""

    needs: tuple[Need, ...]

    def __init__(self, wanted: Sequence[Need], *, approve_with: str = APPROVE_OPTION) -> None:
        super().__init__("\n".join([*question_lines(wanted), *remedies(wanted, approve_with)]), wanted)


def question_lines(wanted: Sequence[Need]) -> list[str]:
    """Everything that somebody should see who decides about it."""
    return [_headline(wanted), *(f"  {line}" for need in wanted for line in need.lines())]


def _headline(wanted: Sequence[Need]) -> str:
    if all(need.verdict == "deny" for need in wanted):
        return "the settings deny what this plan wants to do:"
    return "this plan wants to do what needs your approval:"


def remedies(wanted: Sequence[Need], approve_with: str = APPROVE_OPTION) -> list[str]:
    """How what a plan needs is approved, as far as it can be."""
    classes = sorted({effect for need in wanted if need.verdict == "ask" for effect in need.effects})
    found = [f"approve it with: {approve_with.format(classes=','.join(classes))}"] if classes else []
    if any(need.verdict == "deny" for need in wanted):
        found.append("what is denied can only be allowed under 'permissions' in config.yaml")
    return found


def open_needs(plan: WorkflowPlan, tools: Mapping[str, Tool], broker: Broker, given: Grants | None) -> list[Need]:
    """What a plan needs beyond what was approved."""
    if broker.policy.allows_everything:
        return []
    grants = given or NOTHING_GRANTED
    wanted = needs(plan, tools, broker.policy)
    return [need for need in wanted if need.verdict == "deny" or not grants.cover(tools[need.tool])]


def approved(plan: WorkflowPlan, tools: Mapping[str, Tool], broker: Broker, given: Grants | None) -> Grants:
    """What was approved for this very plan; NotApproved lists what is missing."""
    if wanted := open_needs(plan, tools, broker, given):
        raise NotApproved(wanted)
    return given or NOTHING_GRANTED


@dataclass(frozen=True, slots=True)
class Approval:
    """What was approved for a run, as it is kept with it: for which plan, and what each tool was at that time."""

    plan_hash: str  # empty where no tool was approved: then nobody asks which plan it was
    tools: Mapping[str, str]  # by name, what tells whether it is still the same

    @classmethod
    def of(cls, grants: Grants, plan: WorkflowPlan, tools: Mapping[str, Tool]) -> Approval:
        seen = _Digests()
        covered = {tool.name: seen.of(tool) for tool in tools.values() if grants.cover(tool)}
        return cls(plan_hash(plan) if covered else "", covered)

    def still_holds(self, plan: WorkflowPlan, tools: Mapping[str, Tool]) -> Grants:
        """What of it holds for a plan and for the tools as they are: those that changed are asked for again."""
        if not self.tools or plan_hash(plan) != self.plan_hash:
            return NOTHING_GRANTED
        seen = _Digests()
        same = {name for name, then in self.tools.items() if name in tools and seen.of(tools[name]) == then}
        return Grants(tools=frozenset(same))

    def to_json(self) -> dict[str, Json]:
        return {"plan": self.plan_hash, "tools": dict(self.tools)}

    @classmethod
    def from_json(cls, record: Mapping[str, Json]) -> Approval:
        tools = record["tools"]
        return cls(record["plan"], tools if isinstance(tools, dict) else {})


def as_kept(grants: Grants, plan: WorkflowPlan, tools: Mapping[str, Tool], given: Grants | None) -> Json:
    """What is to be kept of an approval; nothing where none was given."""
    return Approval.of(grants, plan, tools).to_json() if given and given != NOTHING_GRANTED else None


class _Digests:
    """What tells one state of a tool from another: its kind, its class, and the file that it comes from."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def of(self, tool: Tool) -> str:
        if tool.origin not in self._contents:
            try:
                self._contents[tool.origin] = Path(tool.origin).read_bytes() if tool.origin else b""
            except OSError:  # gone, or no file at all: its path has to do
                self._contents[tool.origin] = tool.origin.encode(errors="replace")
        said = f"{tool.kind}\0{','.join(tool.effects)}\0".encode()
        return hashlib.sha256(said + self._contents[tool.origin]).hexdigest()[:32]


def refuse_secrets(broker: Broker, **texts: Json) -> None:
    """PlanError if a secret stands in what would be shown and kept; tools get secrets by name.

    What is text is JSON already.
    """
    if not broker.redactor.has_secrets:
        return
    for what, value in texts.items():
        if name := broker.redactor.secret_in(value if isinstance(value, str) else json_text(value)):
            raise PlanError([secret_fault(what, name)])
