"""Asking models: each request has a price, waits its turn, and is sent again where that can help.

A question may take several requests: a server is asked for JSON in one way after the other, and what
does not fit is given back. What is held to budgets and limits, booked and retried is the request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from overseer.broker.budget import Budget, Spend
from overseer.broker.cache import NO_CACHE, Cache, question_key
from overseer.broker.failures import failure_from
from overseer.broker.hearing import Hearing
from overseer.broker.limits import Limits, Share
from overseer.broker.meter import Meter
from overseer.broker.retry import Retry, retryable
from overseer.broker.waiting import OnHold, Waiting
from overseer.errors import Failure
from overseer.models.model import Model, ModelError, Request
from overseer.tool import Cancellation, Question, Reply, ToolError

# What an answer is taken to need where nobody said how long it may be.
_USUAL_ANSWER = 1000

# Asking twice changes nothing, whatever became of the first time.
_CAN_HELP = retryable(failure_from, is_idempotent=True)

# How a request fails that no model has looked at.
_NOTHING_WAS_DONE = ("rate_limited", "bad_request", "denied")


class ModelSource(Protocol):
    """The models by the roles they have; ToolError if there is none for a role."""

    def model(self, role: str) -> Model: ...

    def as_set(self, question: Question) -> Question:
        """The question as the settings want its role to be asked."""
        ...


class NoModels:
    """For those who have none."""

    def model(self, role: str) -> Model:
        raise ToolError(f"there is no model for the role '{role}'; this engine was given none", kind="denied")

    def as_set(self, question: Question) -> Question:
        return question


CostOf = Callable[[Reply], float | None]


def nobody_knows(reply: Reply) -> float | None:
    """The cost of a reply where there are no prices."""
    return None


class MeteredModels:
    """The models as one call sees them."""

    def __init__(
        self,
        source: ModelSource,
        *,
        cost_of: CostOf,
        budget: Budget,
        limits: Limits | Share,
        retry: Retry,
        meter: Meter,
        hold: OnHold,
        cache: Cache = NO_CACHE,
        may_keep: Callable[[Reply], bool] = lambda reply: True,
        hearing: Callable[[], Hearing | None] = lambda: None,
    ) -> None:
        """`hearing` makes what hears one answer as it comes; without it, nobody does."""
        self._source = source
        self._cost_of = cost_of
        self._budget = budget
        self._limits = limits
        self._retry = retry
        self._meter = meter
        self._hold = hold
        self._cache = cache
        self._may_keep = may_keep
        self._hearing = hearing

    def ask(self, question: Question, *, cancellation: Cancellation | None = None) -> Reply:
        model, asked = self._source.model(question.role), self._source.as_set(question)
        key = partial(question_key, asked, model.provider, model.name)
        hearing = self._hearing()
        if (known := self._cache.known(key)) is not None:
            reply = _kept_reply(known[0], model)
            if hearing is not None:
                hearing.add(reply.text)
                hearing.close()
            return reply
        given_up = cancellation or Cancellation()
        reply = model.ask(
            asked,
            cancellation=given_up,
            on_text=hearing.add if hearing is not None else None,
            turn=partial(self._in_turn, model, given_up, hearing),
        )
        if hearing is not None:
            hearing.close()
        if not reply.is_cut and reply.text.strip() and self._may_keep(reply):
            self._cache.keep(key, {"text": reply.text, "value": reply.value})
        return reply

    def _in_turn(self, model: Model, given_up: Cancellation, hearing: Hearing | None, request: Request) -> Reply:
        """The answer to one request, after as many attempts as it takes."""
        may_retry = _CAN_HELP if hearing is not None and hearing.can_begin_anew else _may_retry
        return self._retry.run(
            lambda: self._attempt(model, given_up, hearing, request), may_retry=may_retry, cancellation=given_up
        )

    def _attempt(self, model: Model, given_up: Cancellation, hearing: Hearing | None, request: Request) -> Reply:
        estimate = self._estimate(model, request)
        names = (f"provider:{model.provider}", f"model:{model.provider}/{model.name}")
        waiting = Waiting(given_up, self._meter, self._hold, self._retry.longest_wait_s)
        with (
            self._budget.reserve(estimate, what=f"model '{model.name}'") as reservation,
            waiting.slot(self._limits, names, tokens=estimate.tokens) as slot,
        ):
            self._meter.begin()
            reservation.sent()
            if hearing is not None:
                hearing.begin()
            try:
                reply = request.send()
            except ToolError as error:
                if error.kind == "rate_limited":
                    slot.throttled(failure_from(error).retry_after_s)
                if isinstance(error, ModelError) and not error.was_sent:
                    reservation.give_back()
                elif error.kind in _NOTHING_WAS_DONE:
                    reservation.refused()
                    self._meter.add(Spend(requests=1))
                else:
                    guess = replace(estimate, guessed=estimate.tokens)
                    reservation.settle(guess)
                    self._meter.add(guess)
                raise
            tokens = reply.input_tokens + reply.output_tokens
            guessed = tokens if reply.is_estimated else 0
            spent = Spend(1, tokens, self._cost_of(reply), guessed=guessed, answered=reply.output_tokens)
            slot.settle(tokens=spent.tokens)
            reservation.settle(spent)
            self._meter.add(spent)
            return reply

    def _estimate(self, model: Model, request: Request) -> Spend:
        asked, answered = request.asked_tokens, request.most_tokens or _USUAL_ANSWER
        guess = Reply("", model.name, asked, answered, provider=model.provider)
        return Spend(1, asked + answered, self._cost_of(guess))


def _may_retry(error: BaseException) -> Failure | None:
    """What may pass, unless somebody has seen a part of the answer, which cannot be taken back."""
    has_streamed = isinstance(error, ModelError) and error.has_streamed
    return None if has_streamed else _CAN_HELP(error)


def _kept_reply(kept: dict[str, object], model: Model) -> Reply:
    return Reply(str(kept["text"]), model.name, value=kept["value"], provider=model.provider)
