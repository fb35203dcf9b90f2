"""Which budget a call spends, and which limits hold it: those of its run, or of the scopes around it.

    accounts = Accounts(plan, Budget("run 7f3a", parent=session), limits, chosen=Cap(requests=20))
    account = accounts.account_of("map[2]/fr")  # the key of the step that calls
    with account.budget.reserve(estimate), account.limits.slot(names):
        ...

A scope that states a cap has one budget for all of its rounds, anew each time it is opened, and that
is part of the next budget further out. A multiplier is shared by all calls that have it from the same
statement, however often the scope is opened that states it.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from overseer.broker.budget import NOTHING, Budget, Spend
from overseer.broker.caps import NO_CAP, Cap, cap_of, overruled, smallest
from overseer.broker.limits import Limits, Multipliers, Share
from overseer.broker.terms import Part, Parts, Terms, parts_of_run, terms_of_scopes
from overseer.kernel.events import Event, StepCancelled, StepFailed, StepSucceeded
from overseer.plan.values import WorkflowPlan

ALL = Multipliers()

_ROUND = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Account:
    """What a call spends from, and what holds it."""

    budget: Budget
    limits: Limits | Share


class Accounts:
    """The accounts of one run. Shared by threads.

    The cap of the run's budget becomes the smallest of its own, the plan's and the `default`; but the
    amounts that were `chosen` for this run replace them. `multipliers` were chosen as well, and count
    before those of the plan and of all scopes; `default_multipliers` count after them.
    """

    def __init__(
        self,
        plan: WorkflowPlan,
        run_budget: Budget,
        limits: Limits | Share,
        *,
        chosen: Cap | None = None,
        default: Cap = NO_CAP,
        multipliers: Multipliers = ALL,
        default_multipliers: Multipliers = ALL,
    ) -> None:
        self._run = run_budget
        self._limits = limits
        self._chosen = chosen or NO_CAP
        self._default = smallest(default, run_budget.cap)
        self._multipliers = multipliers
        self._default_multipliers = default_multipliers
        self._lock = threading.Lock()
        self._shares: dict[Part, Share] = {}
        self._budgets: dict[str, dict[str, Budget]] = {}  # by the key of the scope and by name
        self._settle(plan)

    def account_of(self, key: str) -> Account:
        """The account of the calls that the step at this key makes."""
        if not self._terms:
            return self._of_run
        scope_key = scope_of(key)
        account = self._accounts.get(scope_key)
        return account if account is not None else self._open(scope_key)

    def restore(self, key: str, spent: Spend) -> None:
        """Count what the step at this key spent in an earlier process, in all its budgets up to that of the run."""
        self.account_of(key).budget.restore(spent, through=self._run)

    def restore_time(self, key: str, elapsed_s: float) -> None:
        """Count how long the scope at this key, or without one the run, had been spending in an earlier process."""
        if not key:
            self._run.restore(NOTHING, elapsed_s=elapsed_s)
            return
        self._open(key)
        for budget in list(self._budgets.get(key, {}).values()):
            budget.restore(NOTHING, elapsed_s=elapsed_s)

    def follow(self, plan: WorkflowPlan) -> None:
        """The run goes on with this plan. What a scope has spent stays spent, whatever it may spend by this one."""
        with self._lock:
            self._settle(plan)

    @property
    def are_several(self) -> bool:
        """Whether scopes have accounts of their own."""
        return bool(self._terms)

    def observe(self, event: Event) -> None:
        """Take note of one event of the run: what has ended is forgotten."""
        if isinstance(event, StepSucceeded | StepFailed | StepCancelled):
            self.forget(event.key)

    def forget(self, key: str) -> None:
        """What was at this key has ended: if that is a scope, nothing in it will call any more."""
        with self._lock:
            self._accounts.pop(key, None)
            self._budgets.pop(key, None)

    def _settle(self, plan: WorkflowPlan) -> None:
        self._run.cap = overruled(smallest(self._default, cap_of(plan.budget)), self._chosen)
        parts = parts_of_run(plan, self._multipliers, self._default_multipliers)
        self._of_run = Account(self._run, self._held_by(parts))
        self._accounts: dict[str, Account] = {"": self._of_run}
        self._terms: dict[str, Terms] = terms_of_scopes(plan, self._multipliers, parts)

    def _open(self, scope_key: str) -> Account:
        with self._lock:
            return self._account(scope_key)

    def _account(self, scope_key: str) -> Account:
        known = self._accounts.get(scope_key)
        if known is not None:
            return known
        account = self._account(scope_of(scope_key))
        terms = self._terms.get(_ROUND.sub("", scope_key))
        if terms is not None:
            account = Account(self._budget(scope_key, terms, account.budget), self._held_by(terms.parts))
        elif "[" in scope_key:
            return account  # not kept: in a scope that listens, it may be opened without end
        self._accounts[scope_key] = account
        return account

    def _budget(self, scope_key: str, terms: Terms, budget: Budget) -> Budget:
        """The innermost budget of an opened scope, within one further out."""
        for clause in terms.clauses:
            budgets = self._budgets.setdefault(scope_key, {})
            name = clause.name(scope_key)
            before = budgets.get(name)
            if before is not None and before.parent is budget:
                before.cap = clause.cap
                budget = before
                continue
            budget = budgets[name] = Budget(name, clause.cap, parent=budget, remedy=clause.remedy)
            if before is not None:  # the plan has changed around it
                budget.restore(before.spent, elapsed_s=before.elapsed_s())
        return budget

    def _held_by(self, parts: Parts) -> Limits | Share:
        held: Share | None = None
        for part in parts.values():
            if part.multiplier < 1:  # all of a limit is the limit itself
                share = self._share(part)
                held = share if held is None else held.beside(share)
        return held or self._limits

    def _share(self, part: Part) -> Share:
        # Each by itself: of a scope that states one of them, the others are counted further out.
        if part not in self._shares:
            self._shares[part] = self._limits.share(Multipliers(**{part.rate: part.multiplier}))
        return self._shares[part]


def scope_of(key: str) -> str:
    """The key of the scope that the step at a key is part of; nothing for a step of the plan itself."""
    return key.rpartition("/")[0].rpartition("[")[0]
