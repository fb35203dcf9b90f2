"""The only door to tools and models. Every call goes through the same rules in the same order.

    known tool, arguments that fit, permission, an answer that is there already, budget, a free
    slot and room in the rate window, the attempt, another one where that can help, settling, recording

The broker holds what all runs of the process share; a `Door` is what one run gets. What passes back
through a door is plain JSON and free of secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from overseer.broker.accounts import Account
from overseer.broker.attempts import Attempt, as_result, attempt_here
from overseer.broker.budget import NOTHING, Budget, Spend
from overseer.broker.cache import NO_CACHE, Cache, call_key
from overseer.broker.limits import Limits, OnWait
from overseer.broker.meter import Meter
from overseer.broker.modelcalls import CostOf, MeteredModels, ModelSource, NoModels, nobody_knows
from overseer.broker.permissions import NOTHING_GRANTED, OPEN, Grants, Policy, Verdict
from overseer.broker.records import Record
from overseer.broker.result import ToolResult
from overseer.broker.retry import Retry, retryable
from overseer.errors import Failure
from overseer.failures import failure_from
from overseer.jsonvalue import Json, json_text
from overseer.plan.arguments import argument_faults
from overseer.plan.suggestions import did_you_mean
from overseer.tool import NO_SERVICES, Effect, Question, Reply, Services, Tool, ToolContext, ToolError

# Each attempt at a call of these is a request to somebody's server. What asks a model counts as it asks.
_REQUESTS: tuple[Effect, ...] = ("network",)

_REQUEST = Spend(requests=1)

_IDEMPOTENT = retryable(failure_from, is_idempotent=True)
_NOT_IDEMPOTENT = retryable(failure_from, is_idempotent=False)

Hold = Callable[[ToolContext, str | None], None]


class Redacts(Protocol):
    """What takes secrets out of whatever passes."""

    @property
    def has_secrets(self) -> bool: ...

    def secret_in(self, text: str) -> str | None: ...

    def redact(self, text: str) -> str: ...

    def redact_json(self, value: Json) -> Json: ...


class NothingToRedact:
    """For those who have no secrets."""

    has_secrets = False

    def secret_in(self, text: str) -> str | None:
        return None

    def redact(self, text: str) -> str:
        return text

    def redact_json(self, value: Json) -> Json:
        return value


@dataclass(frozen=True, slots=True)
class Broker:
    """What all calls of the process share."""

    policy: Policy = OPEN
    limits: Limits = field(default_factory=Limits)
    retry: Retry = field(default_factory=lambda: Retry(attempts=1))
    redactor: Redacts = field(default_factory=NothingToRedact)
    services: Services = NO_SERVICES
    models: ModelSource = field(default_factory=NoModels)
    cost_of: CostOf = nobody_knows
    budget: Budget = field(default_factory=lambda: Budget("session"))
    cache: Cache = NO_CACHE
    attempt: Attempt = attempt_here


class Door:
    """The way to tools and models for one run."""

    def __init__(
        self,
        broker: Broker,
        tools: Mapping[str, Tool],
        *,
        grants: Grants = NOTHING_GRANTED,
        account_of: Callable[[str], Account] | None = None,
    ) -> None:
        """`account_of` tells what the step at a key spends from; without it, that is the session's budget."""
        self.broker = broker
        self.tools = tools
        self.grants = grants
        session = Account(broker.budget, broker.limits)
        self._account_of = account_of or (lambda key: session)
        self.hold: Hold = lambda context, name: None  # told what a call waits for, and when it waits no more

    def call(
        self, name: str, args: Mapping[str, Json], context: ToolContext, *, record: Record | None = None
    ) -> ToolResult:
        """What comes of a call; a refusal, too, is a result."""
        try:
            tool = self._known(name)
            self._check_arguments(tool, args)
            self._check_permission(tool, args)
            if record is None:
                return self._answered(tool, args, context)
            if (known := record.known()) is not None:
                return ToolResult(known.value, known.failure, was_known=True)
            record.begin()
            result = self._answered(tool, args, context)
            record.end(result)
            return result
        except BaseException as error:  # an edge: whatever happens in here is no more than a failed call
            return ToolResult(failure=self._explained(error))

    def _answered(self, tool: Tool, args: Mapping[str, Json], context: ToolContext) -> ToolResult:
        """What was kept of the same call, or what comes of making it."""
        cache, key = self.broker.cache if _is_the_same_again(tool) else NO_CACHE, partial(call_key, tool, args)
        if (kept := cache.known(key)) is not None:
            return ToolResult(kept[0], was_known=True)
        meter = Meter()
        try:
            value = self.broker.redactor.redact_json(self._made(tool, args, context, meter))
        except BaseException as error:  # even SystemExit of a tool
            return ToolResult(failure=self._explained(error), spent=meter.total)
        cache.keep(key, value)
        return ToolResult(value, spent=meter.total)

    def ask(self, question: Question, context: ToolContext) -> ToolResult:
        """What a model answers, asked by nobody's tool."""
        meter = Meter()
        try:
            self._check_asking()
            reply = self._models(context, meter).ask(question, cancellation=context.cancellation)
            value = reply.text if question.schema is None else reply.value
            return ToolResult(self.broker.redactor.redact_json(value), spent=meter.total)
        except BaseException as error:
            return ToolResult(failure=self._explained(error), spent=meter.total)

    # --- before a call

    def _known(self, name: str) -> Tool:
        tool = self.tools.get(name)
        if tool is None:
            help = did_you_mean(name, self.tools, "there are")
            raise ToolError(f"there is no tool '{name}'; {help}", kind="bad_request")
        return tool

    def _check_arguments(self, tool: Tool, args: Mapping[str, Json]) -> None:
        if faults := argument_faults(tool.parameters, args):
            raise ToolError(f"tool '{tool.name}': {'; '.join(faults)}", kind="bad_request")

    def _check_permission(self, tool: Tool, args: Mapping[str, Json]) -> None:
        verdict = self.broker.policy.verdict(tool, args)
        if verdict == "deny" or (verdict == "ask" and not self.grants.cover(tool)):
            raise ToolError(_refusal(f"tool '{tool.name}' ({tool.effect})", tool.effect, verdict), kind="denied")

    def _check_asking(self) -> None:
        """The class of tools that ask models decides about questions of nobody's tool, too."""
        verdict = self.broker.policy.classes["model"]
        if verdict == "deny" or (verdict == "ask" and "model" not in self.grants.classes):
            raise ToolError(_refusal("a question to a model", "model", verdict), kind="denied")

    # --- the call

    def _made(self, tool: Tool, args: Mapping[str, Json], context: ToolContext, meter: Meter) -> Json:
        """The result, after as many attempts as it takes."""
        if tool.context_parameter is not None:
            context = replace(context, services=self._services(context, meter))
        if tool.effect == "model":  # whether to ask again was decided where the model was asked
            return self._attempt(tool, args, context, meter)
        return self.broker.retry.run(
            lambda _: self._attempt(tool, args, context, meter),
            may_retry=_IDEMPOTENT if tool.idempotent else _NOT_IDEMPOTENT,
            cancellation=context.cancellation,
        )

    def _attempt(self, tool: Tool, args: Mapping[str, Json], context: ToolContext, meter: Meter) -> Json:
        """One attempt, once there is budget and room for it."""
        name = f"tool:{tool.name}"
        account = self._account_of(context.key)
        if tool.effect not in _REQUESTS and not account.limits.knows(name):  # free, and nobody counts it
            account.budget.check_time()
            return as_result(tool, self.broker.attempt(tool, args, context))
        price = _REQUEST if tool.effect in _REQUESTS else NOTHING
        with (
            account.budget.reserve(price, what=f"tool '{tool.name}'") as reservation,
            account.limits.slot((name,), cancellation=context.cancellation, on_wait=self._holding(context)) as slot,
        ):
            if slot.waited_for is not None:
                self.hold(context, None)
            reservation.sent()
            try:
                value = as_result(tool, self.broker.attempt(tool, args, context))
            except ToolError as error:
                if error.kind == "denied":  # it never went out
                    reservation.give_back()
                    price = NOTHING
                elif error.kind == "rate_limited" and tool.effect in _REQUESTS:
                    slot.throttled(failure_from(error).retry_after_s)
                raise
            finally:
                meter.add(price)
            return value

    def _holding(self, context: ToolContext) -> OnWait:
        return lambda name, _: self.hold(context, name)

    def _services(self, context: ToolContext, meter: Meter) -> Services:
        return replace(self.broker.services, models=self._models(context, meter))

    def _models(self, context: ToolContext, meter: Meter) -> MeteredModels:
        account = self._account_of(context.key)
        return MeteredModels(
            self.broker.models,
            cost_of=self.broker.cost_of,
            budget=account.budget,
            limits=account.limits,
            retry=self.broker.retry,
            meter=meter,
            hold=lambda name: self.hold(context, name),
            cache=self.broker.cache,
            may_keep=self._is_free_of_secrets,
        )

    # --- after a call

    def _is_free_of_secrets(self, reply: Reply) -> bool:
        return self.broker.redactor.secret_in(json_text([reply.text, reply.value])) is None

    def _explained(self, error: BaseException) -> Failure:
        failure, redact = failure_from(error), self.broker.redactor.redact
        return replace(failure, message=redact(failure.message), detail=redact(failure.detail))


def _is_the_same_again(tool: Tool) -> bool:
    """Whether what a tool gives may be kept; what a plan gives hangs on other tools."""
    return tool.effect == "pure" and tool.plan is None


def _refusal(what: str, effect: Effect, verdict: Verdict) -> str:
    if verdict == "deny":
        return f"{what} is denied by the settings; change 'permissions' in config.yaml if it should not be"
    return (
        f"{what} needs approval, and nobody gave it for this plan; give it with --approve {effect}, "
        "or allow it under 'permissions' in config.yaml"
    )
