"""`overseer plan`: a plan for a task in plain words, to be read, saved and carried out later."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import assert_never

from overseer import exits
from overseer.chat.planview import WIDEST, proposal_lines
from overseer.commands.output import put_document, put_lines
from overseer.commands.reading import read_tools
from overseer.console import say
from overseer.errors import UsageError
from overseer.frontends.asking import ROLE
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.planner import Planner
from overseer.frontends.rules import plan_by_rules
from overseer.frontends.rules.standing import Standing
from overseer.jsonvalue import Json
from overseer.plan import to_document, to_yaml, waves
from overseer.review import Proposal
from overseer.running.approval import open_needs
from overseer.settings.config import Settings
from overseer.text.folding import columns_of
from overseer.tool import Cancellation, ToolContext
from overseer.workbench import Workbench


def plan(options: Namespace, settings: Settings) -> int:
    """Make a plan; nothing of it is carried out."""
    if options.save is not None and options.save.exists():
        raise UsageError(f"{options.save} is there already; save the plan under another name")
    bench = Workbench.open(settings, Path.cwd(), options.tools, read_tools)
    draft = _draft(" ".join(options.task), options, bench)
    if isinstance(draft, Planned) and options.save is not None:
        _save(draft, options.save)
    if options.json:
        put_document(_document(draft, options.save))
    else:
        put_lines(_lines(draft, bench))
        if isinstance(draft, Planned) and options.save is not None:
            say(f"saved; to carry it out: overseer run {options.save}")
    return exits.PLAN if isinstance(draft, Refused) else exits.OK


def _draft(task: str, options: Namespace, bench: Workbench) -> Draft:
    if options.rules:
        return plan_by_rules(task, bench.tools, standing=Standing(bench.root))
    if not bench.is_connected(ROLE):
        say("no language model is connected, so this is planned by rules")
        return plan_by_rules(task, bench.tools, standing=Standing(bench.root))
    door, context = bench.engine().door(held_as="this request"), ToolContext("", "plan", 1, Cancellation())
    return Planner(partial(door.ask, context=context), bench.tools, bench.settings.limits).draft(task)


def _save(draft: Planned, file: Path) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:  # somebody may have made it meanwhile
            opened.write(to_yaml(draft.plan))
    except OSError as error:
        raise UsageError(f"cannot save the plan as {file}: {error.strerror}") from error


def _lines(draft: Draft, bench: Workbench) -> Iterator[str]:
    match draft:
        case Planned(plan=plan, by=by, notes=notes):
            columns = columns_of(sys.stdout) or WIDEST
            needs = tuple(open_needs(plan, bench.tools, bench.broker, None))
            yield from proposal_lines(Proposal(plan, by, notes=notes, needs=needs), bench.tools, columns=columns)
        case Answered(text=text):
            yield text
        case Refused(reasons=reasons, reply=reply):
            yield "no plan could be made:"
            yield from (f"  - {reason}" for reason in reasons)
            if reply:
                yield from ("what the model said:", *(f"  {line}" for line in reply.splitlines()))
        case _:
            assert_never(draft)


def _document(draft: Draft, saved: Path | None) -> dict[str, Json]:
    document: dict[str, Json] = {"schema": "overseer.plan/1", "by": draft.by}
    match draft:
        case Planned(plan=plan, notes=notes):
            return {
                **document,
                "decision": "plan",
                "plan": to_document(plan),
                "waves": [list(wave) for wave in waves(plan)],
                "notes": list(notes),
                "saved": str(saved) if saved is not None else None,
            }
        case Answered(text=text, notes=notes):
            return {**document, "decision": "answer", "answer": text, "notes": list(notes)}
        case Refused(reasons=reasons, reply=reply):
            return {**document, "decision": "refusal", "reasons": list(reasons), "reply": reply or None}
        case _:
            assert_never(draft)
