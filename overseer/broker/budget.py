"""What calls may cost: reserved before a call goes out, settled with what it really took.

    budget = Budget("run 7f3a", Cap(requests=10, cost=0.50), parent=session)

    with budget.reserve(Spend(requests=1, tokens=4000, cost=0.02)) as reservation:
        reservation.sent()  # from here on it counts, however it ends
        reply = ask(...)
        reservation.settle(Spend(requests=1, tokens=reply.tokens, cost=reply.cost))

Whoever reserves has it from a budget and all those above it, or from none, so that however many
call at once, together they cannot plan to spend more than any of them allows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType

from overseer.broker.caps import NO_CAP, Cap, money_text
from overseer.broker.remedies import Remedy, of_nobody
from overseer.errors import BrokenInvariant
from overseer.jsonvalue import Json
from overseer.plan.durations import duration_text
from overseer.tool import ToolError


@dataclass(frozen=True, slots=True)
class Spend:
    """What calls took or may take. A cost of None: nobody knows a price; sums count such requests as `unpriced`."""

    requests: int = 0
    tokens: int = 0
    cost: float | None = 0.0  # in dollars; of a sum, the part that is known
    unpriced: int = 0
    guessed: int = 0  # how many of the tokens no server counted
    answered: int = 0  # of the tokens, those that models answered with

    def __post_init__(self) -> None:
        if self.requests < 0 or self.tokens < 0 or (self.cost is not None and not self.cost >= 0):
            raise ValueError(f"nothing can take {self.requests} requests, {self.tokens} tokens and ${self.cost}")
        if self.cost is None and not self.unpriced:
            object.__setattr__(self, "unpriced", max(1, self.requests))

    def to_json(self) -> Json:
        """As the events of a run tell it: what is zero is left out, and nothing at all is None."""
        if self is NOTHING:
            return None
        amounts = {
            "requests": self.requests,
            "tokens": self.tokens,
            "answered": self.answered,
            "cost": self.cost,
            "unpriced": self.unpriced,
            "guessed": self.guessed,
        }
        return {name: amount for name, amount in amounts.items() if amount} or None

    @classmethod
    def from_json(cls, told: Json) -> Spend:
        return cls(**told) if told else NOTHING

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            self.requests + other.requests,
            self.tokens + other.tokens,
            round((self.cost or 0.0) + (other.cost or 0.0), 12),  # sums of cents must stay cents
            self.unpriced + other.unpriced,
            self.guessed + other.guessed,
            self.answered + other.answered,
        )

    def __sub__(self, other: Spend) -> Spend:
        return Spend(
            self.requests - other.requests,
            self.tokens - other.tokens,
            round((self.cost or 0.0) - (other.cost or 0.0), 12),
            self.unpriced - other.unpriced,
            self.guessed - other.guessed,
            self.answered - other.answered,
        )


NOTHING = Spend()


class OverBudget(ToolError):
    """A call that a budget does not allow; the message says which, what is left and what would help."""

    def __init__(self, message: str, *, budget: str) -> None:
        super().__init__(message, kind="budget")
        self.budget = budget

    def __reduce__(self) -> tuple[Callable[..., OverBudget], tuple[str, str]]:
        return _over_budget, (str(self), self.budget)


class Budget:
    """What may be spent under one name, and under the names above it. Shared by threads."""

    def __init__(
        self,
        name: str,
        cap: Cap = NO_CAP,
        parent: Budget | None = None,
        clock: Callable[[], float] | None = None,  # that of its parent, if nothing else is said
        remedy: Remedy = of_nobody,
    ) -> None:
        self.name = name
        self.cap = cap
        self.spent = NOTHING  # by calls that have ended, and by an earlier process
        self.reserved = NOTHING  # for calls that are under way
        self._chain: tuple[Budget, ...] = (self, *(parent._chain if parent is not None else ()))
        self._clock: Callable[[], float] = clock or (parent._clock if parent is not None else time.monotonic)
        self._remedy = remedy
        # One for a whole tree: who reserves has all or none.
        self._lock: threading.Lock = parent._lock if parent is not None else threading.Lock()
        self._began_at: float | None = None
        self._elapsed_before_s = 0.0

    def reserve(self, estimate: Spend, *, what: str = "this call") -> Reservation:
        """A reservation, made on entering it: OverBudget if this budget or one above it does not allow it."""
        return Reservation(self, estimate, what)

    def check_time(self) -> None:
        """OverBudget if the time of this budget or one above it is over: then not even what is free may begin.

        What is free is a call too: where time counts, it runs from now, if it does not run yet.
        """
        for budget in self._chain:
            if budget.cap.time_s is not None:
                with self._lock:
                    budget._check_time()
                    if budget._began_at is None:
                        budget._began_at = budget._clock()

    @property
    def parent(self) -> Budget | None:
        """The budget that this one is part of."""
        return self._chain[1] if len(self._chain) > 1 else None

    def restore(self, spent: Spend, *, elapsed_s: float = 0.0, through: Budget | None = None) -> None:
        """Count what an earlier process spent on the same.

        Budgets above it count it up to and including `through`; the others were not the same then.
        """
        with self._lock:
            self._elapsed_before_s += elapsed_s
            last = self._chain.index(through) if through is not None else 0
            for budget in self._chain[: last + 1]:
                budget.spent += spent

    def elapsed_s(self) -> float:
        """How much of its time has passed."""
        return self._elapsed_before_s + (0.0 if self._began_at is None else self._clock() - self._began_at)

    def left(self) -> Cap:
        """What could be reserved, here and in all budgets above; None of what has no cap."""
        with self._lock:
            own = [budget._own_left() for budget in self._chain]
        return Cap(
            requests=min((left.requests for left in own if left.requests is not None), default=None),
            tokens=min((left.tokens for left in own if left.tokens is not None), default=None),
            cost=min((left.cost for left in own if left.cost is not None), default=None),
            time_s=min((left.time_s for left in own if left.time_s is not None), default=None),
        )

    def _own_left(self) -> Cap:
        used = self.spent + self.reserved
        cap = self.cap
        return Cap(
            requests=None if cap.requests is None else max(0, cap.requests - used.requests),
            tokens=None if cap.tokens is None else max(0, cap.tokens - used.tokens),
            cost=None if cap.cost is None else max(0.0, round(cap.cost - (used.cost or 0.0), 12)),
            time_s=None if cap.time_s is None else max(0.0, cap.time_s - self.elapsed_s()),
        )

    # --- called by reservations, which come and go with calls

    def _take(self, wanted: Spend, what: str) -> None:
        with self._lock:
            for budget in self._chain:
                budget._check(wanted, what)
            for budget in self._chain:
                budget.reserved += wanted
                if budget._began_at is None:
                    budget._began_at = budget._clock()

    def _book(self, reserved: Spend, actual: Spend) -> None:
        with self._lock:
            for budget in self._chain:
                budget.reserved -= reserved
                budget.spent += actual

    def _check(self, wanted: Spend, what: str) -> None:
        self._check_time()
        cap, used = self.cap, self.spent + self.reserved
        if wanted == NOTHING:
            return  # what costs nothing may be done even where something turned out dearer than it should
        if cap.cost is not None and wanted.unpriced:
            raise OverBudget(
                f"{self.name} may cost ${money_text(cap.cost)}, but what {what} costs is not known; "
                "state its price in the settings, or leave the cost out of the budget",
                budget=self.name,
            )
        for amount in ("requests", "tokens", "cost"):
            most = getattr(cap, amount)
            if most is not None and round(_part(used, amount) + _part(wanted, amount), 12) > most:
                raise self._refusal(amount, most, used, wanted, what)

    def _check_time(self) -> None:
        limit_s = self.cap.time_s
        if limit_s is not None and self.elapsed_s() >= limit_s:
            said = f"the {duration_text(limit_s)} of {self.name} are over"
            raise OverBudget(f"{said}; {self._remedy(Cap(time_s=2 * limit_s or 60.0))}", budget=self.name)

    def _refusal(self, amount: str, most: float, used: Spend, wanted: Spend, what: str) -> OverBudget:
        def said(number: float) -> str:
            return f"${money_text(number)}" if amount == "cost" else f"{number:,}"

        left, needed, held = most - _part(used, amount), _part(wanted, amount), _part(self.reserved, amount)
        of = said(most) if amount == "cost" else f"{said(most)} {amount if most != 1 else amount[:-1]}"
        holding = f" ({said(held)} held by running calls)" if held else ""
        larger = Cap(**{amount: round(max(2 * most, most - left + needed), 12)})  # type: ignore[arg-type]
        return OverBudget(
            f"the budget of {self.name} has {said(round(max(left, 0), 12))} left of {of}{holding}, "
            f"and {what} needs {said(needed)}; {self._remedy(larger)}",
            budget=self.name,
        )


class Reservation:
    """What one call may spend, from entering to leaving. Exactly one of these becomes true of it:

    settled                 what it took is booked, also if that is more than was reserved
    refused by the server   it was a request, and nothing else
    left without a word     the estimate is booked: it went out, and nobody knows what it took
    given back              it never went out, as where it failed before `sent`
    """

    __slots__ = ("_budget", "_estimate", "_is_open", "_was_sent", "_what")

    def __init__(self, budget: Budget, estimate: Spend, what: str) -> None:
        self._budget = budget
        self._estimate = estimate
        self._what = what
        self._is_open = False
        self._was_sent = False

    def __enter__(self) -> Reservation:
        if self._is_open:
            raise BrokenInvariant("a reservation is for one call")
        self._budget._take(self._estimate, self._what)
        self._is_open, self._was_sent = True, False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_open:
            return
        if kind is None or self._was_sent:
            self.settle(self._estimate)
        else:
            self.give_back()

    def sent(self) -> None:
        """The call goes out: from here on it counts, however it ends."""
        self._was_sent = True

    def settle(self, actual: Spend) -> None:
        """The call took this, whatever was estimated."""
        self._close()
        if actual.cost is None:  # better what was thought than nothing; it stays marked as unknown
            actual = replace(actual, cost=self._estimate.cost, unpriced=actual.unpriced)
        if self._estimate.requests and not actual.requests:
            actual = replace(actual, requests=1)  # a report about tokens does not make it less of a request
        self._budget._book(self._estimate, actual)

    def refused(self) -> None:
        """The server would not have it: it was a request, but took no tokens and costs nothing."""
        self.settle(Spend(requests=self._estimate.requests))

    def give_back(self) -> None:
        """The call never went out."""
        self._close()
        self._budget._book(self._estimate, NOTHING)

    def _close(self) -> None:
        if not self._is_open:
            raise BrokenInvariant("a reservation can be settled once, between entering and leaving it")
        self._is_open = False


def _part(spend: Spend, amount: str) -> float:
    part: float | None = getattr(spend, amount)
    return part or 0


def _over_budget(message: str, budget: str) -> OverBudget:
    return OverBudget(message, budget=budget)
