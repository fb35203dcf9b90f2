"""The planner that asks a model: one call that answers the request or gives a plan for it.

A reply that cannot be used goes back once, with everything that is wrong with it. After that the request
is refused with the reasons: what a model did not say is never put in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from overseer.broker.result import ToolResult
from overseer.errors import Failure
from overseer.frontends.asking import NO_TEXTS, ROLE, Asking, Room, Turn, asking
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import NOTHING_EARLIER, Earlier, given_to, with_earlier
from overseer.frontends.foretold import Foretold, Hears
from overseer.frontends.replies import BadReply, DirectAnswer, read_reply
from overseer.frontends.seedform import with_arguments
from overseer.frontends.toolguide import one_line
from overseer.plan import Checked, Limits, check_draft, completed, validate
from overseer.plan import Draft as ReadPlan
from overseer.plan.expansion import expanded
from overseer.plan.faults import Fault
from overseer.plan.inputs import in_words, type_fits
from overseer.plan.values import WorkflowPlan
from overseer.tool import Question, Tool


class Ask(Protocol):
    """Asks a model, as the `ask` of a door does; `on_text` hears the answer as it comes."""

    def __call__(self, question: Question, /, *, on_text: Callable[[str], None] | None = None) -> ToolResult: ...


# Makes the plan that is meant of the one that was read, and adds what is wrong with it in its place.
Meant = Callable[[ReadPlan], ReadPlan]

_MOST_SHOWN = 2000  # letters of a reply that could not be used
_MOST_REASONS = 50

_TWICE_WRONG = (
    "the model gave nothing that can be used, not even when it was told what is wrong; say the request in other "
    f"words, or name another model for the role '{ROLE}' under 'models' in config.yaml"
)


@dataclass(frozen=True, slots=True)
class _Faulty:
    """A reply that cannot be used, and everything that is wrong with it."""

    reply: str
    faults: tuple[Fault, ...]


class Planner:
    """Makes drafts of what a model says. It sends no JSON Schema: the reply is checked here in any case."""

    def __init__(
        self,
        ask: Ask,
        tools: Mapping[str, Tool],
        limits: Limits | None = None,
        *,
        min_steps: int = 1,
        room: Room | None = None,
    ) -> None:
        """`limits` say how large a plan may be; what would take fewer than `min_steps`, the model answers if it can."""
        self._ask = ask
        self._tools = tools
        self._limits = limits or Limits()
        self._min_steps = min_steps
        self._room = room or Room()

    def draft(
        self,
        request: str,
        conversation: Sequence[Turn] = (),
        earlier: Mapping[str, Earlier] | None = None,
        *,
        heard: Hears | None = None,
    ) -> Draft:
        """An answer, a plan without faults, or why there is neither.

        The conversation is what was said before, `earlier` what was made before: inputs of those names get the
        values, and need none of their own. Whoever hears the reply as it comes is told of its steps and its
        answer before it has ended, which makes no difference to the draft.
        """
        known = earlier or {}
        if not request.strip():
            return Refused(("there is no request; say what is to be done",), "model")
        return self.settled(
            request, conversation, earlier=known, meant=lambda read: with_known(read, known), heard=heard
        )

    def settled(
        self,
        request: str,
        conversation: Sequence[Turn],
        *,
        meant: Meant,
        wording: str = "request.md",
        texts: Mapping[str, str] = NO_TEXTS,
        earlier: Mapping[str, Earlier] = NOTHING_EARLIER,
        heard: Hears | None = None,
    ) -> Draft:
        """What comes of asking for a plan in a certain wording, once more where the first reply cannot be used."""
        asked = asking(
            request,
            conversation,
            self._tools,
            earlier=earlier,
            limits=self._limits,
            min_steps=self._min_steps,
            room=self._room,
            wording=wording,
            texts=texts,
        )
        first = self._attempt(asked, meant, heard)
        if not isinstance(first, _Faulty):
            return first
        second = self._attempt(asked.again(first.reply, first.faults), meant, heard)
        match second:
            case _Faulty(reply, faults):
                return Refused((_TWICE_WRONG, *_reasons(faults)), "model", _shown(reply))
            case Refused():
                return replace(second, reasons=(*second.reasons, *_reasons(first.faults)), reply=_shown(first.reply))
            case _:
                note = f"the first reply of the model could not be used: {_reasons(first.faults)[0]}"
                return replace(second, notes=(*second.notes, note))

    def _attempt(self, asked: Asking, meant: Meant, heard: Hears | None) -> Draft | _Faulty:
        if heard is None:
            return self._read(asked, meant, self._ask(asked.question))
        foretold = Foretold(heard, lambda plan: self._accepted(meant(ReadPlan(plan))))
        read = self._read(asked, meant, self._ask(asked.question, on_text=foretold.add))
        foretold.compare(read.faults if isinstance(read, _Faulty) else read)
        return read

    def _read(self, asked: Asking, meant: Meant, result: ToolResult) -> Draft | _Faulty:
        if result.failure is not None:
            return _without_reply(result.failure)
        assert result.reply is not None  # there is one or the other
        text, notes = result.reply.text, (*asked.notes, *result.reply.warnings)
        try:
            read = read_reply(text, is_cut=result.reply.is_cut, tools=self._tools)
        except BadReply as bad:
            return _faulty(text, bad.faults)
        if isinstance(read, DirectAnswer):
            return Answered(read.text, "model", notes)
        return self._checked(meant(read), text, notes)

    def _checked(self, read: ReadPlan, reply: str, notes: tuple[str, ...]) -> Planned | _Faulty:
        """The plan as it will run; whatever would keep it from that is a fault."""
        checked, understood = self._as_it_runs(read)
        if checked.faults:
            return _faulty(reply, checked.faults)
        return Planned(checked.plan, "model", (*notes, *understood, *checked.notes))

    def _accepted(self, read: ReadPlan) -> WorkflowPlan | None:
        """A part of a plan as it will run; None if something keeps it from that."""
        checked, _ = self._as_it_runs(read)
        return None if checked.faults else checked.plan

    def _as_it_runs(self, read: ReadPlan) -> tuple[Checked, tuple[str, ...]]:
        """The plan with all that it implies and all its faults, and what was understood for that."""
        plan, understood = with_arguments(read.plan, self._tools)
        checked = check_draft(replace(read, plan=plan), tools=self._tools, limits=self._limits, folder=None)
        faults = checked.faults or self._faults_within(checked.plan)
        return replace(checked, faults=faults), understood

    def _faults_within(self, plan: WorkflowPlan) -> tuple[Fault, ...]:
        """What is wrong with the plan once those of workflow tools are part of it."""
        whole, circles = expanded(plan, self._tools)
        if circles or whole is plan:
            return circles
        return validate(completed(whole)[0], tools=self._tools, limits=self._limits)


def _faulty(reply: str, faults: tuple[Fault, ...]) -> _Faulty:
    if "\n" in reply.strip():
        return _Faulty(reply, faults)
    return _Faulty(reply, tuple(replace(fault, line=None) for fault in faults))  # there is only one line


def _with_missing_inputs(read: ReadPlan, known: Collection[str]) -> ReadPlan:
    """The same with faults for the inputs without a value, but for those that are known: nobody is asked for any."""
    help = "put the value into the plan, or give it a default"
    missing = (
        Fault(f"the input '{name}' has no value", help, where=("inputs", name))
        for name, declared in read.plan.inputs.items()
        if declared.required and declared.default is None and name not in known
    )
    return replace(read, faults=(*read.faults, *missing))


def with_known(read: ReadPlan, known: Mapping[str, Earlier], also: Collection[str] = ()) -> ReadPlan:
    """The plan with the earlier results that it takes as inputs; what would not fit there is a fault.

    The inputs that are named in `also` have values from elsewhere.
    """
    plan = with_earlier(read.plan, known)
    given = given_to(plan, known)
    misfits = (
        Fault(
            f"the input '{name}' is declared as {in_words(plan.inputs[name].type)}, the result is not",
            f"it is {in_words(known[name].type)}",
            where=("inputs", name),
        )
        for name, value in given.items()
        if not type_fits(plan.inputs[name].type, value)
    )
    return _with_missing_inputs(replace(read, plan=plan, faults=(*read.faults, *misfits)), {*given, *also})


def _without_reply(failure: Failure) -> Refused:
    return Refused((f"the model could not be asked for a plan: {failure.message}",), "model", failure=failure)


def _reasons(faults: Sequence[Fault]) -> tuple[str, ...]:
    """Faults for a person to read, as many as anybody would."""
    reasons = tuple(dict.fromkeys(one_line(fault) for fault in faults))
    rest = len(reasons) - _MOST_REASONS
    return reasons if rest <= 0 else (*reasons[:_MOST_REASONS], f"and {rest} more of the kind")


def _shown(reply: str) -> str:
    return reply if len(reply) <= _MOST_SHOWN else f"{reply[:_MOST_SHOWN]}…"
