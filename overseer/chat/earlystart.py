"""Steps that begin while the rest of their plan is still being written.

What begins early is what nobody has to be asked for, in a run whose plan is open. Where the plan comes to a step that
somebody has to look at, nothing more of it begins. Where the rest of the reply spoils the plan, what has begun is
finished, because it needed no approval and half of it would be worth less than all of it; nothing else begins. A plan
that mends it goes on in the same run if it has everything in it that has begun, so that nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

from overseer.broker.caps import Cap
from overseer.broker.permissions import Grants
from overseer.errors import OverseerError, PlanError
from overseer.frontends.asking import Turn
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import Earlier, given_to, with_values
from overseer.frontends.foretold import Hears
from overseer.frontends.planner import Planner
from overseer.jsonvalue import Json
from overseer.plan.values import WorkflowPlan, WorkflowStep
from overseer.review import Proposal, ReviewPolicy, must_be_asked
from overseer.running.engine import Engine
from overseer.running.run import Run

# `none`: nothing has begun. `whole`: the run goes on with all of the plan. `waiting`: with what nobody has to be asked
# for, and then waits for what becomes of the rest. `apart`: it finishes what has begun, and is no part of the draft.
Stage: TypeAlias = Literal["none", "whole", "waiting", "apart"]


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft, and the run in which a part of it is under way already."""

    draft: Draft
    run: Run | None = None
    stage: Stage = "none"
    reason: str = ""  # why the run stands apart, or what it waits for

    def go_on(self, plan: WorkflowPlan, approve: Grants | None = None) -> None:
        """The run that waits goes on with this plan, which has what has begun in it; PlanError if it has not."""
        assert self.run is not None
        self.run.change(plan, approve=approve)

    def leave(self, reason: str) -> None:
        """The run that waits finishes what has begun and no more."""
        assert self.run is not None
        finish(self.run, reason)


class EarlyStart:
    """Makes drafts, and has their first steps begin while the model still speaks."""

    def __init__(
        self,
        engine: Engine,
        planner: Planner,
        review: ReviewPolicy,
        *,
        approve: Grants | None = None,
        budget: Cap | None = None,
        remember: Mapping[str, Json] | None = None,
        on_run: Callable[[Run], None] = lambda run: None,
        min_steps: int = 1,
    ) -> None:
        """`on_run` is given a run before it starts, to watch it. Nothing begins before there are `min_steps` steps.

        Steps that are code need an engine that has a sandbox; without one, nothing begins from such a step on.
        `approve`, `budget` and `remember` are those of `Engine.prepare`.
        """
        self._engine = engine
        self._planner = planner
        self._review: ReviewPolicy = review
        self._approve = approve
        self._budget = budget
        self._remember = remember
        self._on_run = on_run
        self.min_steps = min_steps

    def draft(
        self,
        request: str,
        conversation: Sequence[Turn] = (),
        earlier: Mapping[str, Earlier] | None = None,
        *,
        heard: Hears | None = None,
    ) -> Begun:
        """The draft that the planner makes, and what of it is under way by then."""
        if self._review == "always":
            return Begun(self._planner.draft(request, conversation, earlier, heard=heard))
        starting = _Starting(self, earlier or {}, heard)
        try:
            draft = self._planner.draft(request, conversation, earlier, heard=starting)
            return starting.settled(draft)
        except BaseException:
            starting.cancel("the planning was broken off")
            raise

    def must_be_asked(self, plan: WorkflowPlan) -> bool:
        """Whether somebody has to look at a plan, or a part of one, before it runs; PlanError if it cannot run."""
        needs = tuple(self._engine.needs(plan, self._approve))
        return must_be_asked(self._review, Proposal(plan, "model", needs=needs), self._engine.tools)

    def started(self, plan: WorkflowPlan) -> Run:
        """An open run of what there is of a plan."""
        run = self._engine.prepare(
            plan, approve=self._approve, budget=self._budget, remember=self._remember, is_open=True
        )
        self._on_run(run)
        return run.start()

    def follow(self, run: Run, plan: WorkflowPlan, *, is_last: bool) -> None:
        run.change(plan, approve=self._approve, is_last=is_last)

    def steps_of(self, plan: WorkflowPlan) -> dict[str, WorkflowStep]:
        """The steps as a run has them."""
        return {step.step_id: step for step in self._engine.checked(plan).steps}


