"""`overseer` without a command: the chat, or one request with `-p`."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from overseer.arguments import parsed
from overseer.broker.permissions import Grants
from overseer.commands import carry_out
from overseer.commands.output import is_machine
from overseer.commands.reading import read_tools
from overseer.commands.viewing import palette_for, screen_for
from overseer.config import Settings
from overseer.conversation import begun
from overseer.errors import UsageError
from overseer.home import home
from overseer.journal import opened
from overseer.workbench import Workbench

if TYPE_CHECKING:
    from overseer.chat.chat import LineReader


def chat(options: Namespace, settings: Settings) -> int:
    """Talk with somebody at a terminal, or carry out one request without anybody to ask."""
    if options.prompt is not None:
        from overseer.commands.task import task

        return task(options, settings)
    if is_machine(options):
        raise UsageError("--json and --jsonl go with a request: overseer -p 'what is to be done' --json")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the chat needs a terminal; without one, give a request: overseer -p 'what is to be done'")
    from overseer.chat.about import ABOUT
    from overseer.chat.chat import Chat
    from overseer.chat.reviewing import Reviewing, saver
    from overseer.chat.slash import registry
    from overseer.chat.talk import Talk
    from overseer.chat.terminal import AtTerminal

    bench = Workbench.open(settings, Path.cwd(), options.tools, read_tools)
    redactor = bench.broker.redactor
    history = home() / "history" if settings.chat.history else None
    screen = screen_for(options)
    reader = _reader(options, history, lambda line: redactor.secret_in(line) is None)
    reviewing = Reviewing(
        reader.answer,
        bench.tools,
        settings.limits,
        editor=settings.chat.editor,
        save=saver(settings.workflows_folder),
    )
    with opened(wanted=settings.journal) as journal:
        talk = Talk(
            bench,
            AtTerminal(
                reviewing,
                screen,
                palette_for(screen, settings.chat.theme),
                journal.events if journal is not None else lambda run_id: (),
            ),
            begun(journal, bench.folder),
            journal=journal,
            grants=Grants(classes=options.approve),
            budget=options.budget,
        )
        commands = registry(ABOUT)
        return Chat(talk, bench, reader, commands, journal=journal, command_line=_carried_out).run()


def _reader(options: Namespace, history: Path | None, keeps: Callable[[str], bool]) -> LineReader:
    if options.plain or os.environ.get("TERM") == "dumb":
        from overseer.chat.plainreader import PlainReader

        return PlainReader()
    from overseer.chat.reader import Reader

    return Reader(history=history, keeps=keeps)


def _carried_out(words: Sequence[str]) -> int:
    """What a command line would do, from within the chat."""
    try:
        return carry_out(parsed(words))
    except SystemExit as left:  # of argparse, which has said why
        return left.code if isinstance(left.code, int) else 1
