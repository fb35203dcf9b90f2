"""The review as somebody at a terminal has it: the plan with all that it would do, and what becomes of it.

Nothing is run for a slip: whatever is not understood is answered with what would be, and asked again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from overseer.chat.choices import ASKED, DENIED, Choice, Dropped, Unclear, read_choice, read_step, read_steps
from overseer.chat.editing import edited, fault_lines
from overseer.chat.planview import SHORT_HASH, difference_screen, plan_screen, step_screen, usual_detail
from overseer.chat.saving import Save
from overseer.commands.output import say_lines, say_styled
from overseer.console import say
from overseer.errors import OverseerError
from overseer.plan import Limits, input_values, to_yaml
from overseer.plan.dropping import dependants, without
from overseer.plan.expansion import contracted
from overseer.plan.faults import Fault
from overseer.plan.suggestions import listed
from overseer.plan.values import WorkflowPlan
from overseer.review import Approve, Change, Decision, Proposal, Reject, Replace
from overseer.terminal.style import Line, Palette
from overseer.text.cells import wrapped
from overseer.tool import Tool

Answer = Callable[[str], str]

_NOTHING_RAN = "nothing was run"
_ROOM = 10  # cells for what is typed


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was typed in place of a plan and is none that can run, with what is wrong with it."""

    instead_of: str  # the hash of that plan
    text: str
    faults: Sequence[Fault] = ()


class Reviewing:
    """Asks somebody about plans."""

    def __init__(
        self,
        answer: Answer,
        tools: Mapping[str, Tool],
        limits: Limits,
        *,
        editor: str,
        save: Save,
        palette: Palette | None = None,
        columns: Callable[[], int] | None = None,
        discard_typed: Callable[[], bool] = lambda: False,
    ) -> None:
        """`answer` asks a question; `save` keeps a plan under a name and says where.

        `discard_typed` forgets what was typed and not read, and tells whether there was anything.
        """
        self._answer = answer
        self._tools = tools
        self._limits = limits
        self._editor = editor
        self._save = save
        self._palette = palette or Palette(has_colour=False)
        self._columns = columns or _columns
        self._discard_typed = discard_typed
        self._kept: _Kept | None = None
        self._shown: Proposal | None = None

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        is_new = proposal is not self._shown  # else a change came to nothing, and the plan stands right above
        if is_new:
            self.show(proposal)
        if not must_ask:
            return Approve(proposal.hash)
        if is_new and self._discard_typed():
            say("what was typed before the plan was there is no answer to it, and was left out")
        while True:
            try:
                decision = self._decided(proposal)
            except OverseerError as error:
                say(f"error: {error}")
                continue
            if decision is not None:
                return decision

    def show(self, proposal: Proposal) -> None:
        columns, self._shown = self._columns(), proposal
        if proposal.before is not None:
            self._say(difference_screen(proposal.before, proposal.plan, columns=columns))
        self._say(plan_screen(proposal, self._tools, columns=columns, detail=usual_detail(proposal.plan)))

    def _say(self, lines: Iterable[Line]) -> None:
        say_styled(lines, self._palette)

    def _decided(self, proposal: Proposal) -> Decision | None:
        """What was decided; None to be asked again."""
        try:
            typed = self._answer(self._question(DENIED if proposal.is_denied else ASKED))
        except (KeyboardInterrupt, EOFError):
            say(_NOTHING_RAN)
            return Reject("interrupted")
        match read_choice(typed):
            case Unclear(lines=lines):
                for line in lines:
                    say(line)
                return None
            case Choice() as choice:
                return self._done(choice, proposal)

    def _question(self, asked: str) -> str:
        """The end of what is asked, with room for the answer; what there was no room for is said above it."""
        *above, last = wrapped(asked.rstrip(), max(20, self._columns() - _ROOM), len(asked))
        for line in above:
            say(line)
        return f"{last} "

    def _done(self, choice: Choice, proposal: Proposal) -> Decision | None:
        match choice.word:
            case "run" | "background":
                return self._approved(proposal, in_background=choice.word == "background")
            case "quit":
                say(_NOTHING_RAN)
                return Reject()
            case "edit":
                return self._edited(proposal)
            case "change":
                return Change(choice.rest)
            case "drop":
                return self._without(proposal.plan, choice.rest)
            case "save":
                say_lines(self._save(replace(proposal, plan=contracted(proposal.plan, self._tools)), choice.rest))
                return None
            case "view":
                self._view(proposal, choice.rest)
                return None
            case _:
                assert_never(choice.word)

    def _approved(self, proposal: Proposal, *, in_background: bool) -> Decision | None:
        if proposal.is_denied:
            say("the settings deny a part of this plan, so it cannot be run; change it, or drop those steps")
            return None
        input_values(proposal.plan, proposal.inputs)  # PlanError names those that are missing
        return Approve(proposal.hash, in_background=in_background)

    def _view(self, proposal: Proposal, said: str) -> None:
        if not said:
            self._say(plan_screen(proposal, self._tools, columns=self._columns(), detail="all"))
            return
        match read_step(proposal.plan, said):
            case Unclear(lines=lines):
                for line in lines:
                    say(line)
            case int() as number:
                self._say(step_screen(proposal, self._tools, number, columns=self._columns()))

    # --- other plans

    def _edited(self, proposal: Proposal) -> Decision | None:
        kept = self._kept if self._kept is not None and self._kept.instead_of == proposal.hash else None
        text, faults = (kept.text, kept.faults) if kept is not None else (self._text(proposal.plan), ())
        found = edited(text, self._editor, self._tools, self._limits, faults=faults)
        if found.is_empty:
            self._kept = None
            say(f"the file was emptied; the plan {proposal.hash[:SHORT_HASH]} stays as it is")
            return None
        if kept is None and found.text == text:
            say("nothing was changed")
            return None
        self._kept = _Kept(proposal.hash, found.text, found.faults)
        if found.plan is None:
            say("this is no plan that can run; what you typed is kept, e opens it again:")
            for line in fault_lines(found.text, found.faults):
                say(f"  {line}")
            return None
        return Replace(found.plan, found.notes)

    def _text(self, plan: WorkflowPlan) -> str:
        """All of a plan, whatever files its workflows came from."""
        return to_yaml(contracted(plan, self._tools), embed=True)

    def _without(self, plan: WorkflowPlan, said: str) -> Decision | None:
        """The plan without these steps, if no other needs them or these are dropped as well."""
        match read_steps(plan, said):
            case Unclear(lines=lines):
                for line in lines:
                    say(line)
                return None
            case Dropped(step_ids=step_ids, with_dependants=with_dependants):
                pass
        needy = dependants(plan, step_ids)
        if needy and not with_dependants:
            lost = "it gives" if len(step_ids) == 1 else "they give"
            say(f"{listed(needy)} would be without what {lost}; to drop all of these: d {said} with")
            return None
        dropped = {*step_ids, *needy}
        if len(dropped) >= len(plan.steps):
            say("no step would be left; q runs nothing")
            return None
        return Replace(*without(plan, dropped))


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
