"""What an earlier process left of a run that is resumed, told by its events: where it was, what it was allowed,
what it had spent, and for how long it had been at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from overseer.broker.accounts import Accounts, scope_of
from overseer.broker.budget import Spend
from overseer.broker.permissions import NOTHING_GRANTED, Grants
from overseer.errors import Failure, PlanError, Undecided, UsageError
from overseer.jsonvalue import Json
from overseer.kernel.events import (
    Event,
    PlanChanged,
    PlanClosed,
    QuestionAsked,
    RunResumed,
    RunStarted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    ToolReturned,
)
from overseer.kernel.reducer import apply
from overseer.kernel.restart import HAS_ENDED, fixed_steps, replaced_scopes, resume_faults
from overseer.kernel.state import RunState
from overseer.plan.values import WorkflowPlan
from overseer.running.approval import Approval
from overseer.tool import Tool

_CUT_OFF = "the run was cut off before all of its plan was there"


class Past:
    """The earlier life of a run."""

    def __init__(self, state: RunState, events: Iterable[Event], *, approved: Json = None) -> None:
        """`state` is folded on with the events; `approved` is what the run began with."""
        self.state = state
        self._approved = approved
        self._spent: list[tuple[str, Json]] = []
        self._elapsed_s: dict[str, float] = {}  # by the key of the scope; nothing for the run
        self._since: dict[str, float] = {}  # when the first step in it was started by the process of the time
        self._last_at = 0.0
        for event in events:
            apply(event, state)
            self._take(event)
        self._end_of_process()

    def grants(self, plan: WorkflowPlan, tools: Mapping[str, Tool]) -> Grants:
        """What was approved last, as far as it holds for the plan that the run goes on with."""
        if self._approved is None:
            return NOTHING_GRANTED
        return Approval.from_json(self._approved).still_holds(plan, tools)

    def rest_of(self, plan: WorkflowPlan) -> WorkflowPlan:
        """What of a plan will be carried out: for what has ended, nobody has to be asked."""
        done = {step_id for step_id, why in fixed_steps(self.state).items() if why == HAS_ENDED}
        return plan.with_steps(tuple(step for step in plan.steps if step.step_id not in done))

    def resumption(
        self,
        inputs: dict[str, Json],
        repeat: set[str],
        give_up: set[str],
        now: float,
        *,
        sandbox: str = "",
        changed: WorkflowPlan | None = None,
    ) -> list[Event]:
        """The events with which the run goes on; ApprovalNeeded where somebody has to decide about a step first.

        PlanError if it cannot go on with the changed plan, where there is one.
        """
        state = self.state
        if state.status is None:
            if changed is not None:
                raise UsageError(f"run {state.run_id} has not even begun; run the changed plan instead of it")
            return [RunStarted(now, state.run_id, inputs, sandbox)]
        if state.status in ("succeeded", "partial"):
            raise UsageError(f"run {state.run_id} has ended ({state.status}); there is nothing to resume")
        unsure = state.unsure()
        if strange := (repeat | give_up) - {"all", *unsure}:
            raise UsageError(f"there is nothing to decide about {', '.join(sorted(strange))} in run {state.run_id}")
        undecided = [] if "all" in repeat | give_up else [key for key in unsure if key not in repeat | give_up]
        if undecided:
            raise Undecided(
                f"run {state.run_id} was cut off while these steps were running, and they may have had effects: "
                f"{', '.join(undecided)}; decide for each whether to repeat it or to give it up",
                undecided,
            )
        dropped = [key for key in unsure if key in give_up or ("all" in give_up and key not in repeat)]
        failure = Failure("cancelled", "was cut off, and is not to be repeated")
        replaced: list[str] = []
        if changed is not None:
            if faults := resume_faults(state, changed, dropped):
                raise PlanError(faults, source="the changed plan")
            replaced = replaced_scopes(state, changed)
        is_cut_off = state.is_open and changed is None
        return [
            RunResumed(now, sandbox=sandbox),
            *([PlanClosed(now, _CUT_OFF)] if is_cut_off else []),
            *(StepFailed(now, key, failure) for key in dropped),
            *(StepSkipped(now, key, "failure", "another plan goes on without it") for key in replaced),
        ]

    def restore(self, accounts: Accounts) -> None:
        """Let what was spent count: going on with a run is no way around its budget."""
        for key, spent in self._spent:
            accounts.restore(key, Spend.from_json(spent))
        for scope_key, elapsed_s in self._elapsed_s.items():
            accounts.restore_time(scope_key, elapsed_s)

    def _take(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._end_of_process()
            case RunResumed(approved=approved):
                self._end_of_process()
                self._approved = approved or self._approved
            case PlanChanged(approved=approved, spent=spent):
                self._approved = approved or self._approved
                self._count("", spent)
            case StepStarted(at=at, key=key):
                while key:
                    key = scope_of(key)
                    self._since.setdefault(key, at)
            case StepSucceeded(key=key, spent=spent):
                self._since.pop(key, None)  # of a scope, nothing more will be spent in it
                self._elapsed_s.pop(key, None)
                self._count(key, spent)
            case QuestionAsked(spent=spent):
                self._count("", spent)
            case StepFailed(key=key, spent=spent) | ToolReturned(key=key, spent=spent):
                self._count(key, spent)
        self._last_at = event.at

    def _count(self, key: str, spent: Json) -> None:
        if spent is not None:
            self._spent.append((key, spent))

    def _end_of_process(self) -> None:
        """Between two processes no time is spent, and of one that was cut off, its last event tells the end."""
        for key, since in self._since.items():
            self._elapsed_s[key] = self._elapsed_s.get(key, 0.0) + max(0.0, self._last_at - since)
        self._since.clear()
