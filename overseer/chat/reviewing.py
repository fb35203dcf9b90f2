"""The review as somebody at a terminal has it: the plan with all that it would do, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from overseer.chat.editing import edited
from overseer.console import say
from overseer.errors import OverseerError
from overseer.plan import Limits, to_yaml
from overseer.plan.difference import difference, difference_lines
from overseer.plan.values import WorkflowPlan
from overseer.planview import proposal_lines
from overseer.review import Approve, Change, Decision, Proposal, Reject, Replace
from overseer.tool import Tool

_ASKED = "[r]un  [b]ackground  [e]dit  [c]hange …  [d]rop …  [s]ave …  [q]uit > "
_DENIED = "[e]dit  [c]hange …  [d]rop …  [s]ave …  [q]uit > "
_HELP = (
    "r: run it as it stands. b: run it in the background. e: edit it in your editor. c TEXT: have it changed, in plain",
    "words. d STEP: drop a step. s FILE: save it. q: run nothing.",
)

Answer = Callable[[str], str]
Save = Callable[[WorkflowPlan, str], str]


class Reviewing:
    """Asks somebody about plans."""

    def __init__(self, answer: Answer, tools: Mapping[str, Tool], limits: Limits, *, editor: str, save: Save) -> None:
        """`answer` asks a question; `save` keeps a plan under a name and says where."""
        self._answer = answer
        self._tools = tools
        self._limits = limits
        self._editor = editor
        self._save = save
        self._kept: tuple[str, str] | None = None  # what was typed for a plan and is none yet, by the plan's hash

    def decide(self, proposal: Proposal, *, must_ask: bool) -> Decision:
        self.show(proposal)
        if not must_ask:
            return Approve(proposal.hash)
        while True:
            try:
                decision = self._decided(proposal)
            except OverseerError as error:
                say(f"error: {error}")
                continue
            if decision is not None:
                return decision

    def show(self, proposal: Proposal) -> None:
        if proposal.before is not None:
            say("Changed:")
            for line in difference_lines(difference(proposal.before, proposal.plan)):
                say(f"  {line}")
        for line in proposal_lines(proposal, self._tools):
            say(line)

    def _decided(self, proposal: Proposal) -> Decision | None:
        """What was decided; None to be asked again."""
        try:
            typed = self._answer(_DENIED if proposal.is_denied else _ASKED).strip()
        except (KeyboardInterrupt, EOFError):
            return Reject("interrupted")
        word, _, rest = typed.partition(" ")
        rest = rest.strip()
        match word.lower():
            case "r" | "run" | "y" | "yes" | "b" | "background" if not rest and not proposal.is_denied:
                return Approve(proposal.hash, in_background=word.lower().startswith("b"))
            case "q" | "quit" | "n" | "no" if not rest:
                return Reject()
            case "e" | "edit" if not rest:
                return self._edited(proposal)
            case "c" | "change" if rest:
                return Change(rest)
            case "d" | "drop" if rest:
                return self._without(proposal.plan, rest)
            case "s" | "save" if rest:
                say(self._save(proposal.plan, rest))
                return None
            case _:
                for line in _HELP:
                    say(line)
                return None

    def _edited(self, proposal: Proposal) -> Decision | None:
        kept = self._kept is not None and self._kept[0] == proposal.hash
        text = self._kept[1] if kept and self._kept is not None else to_yaml(proposal.plan)
        found = edited(text, self._editor, self._tools, self._limits)
        if found.plan is None:
            self._kept = (proposal.hash, found.text)
            say("this is no plan that can run; what you typed is kept, e opens it again:")
            for fault in found.faults:
                say(f"  {fault}")
            return None
        self._kept = None
        if found.plan == proposal.plan:
            say("nothing was changed")
            return None
        return Replace(found.plan, found.notes)

    def _without(self, plan: WorkflowPlan, step_id: str) -> Decision | None:
        """The plan without a step, if no other needs it."""
        if step_id.isdecimal() and 0 < int(step_id) <= len(plan.steps):
            step_id = plan.steps[int(step_id) - 1].step_id
        known = [step.step_id for step in plan.steps]
        if step_id not in known:
            say(f"there is no step '{step_id}'; there are: {', '.join(known)}")
            return None
        if users := [step.step_id for step in plan.steps if step_id in step.depends_on]:
            say(f"'{step_id}' is needed by {', '.join(users)}; drop these first")
            return None
        if len(known) == 1:
            say("it is the only step; q runs nothing")
            return None
        return Replace(plan.with_steps(tuple(step for step in plan.steps if step.step_id != step_id)))


def saver(folder: Path) -> Save:
    """Saves plans as files; a bare name means a workflow of the user's own, in `folder`."""

    def save(plan: WorkflowPlan, name: str) -> str:
        from overseer.errors import UsageError

        path = Path(name).expanduser() if "/" in name or name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(to_yaml(plan))
        except FileExistsError as error:
            raise UsageError(f"{path} is there already; save the plan under another name") from error
        except OSError as error:
            raise UsageError(f"cannot save the plan as {path}: {error.strerror}") from error
        return f"saved as {path}"

    return save
