"""What holds for every call of a tool, whatever its arguments: settled at the first, so that no other asks again."""

from __future__ import annotations

from dataclasses import dataclass

from overseer.broker.budget import NOTHING, Spend
from overseer.broker.cache import NO_CACHE, Cache
from overseer.broker.failures import failure_from
from overseer.broker.permissions import Policy, Verdict
from overseer.broker.retry import MayRetry, retryable
from overseer.plan.acceptance import Accept, acceptor
from overseer.tool import Effect, Tool

# Each attempt at a call of these is a request to somebody's server. What asks a model counts as it asks.
_REQUESTS: Effect = "network"

_REQUEST = Spend(requests=1)

_IDEMPOTENT = retryable(failure_from, is_idempotent=True)
_NOT_IDEMPOTENT = retryable(failure_from, is_idempotent=False)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the calls of one tool are dealt with."""

    tool: Tool
    name: str  # what limits know it by
    accepts: Accept  # arguments that clearly fit
    verdict: Verdict | None  # None where it hangs on the arguments
    price: Spend  # of one attempt
    may_retry: MayRetry | None  # None where it is not decided here
    cache: Cache
    is_unseen: bool  # it may change files otherwise than through the workspace

    @classmethod
    def of(cls, tool: Tool, policy: Policy, cache: Cache) -> Desk:
        verdicts = policy.verdicts(tool, None)
        return cls(
            tool,
            name=f"tool:{tool.name}",
            accepts=acceptor(tool.parameters),
            verdict=next(iter(verdicts)) if len(verdicts) == 1 else None,
            price=_REQUEST if _REQUESTS in tool.effects and tool.plan is None else NOTHING,
            may_retry=_may_retry(tool),
            cache=cache if _is_the_same_again(tool) else NO_CACHE,
            is_unseen=_is_unseen(tool),
        )


def _may_retry(tool: Tool) -> MayRetry | None:
    """What to try again; for models and for the steps of a plan that was decided where they were called."""
    if tool.effect == "model" or tool.plan is not None:
        return None
    return _IDEMPOTENT if tool.idempotent else _NOT_IDEMPOTENT


def _is_unseen(tool: Tool) -> bool:
    """Whether it starts programs, or writes without the workspace; the steps of a plan are looked at by themselves."""
    if tool.plan is not None:
        return False
    writes_alone = "write" in tool.effects and (tool.kind == "command" or tool.context_parameter is None)
    return "exec" in tool.effects or writes_alone


def _is_the_same_again(tool: Tool) -> bool:
    """Whether what a tool gives may be kept; what a plan gives hangs on other tools."""
    return tool.effects == ("pure",) and tool.plan is None
