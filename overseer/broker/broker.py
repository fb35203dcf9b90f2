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
from typing import Any

from overseer.broker.accounts import Account
from overseer.broker.attempts import Attempt, TimeLimit, as_result, attempt_here
from overseer.broker.budget import NOTHING, Budget, Spend
from overseer.broker.cache import NO_CACHE, Cache, call_key
from overseer.broker.changes import KeepsChanges
from overseer.broker.desk import Desk
from overseer.broker.failures import failure_from
from overseer.broker.hearing import Hearing, OnText
from overseer.broker.limits import Limits
from overseer.broker.meter import Meter
from overseer.broker.modelcalls import CostOf, MeteredModels, ModelSource, NoModels, nobody_knows
from overseer.broker.permissions import NOTHING_GRANTED, OPEN, Grants, Policy
from overseer.broker.permit import APPROVE_OPTION, Permit
from overseer.broker.records import Record
from overseer.broker.redacting import NothingToRedact, Redacts
from overseer.broker.result import ToolResult
from overseer.broker.retry import Retry
from overseer.broker.waiting import GiveUp, Hold, OnHold, Waiting
from overseer.broker.writers import InTheWay, Writers, WrittenBy
from overseer.errors import Failure
from overseer.jsonvalue import Json, json_text
from overseer.plan.arguments import argument_faults
from overseer.plan.suggestions import did_you_mean
from overseer.printing import printed_to
from overseer.tool import (
    NO_SERVICES,
    REPEATABLE,
    Cancellation,
    Question,
    Reply,
    Services,
    Tool,
    ToolContext,
    ToolError,
)

# Told what a model answers a call, piece by piece; with None, that the answer begins anew.
Hear = Callable[[ToolContext, str | None], None]

# Carries out a plan inside of a call.
RunPlan = Callable[["Inside", Any, Mapping[str, Json]], Json]


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
    changes: KeepsChanges | None = None
    writers: Writers = field(default_factory=Writers)


@dataclass(slots=True)
class _Making:
    """One call that is being made."""

    desk: Desk
    args: Mapping[str, Json]
    context: ToolContext
    meter: Meter
    hold: OnHold