class _Starting:
    """One request, from the first step of a reply to the draft."""

    def __init__(self, early: EarlyStart, earlier: Mapping[str, Earlier], heard: Hears | None) -> None:
        self._early = early
        self._earlier = earlier
        self._heard = heard
        self._run: Run | None = None
        self._begun: Mapping[str, WorkflowStep] = {}  # before the reply that comes: it must have them in it
        self._is_over = False  # nothing more of this reply begins
        self._why = ""  # it does not
        self._spoilt_by = ""  # what was wrong with the reply that some of it began with

    # --- what is heard

    def steps(self, new: tuple[WorkflowStep, ...], so_far: WorkflowPlan) -> None:
        if self._heard is not None:
            self._heard.steps(new, so_far)
        if self._is_over:
            return
        try:
            self._begin(self._with_values(so_far))
        except (OverseerError, TimeoutError) as error:
            self._stop(str(error))

    def answer(self, text: str) -> None:
        if self._heard is not None:
            self._heard.answer(text)

    def withdrawn(self, reason: str) -> None:
        if self._heard is not None:
            self._heard.withdrawn(reason)
        self._is_over, self._why = False, ""
        if self._run is None:
            return
        self._spoilt_by = self._spoilt_by or reason
        if _keep_begun(self._run, reason):
            self._begun = {step.step_id: step for step in self._run.plan.steps}
        else:
            self._stop(reason)

    def _begin(self, plan: WorkflowPlan) -> None:
        if len(plan.steps) < self._early.min_steps or not self._has_begun(plan):
            return  # the rest of the reply may bring it
        if self._early.must_be_asked(plan):
            self._stop("somebody has to look at the rest of the plan")
        elif self._run is None:
            self._run = self._early.started(plan)
        else:
            self._early.follow(self._run, plan, is_last=False)

    def _has_begun(self, plan: WorkflowPlan) -> bool:
        """Whether a plan has everything in it that has begun, as it was."""
        if not self._begun:
            return True
        steps = self._early.steps_of(plan)
        return all(steps.get(step_id) == step for step_id, step in self._begun.items())

    def _with_values(self, plan: WorkflowPlan) -> WorkflowPlan:
        """The plan with earlier results as defaults: those that a later step reads come when the run has begun."""
        return with_values(plan, given_to(plan, self._earlier))

    def _stop(self, why: str) -> None:
        self._is_over, self._why = True, why

    # --- the end

    def settled(self, draft: Draft) -> Begun:
        """What becomes of the run when the draft is there."""
        if self._run is None:
            return Begun(draft)
        match draft:
            case Planned(plan=plan):
                return self._planned(draft, self._run, self._with_values(plan))
            case Answered():
                return self._apart(draft, self._run, "the request was answered without a plan")
            case Refused(reasons=reasons, failure=failure):
                if failure is not None and failure.kind == "cancelled":  # whoever asked wants all of it to stop
                    self.cancel(reasons[0])
                    return Begun(draft, self._run, "apart", reasons[0])
                return self._apart(
                    draft, self._run, f"the rest of the plan cannot be used: {self._spoilt_by or reasons[0]}"
                )
            case _:
                assert_never(draft)

    def _planned(self, draft: Planned, run: Run, plan: WorkflowPlan) -> Begun:
        try:
            if not self._has_begun(plan):
                return self._apart(draft, run, "the plan was made anew, and is another one for what has begun")
            if self._early.must_be_asked(plan):
                return Begun(draft, run, "waiting", self._why)
            self._early.follow(run, plan, is_last=True)
        except (OverseerError, TimeoutError) as error:
            return self._apart(draft, run, f"the run cannot go on with the rest of the plan: {error}")
        return Begun(draft, run, "whole")

    def _apart(self, draft: Draft, run: Run, reason: str) -> Begun:
        finish(run, reason)
        return Begun(draft, run, "apart", reason)

    def cancel(self, reason: str) -> None:
        if self._run is not None:
            self._run.cancel(reason=reason)


def finish(run: Run, reason: str) -> None:
    """Have an open run finish what has begun, and no more."""
    if _keep_begun(run, reason):
        try:
            run.complete(reason)
        except PlanError:  # it has ended meanwhile
            return
        except TimeoutError:
            run.cancel(reason=reason)


def _keep_begun(run: Run, reason: str) -> bool:
    """Take out of its plan what has not begun; a run of which nothing has begun is cancelled."""
    try:
        run.keep_begun()
    except (PlanError, TimeoutError):
        run.cancel(reason=reason)  # which one that has ended does not hear
        return False
    return True
