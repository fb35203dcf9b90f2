"""What is told of a draft while the reply still comes: steps that may well begin, and the answer as it is written.

A step is told once it is known to be right as far as the plan goes: its tool and arguments, and every step
that it reads. One that reads a later step waits for that. The rest of the reply may still spoil it all, and
whoever hears is told that, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias, assert_never

from overseer.frontends.arriving import Arriving
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.plan.faults import Fault
from overseer.plan.references import CONTEXT_NAMES, refs_in
from overseer.plan.values import Scope, WorkflowPlan, WorkflowStep, loop_guard, refs_of, refs_of_guard

# Every further step has the plan so far checked once more; of a longer plan, the rest is told at the end.
MOST_STEPS = 200

# The plan as it will run, or None if it cannot.
Accept: TypeAlias = Callable[[WorkflowPlan], WorkflowPlan | None]


class Hears(Protocol):
    """Whoever wants to know before the end."""

    def steps(self, new: tuple[WorkflowStep, ...], so_far: WorkflowPlan) -> None:
        """These steps are right, in the plan as far as it goes; those that are told first are in it, too."""
        ...

    def answer(self, text: str) -> None:
        """The answer goes on with this text."""
        ...

    def withdrawn(self, reason: str) -> None:
        """Nothing that was told since the last time holds: the draft is another one, or another is asked for."""
        ...


class Foretold:
    """One reply, told as it comes."""

    def __init__(self, heard: Hears, accept: Accept) -> None:
        self._heard = heard
        self._accept = accept
        self._arriving = Arriving(on_step=self._take, on_answer=self._say)
        self._read: list[WorkflowStep] = []
        self._told: dict[str, WorkflowStep] = {}
        self._said = ""
        self._is_over = False

    def add(self, text: str) -> None:
        """The next piece of the reply."""
        if not self._is_over:
            self._arriving.add(text)

    def compare(self, draft: Draft | tuple[Fault, ...]) -> None:
        """Take back what was told if the whole reply turned out to be something else, or to have these faults."""
        self._is_over = True
        if (self._told or self._said) and (reason := self._difference(draft)):
            self._heard.withdrawn(reason)

    def _difference(self, draft: Draft | tuple[Fault, ...]) -> str:
        match draft:
            case Planned(plan=plan):
                final = {step.step_id: step for step in plan.steps}
                changed = [step_id for step_id, step in self._told.items() if final.get(step_id) != step]
                is_so = not changed and not self._said
                return "" if is_so else "the whole reply is another plan than its beginning was taken for"
            case Answered(text=text):
                is_so = not self._told and text.startswith(self._said)
                return "" if is_so else "the whole reply is another answer than its beginning was taken for"
            case Refused(reasons=reasons):
                return reasons[0]
            case tuple():
                return str(draft[0])
            case _:
                assert_never(draft)

    def _say(self, text: str) -> None:
        self._said += text
        self._heard.answer(text)

    def _take(self, head: WorkflowPlan, step: WorkflowStep) -> None:
        self._read.append(step)
        if len(self._read) > MOST_STEPS:
            self._is_over = True
        if self._is_over:
            return
        ready = self._ready()
        if all(each.step_id in self._told for each in ready):
            return
        so_far = self._accept(head.with_steps(ready))
        if so_far is None:  # nothing that comes can mend it
            self._is_over = True
            return
        new = tuple(each for each in so_far.steps if each.step_id not in self._told)
        self._told |= {each.step_id: each for each in new}
        self._heard.steps(new, so_far)

    def _ready(self) -> tuple[WorkflowStep, ...]:
        """The steps that need no step that has not come yet, nor one that does."""
        ready = self._read
        while True:
            known = {step.step_id for step in ready}
            kept = [step for step in ready if known.issuperset(_needed(step))]
            if len(kept) == len(ready):
                return tuple(kept)
            ready = kept


def _needed(step: WorkflowStep) -> Iterator[str]:
    """The steps around it that a step, or its body, names anywhere."""
    yield from step.depends_on
    yield from (ref.name for ref in refs_of(step) if ref.name not in CONTEXT_NAMES)
    if not isinstance(step.action, Scope) or step.action.body is None or step.action.is_isolated:
        return
    body = step.action.body
    inside = {step.step_id, *(each.step_id for each in body.steps)}
    for each in body.steps:
        yield from (name for name in _needed(each) if name not in inside)
    for ref in refs_in(body.output) + refs_of_guard(loop_guard(step.action.mode)):
        if ref.name not in inside and ref.name not in CONTEXT_NAMES:
            yield ref.name