class Door:
    """The way to tools and models for one run."""

    def __init__(
        self,
        broker: Broker,
        tools: Mapping[str, Tool],
        *,
        grants: Grants = NOTHING_GRANTED,
        account_of: Callable[[str], Account] | None = None,
        run_plan: RunPlan | None = None,
        inside: Inside | None = None,
        approve_with: str = APPROVE_OPTION,
    ) -> None:
        """`account_of` tells what the step at a key spends from; without it, that is the session's budget.

        `inside` is the call that all calls through this door are part of, if they are. `approve_with` is
        said to whoever has not approved something.
        """
        self.broker = broker
        self.tools = tools
        self.permit = Permit(broker.policy, grants, approve_with)
        session = Account(broker.budget, broker.limits)
        self._account_of = account_of or (lambda key: session)
        self._run_plan = run_plan
        self._inside = inside
        self._desks: dict[str, Desk] = {}
        self.hold: Hold = lambda context, what, give_up: None
        self.printed: Callable[[str], None] | None = None  # takes the lines that tools print
        self.written_by: WrittenBy = lambda tool, args: ()
        self.hear: Hear | None = None

    @property
    def spent(self) -> Spend:
        """What was spent through this door, and whatever else spends from the same."""
        return self._account_of("").budget.spent

    def call(
        self,
        name: str,
        args: Mapping[str, Json],
        context: ToolContext,
        *,
        record: Record | None = None,
        keeps_time: bool = False,
    ) -> ToolResult:
        """What comes of a call; a refusal, too, is a result.

        Whoever is not given up from outside when the tool's time is over, as the steps of a plan are,
        lets the door keep that time.
        """
        try:
            desk = self._desk(name)
            self._check_arguments(desk, args)
            self.permit.check(desk, args)
            timeout_s = desk.tool.timeout_s
            limit = TimeLimit(timeout_s) if keeps_time and timeout_s is not None else None
            if record is None:
                return self._answered(desk, args, context, limit)
            if (known := record.known()) is not None:
                return ToolResult(known.value, known.failure, was_known=True)
            record.begin()
            result = self._answered(desk, args, context, limit)
            record.end(result)
            return result
        except BaseException as error:  # an edge: whatever happens in here is no more than a failed call
            return ToolResult(failure=self._explained(error))

    def _answered(
        self, desk: Desk, args: Mapping[str, Json], context: ToolContext, limit: TimeLimit | None
    ) -> ToolResult:
        """What was kept of the same call, or what comes of making it."""
        cache, key = desk.cache, partial(call_key, desk.tool, args)
        if (kept := cache.known(key)) is not None:
            return ToolResult(kept[0], was_known=True)
        meter = self._meter()
        making = _Making(desk, args, context, meter, self._holding(context, limit))
        try:
            made = self._made(making) if limit is None else self._made_within(limit, making)
            value = self.broker.redactor.redact_json(made)
        except BaseException as error:  # even SystemExit of a tool
            return ToolResult(failure=self._explained(error), spent=meter.total)
        cache.keep(key, value)
        return ToolResult(value, spent=meter.total)

    def ask(self, question: Question, context: ToolContext, *, on_text: OnText | None = None) -> ToolResult:
        """What a model answers, asked by nobody's tool; `on_text` hears it as it comes."""
        meter = self._meter()
        try:
            self.permit.check_asking()
            models = self._models(context, meter, self._holding(context, None), partial(self._hearing, on_text))
            reply = models.ask(question, cancellation=context.cancellation)
            redactor = self.broker.redactor
            reply = replace(reply, text=redactor.redact(reply.text), value=redactor.redact_json(reply.value))
            value = reply.text if question.schema is None else reply.value
            return ToolResult(value, spent=meter.total, reply=reply)
        except BaseException as error:
            return ToolResult(failure=self._explained(error), spent=meter.total)

    # --- before a call

    def _desk(self, name: str) -> Desk:
        tool = self.tools.get(name)
        if tool is None:
            help = did_you_mean(name, self.tools, "there are")
            raise ToolError(f"there is no tool '{name}'; {help}", kind="bad_request")
        desk = self._desks.get(name)
        if desk is None or desk.tool is not tool:
            desk = self._desks[name] = Desk.of(tool, self.broker.policy, self.broker.cache)
        return desk

    def _check_arguments(self, desk: Desk, args: Mapping[str, Json]) -> None:
        if not desk.accepts(args) and (faults := argument_faults(desk.tool.parameters, args)):
            raise ToolError(f"tool '{desk.tool.name}': {'; '.join(faults)}", kind="bad_request")

    # --- the call

    def _made_within(self, limit: TimeLimit, making: _Making) -> Json:
        """The result, unless that takes longer than it may; as with a step, its time is that of all attempts."""

        def made(cancellation: Cancellation) -> Json:
            return self._made(replace(making, context=replace(making.context, cancellation=cancellation)))

        return limit.carry_out(made, making.context.cancellation)

    def _made(self, making: _Making) -> Json:
        """The result, after as many attempts as it takes."""
        desk, changes = making.desk, self.broker.changes
        if desk.is_unseen and changes is not None and making.context.run_id:
            changes.note_unseen(making.context.run_id, desk.tool.name)
        if desk.tool.context_parameter is not None:
            making = replace(making, context=replace(making.context, services=self._services(making)))
        if desk.may_retry is None:
            return self._attempt(making)
        return self.broker.retry.run(
            lambda: self._attempt(making),
            may_retry=desk.may_retry,
            cancellation=making.context.cancellation,
        )

    def _attempt(self, making: _Making) -> Json:
        """One attempt, while no other run writes what it does."""
        tool, context = making.desk.tool, making.context
        if not tool.writes or tool.plan is not None or not (names := self.written_by(tool.name, making.args)):
            return self._admitted(making)
        turn = Waiting(context.cancellation, making.meter, making.hold)
        with turn.writing(self.broker.writers, context.run_id, names, may_wait=self._inside is None):
            return self._admitted(making)

    def _admitted(self, making: _Making) -> Json:
        """One attempt, once there is budget and room for it."""
        desk, args, context = making.desk, making.args, making.context
        tool, name, price = desk.tool, desk.name, desk.price
        account = self._account_of(context.key)
        if price is NOTHING and not account.limits.knows(name):  # free, and nobody counts it
            account.budget.check_time()
            _begin(making)
            return as_result(tool, self._carried_out(tool, args, context))
        turn = Waiting(context.cancellation, making.meter, making.hold, self.broker.retry.longest_wait_s)
        with (
            account.budget.reserve(price, what=f"tool '{tool.name}'") as reservation,
            turn.slot(account.limits, (name,)) as slot,
        ):
            _begin(making)
            reservation.sent()
            try:
                value = as_result(tool, self._carried_out(tool, args, context))
            except ToolError as error:
                if error.kind == "denied":  # it never went out
                    reservation.give_back()
                    price = NOTHING
                elif error.kind == "rate_limited" and price is not NOTHING:
                    slot.throttled(failure_from(error).retry_after_s)
                raise
            finally:
                making.meter.add(price)
            return value

    def _carried_out(self, tool: Tool, args: Mapping[str, Json], context: ToolContext) -> Any:
        if self.printed is None:
            return self.broker.attempt(tool, args, context)
        with printed_to(self.printed):
            return self.broker.attempt(tool, args, context)

    def _holding(self, context: ToolContext, limit: TimeLimit | None) -> OnHold:
        """Tells who waits: as the run knows it, however the call is cancelled in here."""
        if limit is None:
            return lambda what, give_up: self.hold(context, what, give_up)

        def hold(what: str | InTheWay | None, give_up: GiveUp | None) -> None:
            limit.hold(waits=what is not None)
            self.hold(context, what, give_up)

        return hold

    def _services(self, making: _Making) -> Services:
        context, meter = making.context, making.meter
        run_plan = None
        if (carry_out := self._run_plan) is not None:

            def run_plan(plan: Any, inputs: dict[str, Any]) -> Json:
                return carry_out(Inside(self, context, meter, self.depth + 1), plan, inputs)

        services, changes = self.broker.services, self.broker.changes
        workspace = services.workspace
        if changes is not None and context.run_id:
            workspace = changes.workspace_of(context.run_id, making.desk.tool.name)
        on_text = take_back = None
        if (hear := self.hear) is not None:
            on_text, take_back = partial(hear, context), partial(hear, context, None)
        models = self._models(context, meter, making.hold, partial(self._hearing, on_text, take_back))
        return replace(services, workspace=workspace, models=models, run_plan=run_plan)

    def _hearing(self, on_text: OnText | None, take_back: Callable[[], None] | None = None) -> Hearing | None:
        return Hearing(on_text, self.broker.redactor.in_pieces, take_back) if on_text is not None else None

    def _models(
        self, context: ToolContext, meter: Meter, hold: OnHold, hearing: Callable[[], Hearing | None]
    ) -> MeteredModels:
        account = self._account_of(context.key)
        return MeteredModels(
            self.broker.models,
            cost_of=self.broker.cost_of,
            budget=account.budget,
            limits=account.limits,
            retry=self.broker.retry,
            meter=meter,
            hold=hold,
            cache=self.broker.cache,
            may_keep=self._is_free_of_secrets,
            hearing=hearing,
        )

    def _meter(self) -> Meter:
        return Meter(None if self._inside is None else self._inside.meter)

    @property
    def depth(self) -> int:
        """How many calls its calls are part of."""
        return 0 if self._inside is None else self._inside.depth

    # --- after a call

    def _is_free_of_secrets(self, reply: Reply) -> bool:
        return self.broker.redactor.secret_in(json_text([reply.text, reply.value])) is None

    def _explained(self, error: BaseException) -> Failure:
        failure, redact = failure_from(error), self.broker.redactor.redact
        return replace(failure, message=redact(failure.message), detail=redact(failure.detail))


@dataclass(frozen=True, slots=True)
class Inside:
    """A call that carries out a plan: what is called by that is part of it."""

    outer: Door
    context: ToolContext
    meter: Meter
    depth: int

    @property
    def account(self) -> Account:
        """What it all spends from."""
        return self.outer._account_of(self.context.key)

    def door(self, account_of: Callable[[str], Account]) -> Door:
        """A door to the same tools, with the same grants."""
        outer = self.outer
        door = Door(
            outer.broker,
            outer.tools,
            grants=outer.permit.grants,
            account_of=account_of,
            run_plan=outer._run_plan,
            inside=self,
            approve_with=outer.permit.remedy,
        )
        door.printed = outer.printed
        return door


def _begin(making: _Making) -> None:
    """Something is done from here on, unless it is nothing that counts: what only reads may simply be called again."""
    if making.desk.tool.effect not in REPEATABLE:
        making.meter.begin()
