"""What a plan needs somebody's word for, settled before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from overseer.broker.broker import Broker
from overseer.broker.permissions import NOTHING_GRANTED, Grants, Need, needs
from overseer.errors import ApprovalNeeded, PlanError
from overseer.jsonvalue import Json, json_text
from overseer.plan import Fault, plan_hash
from overseer.plan.values import WorkflowPlan
from overseer.tool import Tool


class NotApproved(ApprovalNeeded):
    """Some tools of a plan were not approved; `needs` has them, for whoever may be asked."""

    needs: tuple[Need, ...]

    def __init__(self, wanted: Sequence[Need]) -> None:
        text = "\n".join([_headline(wanted), *(f"  {need}" for need in wanted), *_remedies(wanted)])
        super().__init__(text, wanted)


def _headline(wanted: Sequence[Need]) -> str:
    if all(need.verdict == "deny" for need in wanted):
        return "the settings deny what this plan wants to do:"
    return "this plan wants to do what needs your approval:"


def _remedies(wanted: Sequence[Need]) -> list[str]:
    classes = sorted({need.effect for need in wanted if need.verdict == "ask"})
    remedies = [f"approve it with: --approve {','.join(classes)}"] if classes else []
    if any(need.verdict == "deny" for need in wanted):
        remedies.append("what is denied can only be allowed under 'permissions' in config.yaml")
    return remedies


def open_needs(plan: WorkflowPlan, tools: Mapping[str, Tool], broker: Broker, given: Grants | None) -> list[Need]:
    """What a plan needs beyond what was approved."""
    if broker.policy.allows_everything:
        return []
    grants = given or NOTHING_GRANTED
    wanted = needs(plan, tools, broker.policy)
    return [need for need in wanted if need.verdict == "deny" or not grants.cover(tools[need.tool])]


def approved(plan: WorkflowPlan, tools: Mapping[str, Tool], broker: Broker, given: Grants | None) -> Grants:
    """What was approved, bound to this very plan; NotApproved lists what is missing."""
    if wanted := open_needs(plan, tools, broker, given):
        raise NotApproved(wanted)
    return NOTHING_GRANTED if given is None else given.bound_to(plan_hash(plan))


def refuse_secrets(broker: Broker, **texts: Json) -> None:
    """PlanError if a secret stands in what would be shown and kept; tools get secrets by name."""
    if not broker.redactor.has_secrets:
        return
    for what, value in texts.items():
        if name := broker.redactor.secret_in(json_text(value)):
            remedy = "take it out: a tool gets it by its name, and whatever stands here is shown and kept"
            raise PlanError([Fault(f"the {what} holds {name}", remedy)])
