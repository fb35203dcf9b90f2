"""`overseer` without a command: the chat."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from overseer import exits
from overseer.arguments import parsed
from overseer.broker.permissions import Grants
from overseer.commands import carry_out
from overseer.commands.reading import read_tools
from overseer.commands.viewing import palette_for, screen_for
from overseer.config import Settings
from overseer.console import make_redirectable, put, say
from overseer.conversation import Conversation
from overseer.errors import UsageError
from overseer.home import home
from overseer.journal import Journal
from overseer.workbench import Workbench


def chat(options: Namespace, settings: Settings) -> int:
    """Talk with somebody at a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the chat needs a terminal; without one, give a request: overseer -p 'what is to be done'")
    from overseer.chat.banner import banner_lines, tell_model
    from overseer.chat.chat import Chat
    from overseer.chat.commands import all_commands
    from overseer.chat.completing import ChatCompleter
    from overseer.chat.ending import Ending
    from overseer.chat.reader import Reader
    from overseer.chat.resuming import interrupted_here
    from overseer.chat.reviewing import Reviewing, saver
    from overseer.chat.sessions import tail_lines
    from overseer.chat.talk import Talk
    from overseer.chat.terminal import AtTerminal

    bench = Workbench.open(settings, Path.cwd(), options.tools, read_tools, tells_model=False)
    redactor = bench.broker.redactor
    screen = screen_for(options)
    reader = Reader(
        history=home() / "history" if settings.chat.history else None,
        keeps=lambda line: redactor.redact(line) == line,
        editor=settings.chat.editor,
        reflows=screen.reflows,
    )
    reviewing = Reviewing(
        reader.answer,
        bench.tools,
        settings.limits,
        editor=settings.chat.editor,
        save=saver(settings.workflows_folder),
    )
    ending = Ending()
    make_redirectable()
    with _journal(settings) as journal:
        conversation = _conversation(options, journal, bench)
        person = AtTerminal(
            reviewing,
            screen,
            palette_for(screen, settings.chat.theme),
            journal.events if journal is not None else lambda run_id: (),
            heard=ending.heard,
        )
        talk = Talk(
            bench,
            person,
            conversation,
            journal=journal,
            grants=Grants(classes=options.approve),
            budget=options.budget,
        )
        chat = Chat(
            talk,
            bench,
            reader,
            all_commands(),
            journal=journal,
            command_line=lambda words: _carried_out(words, options, bench),
            ending=ending,
        )
        reader.complete_with(ChatCompleter(chat))
        for line in (*banner_lines(bench), *interrupted_here(chat)):
            say(line)
        for line in tail_lines(conversation) if conversation.turns else ():
            put(line)
        tell_model(bench, say)
        return chat.run([] if options.demo is None else [f"/demo {options.demo}"])


def _conversation(options: Namespace, journal: Journal | None, bench: Workbench) -> Conversation:
    """The one that is gone on with, or a new one."""
    from overseer.chat.sessions import begun, gone_on, last_of

    redact = bench.broker.redactor.redact
    if not (options.is_continued or options.session):
        return begun(journal, bench.folder, redact)
    if journal is None:
        raise UsageError("there are no sessions to go on with: execution.journal is off")
    return gone_on(journal, options.session or last_of(journal, bench.folder), redact)


def _carried_out(words: Sequence[str], chat: Namespace, bench: Workbench) -> int:
    """What a command line would do, from within the chat, with the settings and tools that the chat has."""
    streams = sys.stdout, sys.stderr
    try:
        options = parsed(words, in_chat=True)
        options.set = [*chat.set, *options.set]
        options.config_file = options.config_file or chat.config_file
        if hasattr(options, "tools"):
            options.tools = [*chat.tools, *options.tools]
        with _secrets_given(bench):
            return carry_out(options)
    except SystemExit as left:  # of argparse, which has said why
        return left.code if isinstance(left.code, int) else exits.ERROR
    finally:
        sys.stdout, sys.stderr = streams  # a command hides secrets anew, over what hides them already


@contextmanager
def _secrets_given(bench: Workbench) -> Iterator[None]:
    """Keys are where a command looks for them, which takes them away again."""
    received = bench.secrets.received()
    os.environ.update(received)
    try:
        yield
    finally:
        for name in received:
            os.environ.pop(name, None)


@contextmanager
def _journal(settings: Settings) -> Iterator[Journal | None]:
    if not settings.journal:
        yield None
        return
    with Journal.open() as journal:
        yield journal
