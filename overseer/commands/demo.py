"""`overseer demo`: a request from plan to answer, as in the chat, with a scripted model in the place of a real one."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from overseer import exits
from overseer.chat.alone import Alone
from overseer.chat.demos import shown_in
from overseer.chat.handled import Handled
from overseer.chat.plainreader import PlainReader
from overseer.chat.talk import Talk
from overseer.commands.chat import person_at
from overseer.commands.output import is_machine, put_document, put_lines
from overseer.commands.reading import read_tools
from overseer.commands.taskdocument import denial, exit_code, reasons
from overseer.commands.telling import Telling
from overseer.commands.viewing import screen_for
from overseer.console import complain, say
from overseer.conversation import begun
from overseer.demo import LABEL, Demo, demos
from overseer.demo import demo as demo_named
from overseer.errors import ApprovalNeeded, OverseerError
from overseer.journal.journal import Journal, opened
from overseer.jsonvalue import Json
from overseer.settings.config import Settings
from overseer.tool import EFFECTS
from overseer.workbench import Workbench


def demo(options: Namespace, settings: Settings) -> int:
    """Show one demo, or say which there are."""
    if options.list:
        return _list(options)
    shown = demo_named(options.name)
    may_ask = not is_machine(options) and sys.stdin.isatty() and sys.stderr.isatty()
    if not (options.yes or may_ask):
        raise ApprovalNeeded(f"the plan of the demo '{shown.name}' waits for a yes, and nobody can be asked: add --yes")
    # Whoever watches a demo is to see the plan before any of it runs.
    settings = replace(settings, chat=replace(settings.chat, review="always"))
    bench = Workbench.open(settings, Path.cwd(), options.tools, read_tools)
    with opened(wanted=settings.journal) as journal:
        show = _shown_alone if options.yes else _shown_to_person
        return show(shown, bench, journal, options)


def _shown_to_person(shown: Demo, bench: Workbench, journal: Journal | None, options: Namespace) -> int:
    """Somebody decides about the plan."""
    reader = _Reader(shown=sys.stderr)
    person = person_at(bench, reader, screen_for(options), journal, resume_with="overseer resume")
    handled = shown_in(Talk(bench, person, begun(None, bench.folder), journal=journal), shown)
    say(f"[{LABEL}]")
    return exit_code(handled, is_interrupted=reader.was_interrupted, denied=None)


class _Reader(PlainReader):
    """Remembers that somebody pressed Ctrl-C in place of an answer: there is nothing else to go on with."""

    was_interrupted = False

    def answer(self, prompt: str, *, default: str = "") -> str:
        try:
            return super().answer(prompt, default=default)
        except KeyboardInterrupt:
            self.was_interrupted = True
            raise


def _shown_alone(shown: Demo, bench: Workbench, journal: Journal | None, options: Namespace) -> int:
    """The plan was approved beforehand, but for what the permissions ask about."""
    chat = bench.settings.chat
    telling = Telling(options, chat.theme)
    person = Alone(
        bench.tools, policy=chat.review, approved=EFFECTS, is_quiet=is_machine(options), follow=telling.follow
    )
    handled = shown_in(Talk(bench, person, begun(None, bench.folder), journal=journal), shown)
    code = exit_code(handled, is_interrupted=person.was_interrupted, denied=person.denied)
    if handled.performed is not None:
        telling.tell_result(handled, lambda: put_document(_document(shown, handled)))
    elif is_machine(options):
        why = reasons(handled, person.denied) or ["interrupted"]
        complain(OverseerError(f"the demo '{shown.name}' was not carried out: {'; '.join(why)}"), "json", code)
    elif person.denied is not None:
        say(f"error: {denial(person.denied)}")
    person.tell(f"[{LABEL}]")
    return code


def _document(shown: Demo, handled: Handled) -> dict[str, Json]:
    assert handled.performed is not None
    told = {"demo": shown.name, "request": shown.request, "answer": handled.answer, "scripted": LABEL}
    return {**handled.performed.report.document(), **told}


def _list(options: Namespace) -> int:
    if options.json:
        listed = [{"name": each.name, "title": each.title, "request": each.request} for each in demos()]
        put_document({"schema": "overseer.demos/1", "scripted": LABEL, "demos": listed})
    else:
        put_lines([f"[{LABEL}]", *(f"{each.name:<8} {each.title}\n{'':<8} > {each.request}" for each in demos())])
    return exits.OK
