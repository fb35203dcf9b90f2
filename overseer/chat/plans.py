"""Commands about plans: making one without running it, running one, editing and saving it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from overseer.chat.editing import edited
from overseer.chat.editor import in_editor
from overseer.chat.files import offered, with_paths
from overseer.chat.planview import WIDEST, proposal_lines
from overseer.chat.slash import Candidate, SlashCommand, words_of
from overseer.commands.output import put_lines, say_lines
from overseer.console import say
from overseer.errors import OverseerError, PlanError, UsageError
from overseer.plan import Input, to_yaml
from overseer.plan.files import FOREIGN_SUFFIXES, SUFFIXES, plan_file, saved_workflows
from overseer.review import Proposal
from overseer.terminal.style import text_of
from overseer.terminal.summary import summary_lines
from overseer.text.folding import columns_of

if TYPE_CHECKING:
    from overseer.chat.chat import Chat
    from overseer.chat.handled import Handled

_WAYS = "/run runs it, /edit changes it, /save NAME keeps it"
_WAYS_AGAIN = "/run runs it again, /edit changes it, /save NAME keeps it"


def _plan(chat: Chat, rest: str) -> None:
    if not rest:
        _show_at_hand(chat)
        return
    handled = chat.talk.plan(with_paths(rest, chat.bench.root))
    chat.take(handled)
    if handled.proposal is not None:
        _show_unrun(chat, handled.proposal)


def _show_at_hand(chat: Chat) -> None:
    """The plan as it would run now, or with how it ended if it has run."""
    proposal, _ = _at_hand(chat)
    looked_at = chat.talk.look(replace(proposal, before=None))
    ran = next((each.performed for each in reversed(chat.done) if each.performed and _is_of(each, proposal)), None)
    if ran is None:
        _show(chat, looked_at)
        say(_WAYS)
        return
    _show(chat, replace(looked_at, needs=()))  # which were met, and are looked at again before it runs again
    say("it has run already:")
    say_lines(f"  {text_of(line)}" for line in summary_lines(ran.report))
    say(f"/show {ran.run.run_id} tells of each step; {_WAYS_AGAIN}")


def _is_of(handled: Handled, proposal: Proposal) -> bool:
    return handled.proposal is not None and handled.proposal.hash == proposal.hash


def _show_unrun(chat: Chat, proposal: Proposal) -> None:
    _show(chat, proposal)
    say(f"nothing of it was run; {_WAYS}")


def _show(chat: Chat, proposal: Proposal) -> None:
    for line in proposal_lines(proposal, chat.bench.tools, columns=columns_of(sys.stderr) or WIDEST):
        say(line)


def _at_hand(chat: Chat) -> tuple[Proposal, str]:
    if chat.at_hand is None:
        raise UsageError("there is no plan at hand; make one with /plan TASK, or name a file: /run FILE")
    return chat.at_hand


# --- running


def _run(chat: Chat, rest: str) -> None:
    words = words_of(with_paths(rest, chat.bench.folder))
    in_background = bool(words) and words[-1] == "&"
    words = words[: len(words) - in_background]
    if "&" in words:
        behind = " ".join(words[words.index("&") + 1 :]) or "&"
        raise UsageError(f"& comes last, and sends the run to the background; here {behind!r} stands behind it")
    if not words:
        proposal, request = _at_hand(chat)
    else:
        proposal, request = _from_file(chat, words[0], words[1:]), f"run {' '.join(words)}"
    chat.propose(proposal, request, in_background=in_background)


def _from_file(chat: Chat, name: str, given: Sequence[str]) -> Proposal:
    from overseer.commands.plans import inputs_from
    from overseer.commands.reading import telling_of_unread
    from overseer.frontends.files import plan_reader
    from overseer.plan import load_plan

    bench = chat.bench
    redactor = bench.broker.redactor
    with telling_of_unread(bench.folder):
        loaded = load_plan(
            plan_file(name, folder=bench.folder, workflows=bench.settings.workflows_folder),
            tools=bench.tools,
            limits=bench.settings.limits,
            folders=(bench.settings.workflows_folder,),
            secret_in=redactor.secret_in if redactor.has_secrets else None,
            read=plan_reader(bench.tools),
        )
    return Proposal(loaded.plan, "file", inputs_from(loaded.plan, given, "input"), loaded.notes)


# --- changing and keeping


def _edit(chat: Chat, rest: str) -> None:
    settings = chat.bench.settings
    if rest or chat.at_hand is None:
        text = in_editor(rest, settings.chat.editor, suffix=".md").strip()
        if not text:
            say("nothing was written")
        else:
            chat.handle(text)
        return
    proposal, request = chat.at_hand
    found = edited(to_yaml(proposal.plan), settings.chat.editor, chat.bench.tools, settings.limits)
    if found.plan is None:
        raise PlanError(found.faults, source="what you wrote; the plan at hand stays as it was:")
    if found.plan == proposal.plan:
        say("nothing was changed")
        return
    inputs = {name: value for name, value in proposal.inputs.items() if name in found.plan.inputs}
    chat.at_hand = chat.talk.look(replace(proposal, plan=found.plan, notes=found.notes, inputs=inputs)), request
    _show_unrun(chat, chat.at_hand[0])


def _save(chat: Chat, rest: str) -> None:
    from overseer.chat.saving import saver

    proposal, _ = _at_hand(chat)
    name = " ".join(words_of(rest))  # quoted, as /run takes it, or not
    if not name:
        raise UsageError("/save takes a NAME, under which /run finds the plan again, or the path of a file")
    save = saver(chat.bench.settings.workflows_folder, chat.bench.broker.redactor.secret_in)
    say_lines(save(proposal, name))


def _workflows(chat: Chat, _: str) -> None:
    folder = chat.bench.settings.workflows_folder
    saved = saved_workflows(folder)
    if not saved:
        say(f"no workflow is saved in {folder}; /save NAME saves the plan at hand")
    for path in saved:
        put_lines([_listed(path, chat)])


def _listed(path: Path, chat: Chat) -> str:
    from overseer.plan import check_plan

    bench = chat.bench
    checked = check_plan(
        path, tools=bench.tools, limits=bench.settings.limits, folders=(bench.settings.workflows_folder,)
    )
    if checked.faults:
        return f"{path.stem}  cannot run: {checked.faults[0]}"
    steps = len(checked.plan.steps)
    inputs = " ".join(_input_text(name, declared) for name, declared in checked.plan.inputs.items())
    return f"{path.stem}  {steps} step{'s' if steps != 1 else ''}" + (f"  {inputs}" if inputs else "")


def _input_text(name: str, declared: Input) -> str:
    if declared.required:
        return f"{name}={declared.type}"
    return f"[{name}={declared.default}]"


# --- completion


def plan_names(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    """The plans that can be named: saved workflows, and files here."""
    if words:
        return []
    bench = chat.bench
    try:
        saved = [Candidate(path.stem, "saved workflow") for path in saved_workflows(bench.settings.workflows_folder)]
    except OverseerError:
        saved = []
    files = [each for each in offered("", bench.folder) if each.text.endswith((*SUFFIXES, *FOREIGN_SUFFIXES))]
    return [*saved, *files]


PLANS = (
    SlashCommand(
        "plan",
        "make a plan, and run nothing of it; or show the plan at hand",
        _plan,
        "[TASK]",
        more="The plan that was seen last is at hand: /run runs it, /edit changes it, /save keeps it.",
    ),
    SlashCommand(
        "run",
        "run the plan at hand, or that of a file or saved workflow",
        _run,
        "[FILE [INPUT=VALUE …]] [&]",
        plan_names,
        more="It is shown and reviewed first, as every plan is. With & at the end it runs in the background.",
    ),
    SlashCommand(
        "edit",
        "open the plan at hand in your editor; or a request, where there is no plan or a TEXT to begin with",
        _edit,
        "[TEXT]",
        more="The editor is that of chat.editor in the settings, or what VISUAL or EDITOR name.",
    ),
    SlashCommand(
        "save",
        "save the plan at hand as a workflow, or in a file",
        _save,
        "NAME",
        more="A NAME with a slash in it, or .yaml at its end, is the path of a file; any other is for /run to find. "
        "What it reads of earlier results goes along where it is small, and else has to be given.",
    ),
    SlashCommand("workflows", "the saved workflows, with their inputs", _workflows),
)
