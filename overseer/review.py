"""The review of a plan: what is proposed, what somebody decides, and what was approved of it.

A plan that was changed in any way is another proposal and needs another approval. What is approved is a
plan by its hash, so that nothing else can run in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from overseer.broker.needs import Need, needs
from overseer.broker.permissions import Grants, Policy
from overseer.errors import BrokenInvariant
from overseer.frontends.draft import Planner
from overseer.jsonvalue import Json
from overseer.plan import plan_hash
from overseer.plan.expansion import expanded
from overseer.plan.suggestions import listed
from overseer.plan.values import Call, Code, WorkflowPlan, all_steps, is_endless
from overseer.timing.forecast import Forecast
from overseer.tool import EFFECTS, Effect, Tool

ReviewPolicy: TypeAlias = Literal["always", "risky", "never"]

# What somebody should have looked at before it happens.
RISKY: frozenset[Effect] = frozenset({"network", "write", "exec"})
_LOOKED_AT = Policy({effect: "ask" if effect in RISKY else "allow" for effect in EFFECTS})


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a plan beside what it says, before it runs."""

    forecast: Forecast | None = None
    sandbox: str = ""  # the level at which its code would run, where it has any
    kept: frozenset[str] = frozenset()  # the tasks of its code that programs were written for before


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan that is ready to run, as somebody is to see it."""

    plan: WorkflowPlan
    by: Planner | Literal["file"]
    inputs: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()  # what its tools want to do and nobody has allowed
    before: WorkflowPlan | None = None  # the plan that this one is a change of
    maker: str = ""  # the model that made it, or who has changed it since
    asked_because: str = ""  # why somebody has to decide about it, where somebody has
    outlook: Outlook = field(default_factory=Outlook)
    origins: Mapping[str, str] = field(default_factory=dict)  # where values of inputs come from, where that is known

    @property
    def hash(self) -> str:
        return plan_hash(self.plan)

    @property
    def is_denied(self) -> bool:
        """Whether the settings forbid a part of it, so that nobody can approve it."""
        return any(need.verdict == "deny" for need in self.needs)


@dataclass(frozen=True, slots=True)
class Approve:
    """Run the plan that has this hash, in the background if told so."""

    plan_hash: str
    in_background: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Make another plan, in the way that is said in plain words."""

    remark: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Propose this plan instead: somebody has edited it, or dropped a step."""

    plan: WorkflowPlan
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """Run nothing."""

    reason: str = ""


Decision: TypeAlias = Approve | Change | Replace | Reject


@dataclass(frozen=True, slots=True)
class Approved:
    """A plan that may run, with what its tools may do in that run."""

    plan: WorkflowPlan
    inputs: Mapping[str, Json]
    grants: Grants
    in_background: bool = False


class Review:
    """Holds one proposal at a time; only that one can be approved."""

    def __init__(self, proposal: Proposal) -> None:
        self._proposal = proposal

    @property
    def proposal(self) -> Proposal:
        return self._proposal

    def propose(self, proposal: Proposal) -> None:
        """Put another plan in the place of the one under review; nothing that was said of that one holds any more."""
        self._proposal = proposal

    def approved(self, approval: Approve) -> Approved:
        """The plan that may run. Approved can only be what was shown last, and what the settings do not deny."""
        proposal = self._proposal
        if approval.plan_hash != proposal.hash:
            raise BrokenInvariant("a plan was approved that is not the one under review")
        if proposal.is_denied:
            raise BrokenInvariant("a plan was approved that the settings deny")
        tools = frozenset(need.tool for need in proposal.needs)
        return Approved(proposal.plan, proposal.inputs, Grants(tools=tools), approval.in_background)


def must_be_asked(policy: ReviewPolicy, proposal: Proposal, tools: Mapping[str, Tool]) -> bool:
    """Whether somebody has to decide about a plan before it runs."""
    return bool(reason_to_ask(policy, proposal, tools))


def reason_to_ask(policy: ReviewPolicy, proposal: Proposal, tools: Mapping[str, Tool]) -> str:
    """Why somebody has to decide about a plan before it runs; nothing if nobody has.

    What the permissions ask for is asked for in any case. Beyond that `always` means every plan, `risky` those
    whose tools do more than compute, read and ask models and those that listen and go on by themselves, and
    `never` none.
    """
    return _reason_of_permissions(proposal) or reason_to_review(policy, proposal.plan, tools)


def unreviewed(
    policy: ReviewPolicy, proposal: Proposal, tools: Mapping[str, Tool], approved: Collection[Effect]
) -> Proposal:
    """The same for when nobody can look at it: why it may not run, and all that has to be approved beforehand.

    What was approved takes the place of a review where that is all the risky classes of the plan, and anything at all.
    """
    risky = RISKY & effects_in(proposal.plan, tools)
    reason = "" if approved and risky.issubset(approved) else reason_to_review(policy, proposal.plan, tools)
    if not reason:
        return replace(proposal, asked_because=_reason_of_permissions(proposal))
    listed_already = {need.tool for need in proposal.needs}
    more = (
        need
        for need in needs(proposal.plan, tools, _LOOKED_AT)
        if need.tool not in listed_already and not RISKY.intersection(need.effects).issubset(approved)
    )
    return replace(proposal, asked_because=reason, needs=(*proposal.needs, *more))


def reason_to_review(policy: ReviewPolicy, plan: WorkflowPlan, tools: Mapping[str, Tool]) -> str:
    """Why somebody has to look at a plan, whatever the permissions say; nothing if nobody has."""
    if policy == "always":
        return "every plan is reviewed (chat.review: always)"
    if policy == "never":
        return ""
    risky = RISKY & effects_in(plan, tools)
    reasons = [effect for effect in EFFECTS if effect in risky]
    whole, _ = expanded(plan, tools)
    if is_endless(whole):
        return f"it listens and goes on by itself{f', with {listed(reasons)}' if reasons else ''} (chat.review: risky)"
    return f"it has {listed(reasons)} in it (chat.review: risky)" if reasons else ""


def _reason_of_permissions(proposal: Proposal) -> str:
    if not proposal.needs:
        return ""
    return "your permissions deny a part of it" if proposal.is_denied else "your permissions ask for a part of it"


def effects_in(plan: WorkflowPlan, tools: Mapping[str, Tool]) -> frozenset[Effect]:
    """The classes of all tools that a plan may call, also from code and inside of workflow tools."""
    whole, _ = expanded(plan, tools)
    return frozenset(effect for name in _tools_in(whole) if name in tools for effect in tools[name].effects)


def _tools_in(plan: WorkflowPlan) -> Iterator[str]:
    for step in all_steps(plan):
        match step.action:
            case Call(tool=name):
                yield name
            case Code(tools=names):
                yield from names
            case _:
                continue
