"""Asking models: each question has a price, waits its turn, and is asked again where that can help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from overseer.broker.budget import Budget, Spend
from overseer.broker.limits import Limits, Share
from overseer.broker.meter import Meter
from overseer.broker.retry import Attempt, Retry, retryable
from overseer.errors import BrokenInvariant
from overseer.failures import failure_from
from overseer.tool import Cancellation, Question, Reply, ToolError

# What an answer is taken to need where nobody said how long it may be.
_USUAL_ANSWER = 1000
_LETTERS_PER_TOKEN = 4

# Asking twice changes nothing, whatever became of the first time.
_MAY_RETRY = retryable(failure_from, is_idempotent=True)

# How a question fails that no model has looked at.
_NOTHING_WAS_DONE = ("rate_limited", "bad_request", "denied")


class KnownModel(Protocol):
    """Which model answers, as limits and prices know it."""

    @property
    def provider(self) -> str: ...

    @property
    def name(self) -> str: ...


class ModelSource(Protocol):
    """The models by the roles they have; ToolError if there is none for a role."""

    def model(self, role: str) -> KnownModel: ...

    def ask(self, question: Question, *, cancellation: Cancellation | None = None) -> Reply: ...


class NoModels:
    """For those who have none."""

    def model(self, role: str) -> KnownModel:
        raise ToolError(f"there is no model for the role '{role}'; this engine was given none", kind="denied")

    def ask(self, question: Question, *, cancellation: Cancellation | None = None) -> Reply:
        raise BrokenInvariant("a model was asked that there is not")


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
        hold: Callable[[str | None], None],
    ) -> None:
        self._source = source
        self._cost_of = cost_of
        self._budget = budget
        self._limits = limits
        self._retry = retry
        self._meter = meter
        self._hold = hold

    def ask(self, question: Question, *, cancellation: Cancellation | None = None) -> Reply:
        model = self._source.model(question.role)
        given_up = cancellation or Cancellation()
        asked, answered = _estimate(question)
        guess = Reply("", model.name, asked, answered, provider=model.provider)
        estimate = Spend(1, asked + answered, self._cost_of(guess))
        names = (f"provider:{model.provider}", f"model:{model.provider}/{model.name}")

        def attempt(this: Attempt) -> Reply:
            with (
                self._budget.reserve(estimate, what=f"model '{model.name}'") as reservation,
                self._limits.slot(
                    names, tokens=estimate.tokens, cancellation=given_up, on_wait=lambda name, _: self._hold(name)
                ) as slot,
            ):
                if slot.waited_for is not None:
                    self._hold(None)
                reservation.sent()
                try:
                    reply = self._source.ask(question, cancellation=given_up)
                except ToolError as error:
                    if error.kind == "rate_limited":
                        slot.throttled(failure_from(error).retry_after_s)
                    if error.kind in _NOTHING_WAS_DONE:
                        reservation.refused()
                        self._meter.add(Spend(requests=1))
                    else:
                        self._meter.add(estimate)
                    raise
                spent = Spend(1, reply.input_tokens + reply.output_tokens, self._cost_of(reply))
                slot.settle(tokens=spent.tokens)
                reservation.settle(spent)
                self._meter.add(spent)
                return reply

        return self._retry.run(attempt, may_retry=_MAY_RETRY, cancellation=given_up)


def _estimate(question: Question) -> tuple[int, int]:
    """The tokens of a question and of its answer, roughly."""
    asked = -(-(len(question.prompt) + len(question.system)) // _LETTERS_PER_TOKEN)
    return asked, question.max_tokens or _USUAL_ANSWER
