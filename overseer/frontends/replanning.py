"""Other plans in the place of one: as somebody wants it, or to go on where a run has failed.

Both are asked for and judged as any plan is. Of a run, only what is unfinished is asked for: the finished
steps are put in by us, so that no reply can change them or have them done again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from overseer.frontends.asking import Turn
from overseer.frontends.draft import Draft, Planned, Refused
from overseer.frontends.earlier import NOTHING_EARLIER, Earlier
from overseer.frontends.material import step_lines
from overseer.frontends.outcome import Outcome
from overseer.frontends.planner import Planner, with_known
from overseer.jsonvalue import json_text
from overseer.models.promptfiles import fenced
from overseer.plan import Draft as ReadPlan
from overseer.plan import to_document
from overseer.plan.faults import Fault
from overseer.plan.values import WorkflowPlan, WorkflowStep

_MOST_LETTERS = 20_000  # of results, where a plan is to be made and not an answer


class Reviser:
    """Asks a planner for changed plans."""

    def __init__(self, planner: Planner, *, most_patches: int = 2) -> None:
        """For one run there are at most so many patches, those that came to nothing counted as well."""
        self._planner = planner
        self._most_patches = most_patches
        self._patches: dict[str, int] = {}

    def change(
        self,
        plan: WorkflowPlan,
        remark: str,
        conversation: Sequence[Turn] = (),
        earlier: Mapping[str, Earlier] = NOTHING_EARLIER,
    ) -> Draft:
        """The plan as somebody wants it who has seen it; nothing of it has run."""
        if not remark.strip():
            return Refused(("nothing was said; say what is to be different",), "model")
        texts = {"plan": fenced(_as_text(plan)), "remark": fenced(remark)}
        return self._planner.settled(
            remark,
            conversation,
            meant=lambda read: with_known(read, earlier, also=plan.inputs),
            wording="change.md",
            texts=texts,
            earlier=earlier,
        )

    def patch(self, request: str, outcome: Outcome, conversation: Sequence[Turn] = (), *, remark: str = "") -> Draft:
        """A plan for the rest of a run; what is finished is the same in it.

        A remark says what is to be different, in the words of whoever wants it.
        """
        made = self._patches.get(outcome.run_id, 0)
        if made >= self._most_patches:
            return Refused((f"the plan of this run was to be changed {made} times; change it yourself",), "model")
        self._patches[outcome.run_id] = made + 1
        texts = {
            "plan": fenced(_as_text(outcome.plan)),
            "steps": fenced("\n".join(step_lines(outcome, _MOST_LETTERS))),
            "settled": json_text(list(outcome.fixed)) if outcome.fixed else "(none)",
            "remark": f"Whoever looks after the run wants this:\n\n{fenced(remark)}\n\n" if remark.strip() else "",
        }
        draft = self._planner.settled(
            request,
            conversation,
            meant=lambda read: _patched(read, outcome),
            wording="replan.md",
            texts=texts,
        )
        return _held_to(draft, outcome)


def _patched(read: ReadPlan, outcome: Outcome) -> ReadPlan:
    """The plan that a reply with the rest of it means, and what is wrong with that."""
    before = outcome.plan
    old = {step.step_id: step for step in before.steps}
    faults = [
        Fault(f"{outcome.fixed[step.step_id]} and cannot be changed", "leave it out of the reply", step.step_id)
        for step in read.plan.steps
        if step.step_id in outcome.fixed and step != old[step.step_id]
    ]
    faults += [
        Fault(
            "has finished a part of its work and cannot be changed",
            "give it as it was, or leave it out and give the rest of its work to a step with another id",
            step.step_id,
        )
        for step in read.plan.steps
        if step.step_id in outcome.begun and step != old[step.step_id]
    ]
    faults += [
        Fault(f"the input '{name}' is new", "put the value into the steps", where=("inputs", name))
        for name in read.plan.inputs
        if name not in before.inputs
    ]
    given = Counter(step.step_id for step in read.plan.steps)
    faults += [Fault("is there twice", "give it once", step_id) for step_id, count in given.items() if count > 1]
    plan = replace(before, steps=_in_order(before, read.plan.steps, outcome.fixed))
    if read.plan.output is not None:
        plan = replace(plan, output=read.plan.output)
    if plan == before and not read.faults and not faults:
        faults.append(Fault("this is the plan as it was, and would fail again", "change what failed, or answer"))
    return replace(read, plan=plan, faults=(*read.faults, *faults), lines={})  # whose steps have other numbers


def _in_order(before: WorkflowPlan, rest: Sequence[WorkflowStep], fixed: Mapping[str, str]) -> tuple[WorkflowStep, ...]:
    """The fixed steps and the others where they were, and each new one after the one that it was given after."""
    given = {step.step_id: step for step in rest}
    steps = [
        step if step.step_id in fixed else given[step.step_id]
        for step in before.steps
        if step.step_id in fixed or step.step_id in given
    ]
    known = {step.step_id for step in before.steps}
    place = next((at for at, step in enumerate(steps) if step.step_id in given), len(steps))
    for step in rest:
        if step.step_id in known:
            place = 1 + max((at for at, other in enumerate(steps) if other.step_id == step.step_id), default=place)
        else:
            steps.insert(place, step)
            place += 1
    return tuple(steps)


def _held_to(draft: Draft, outcome: Outcome) -> Draft:
    """The draft, unless completing its plan has touched what is finished."""
    if not isinstance(draft, Planned):
        return draft
    after = {step.step_id: step for step in draft.plan.steps}
    touched = [step for step in outcome.plan.steps if step.step_id in outcome.fixed and after.get(step.step_id) != step]
    if not touched:
        return draft
    return Refused(
        tuple(f"step '{step.step_id}' {outcome.fixed[step.step_id]} and cannot be changed" for step in touched), "model"
    )


def _as_text(plan: WorkflowPlan) -> str:
    return json_text(to_document(plan))
