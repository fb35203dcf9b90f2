"""`overseer` without a command: the chat."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from overseer import exits
from overseer.broker import remedies
from overseer.commands import carry_out
from overseer.commands.arguments import parsed
from overseer.commands.conversations import talk_for
from overseer.commands.misuse import Misused
from overseer.commands.output import is_machine, put_lines
from overseer.commands.reading import read_tools
from overseer.commands.viewing import palette_for, screen_for
from overseer.console import make_redirectable, say
from overseer.errors import UsageError
from overseer.home import home
from overseer.journal.journal import Journal, opened
from overseer.models import ModelRoles
from overseer.ownterminal import keyboard, own_terminal
from overseer.settings.config import Settings
from overseer.workbench import Workbench

if TYPE_CHECKING:
    from overseer.chat.chat import LineReader
    from overseer.chat.person import Person
    from overseer.chat.terminal import Heard
    from overseer.terminal.screen import Screen


def chat(options: Namespace, settings: Settings) -> int:
    """Talk with somebody at a terminal, or carry out one request without anybody to ask."""
    if options.prompt is not None:
        from overseer.commands.task import task

        return task(options, settings)
    if is_machine(options):
        raise UsageError("--json and --jsonl go with a request: overseer -p 'what is to be done' --json")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the chat needs a terminal; without one, give a request: overseer -p 'what is to be done'")
    from overseer.chat.banner import banner_lines, tell_model
    from overseer.chat.chat import Chat
    from overseer.chat.commands import all_commands
    from overseer.chat.completing import ChatCompleter
    from overseer.chat.ending import Ending
    from overseer.chat.models import IN_CHAT
    from overseer.chat.resuming import interrupted_here
    from overseer.chat.sessions import tail_lines
    from overseer.terminal.colours import harmless

    bench = replace(
        Workbench.open(settings, Path.cwd(), options.tools, read_tools, tells_model=False), ways=remedies.IN_CHAT
    )
    screen = screen_for(options)
    make_redirectable()
    with (
        own_terminal(lambda line: say(harmless(line, screen), is_painted=True)),
        opened(wanted=settings.journal) as journal,
    ):
        reader = _reader(options, bench, screen)
        ending = Ending()
        person = person_at(bench, reader, screen, journal, heard=ending.heard, keys=keyboard().fileno())
        talk = talk_for(options, bench, journal, person, standing=IN_CHAT)
        chat = Chat(
            talk,
            bench,
            reader,
            all_commands(),
            journal=journal,
            command_line=lambda words, last_run: carried_out_here(words, last_run, options, bench),
            ending=ending,
        )
        reader.complete_with(ChatCompleter(chat))
        for line in (*banner_lines(bench), *interrupted_here(chat)):
            say(line)
        if talk.conversation.turns:
            put_lines(tail_lines(talk.conversation))
        telling = tell_model(bench, say)
        if _is_plain(options):  # there is no way to tell anything above the prompt
            telling.join()
        return chat.run([] if options.demo is None else [f"/demo {options.demo}"])


def person_at(
    bench: Workbench,
    reader: LineReader,
    screen: Screen,
    journal: Journal | None,
    *,
    heard: Heard = lambda number: None,
    keys: int | None = None,
    resume_with: str = "/resume",
) -> Person:
    """Somebody at a terminal, who types what `reader` reads."""
    from overseer.chat.reviewing import Reviewing
    from overseer.chat.saving import saver
    from overseer.chat.terminal import AtTerminal

    settings = bench.settings
    palette = palette_for(screen, settings.chat.theme)
    reviewing = Reviewing(
        reader.answer,
        bench.tools,
        settings.limits,
        editor=settings.chat.editor,
        save=saver(settings.workflows_folder, bench.broker.redactor.secret_in),
        palette=palette,
        discard_typed=reader.discard_typed,
    )
    past_of = journal.events if journal is not None else lambda run_id: ()
    return AtTerminal(reviewing, screen, palette, past_of, heard=heard, keys=keys, resume_with=resume_with)


def _reader(options: Namespace, bench: Workbench, screen: Screen) -> LineReader:
    if _is_plain(options):
        from overseer.chat.plainreader import PlainReader

        return PlainReader()
    from overseer.chat.reader import Reader

    redactor, settings = bench.broker.redactor, bench.settings
    return Reader(
        history=home() / "history" if settings.chat.history else None,
        keeps=lambda line: redactor.redact(line) == line,
        editor=settings.chat.editor,
        reflows=screen.reflows,
    )


def _is_plain(options: Namespace) -> bool:
    return options.plain or os.environ.get("TERM") == "dumb"


def carried_out_here(words: Sequence[str], last_run: str, chat: Namespace, bench: Workbench) -> int:
    """What a command line would do, from within the chat, with the settings and tools that the chat has.

    A command that is about a run, and to which none is named, is about the last one.
    """
    streams = sys.stdout, sys.stderr
    try:
        options = parsed(words, in_chat=True)
        if getattr(options, "run", "") is None and getattr(options, "file", None) is None:
            options.run = last_run or _no_run(words[0])
        options.set = [*chat.set, *options.set]
        options.config_file = options.config_file or chat.config_file
        if hasattr(options, "model"):
            options.model, options.base_url = _model_here(options, chat, bench)
        if hasattr(options, "tools"):
            options.tools = [*chat.tools, *options.tools]
        with _secrets_given(bench):
            return carry_out(options)
    except Misused as misused:
        raise UsageError(f"/{words[0]}: {misused.reason}; /{words[0]} --help tells what it takes") from misused
    except SystemExit as left:  # of argparse, once it has told what there is
        return left.code if isinstance(left.code, int) else exits.ERROR
    finally:
        sys.stdout, sys.stderr = streams  # a command hides secrets anew, over what hides them already


def _model_here(options: Namespace, chat: Namespace, bench: Workbench) -> tuple[str | None, str | None]:
    """The model and the server that a line names, or else those of the chat."""
    models = bench.broker.models
    if options.model or options.base_url:
        return options.model, options.base_url
    if isinstance(models, ModelRoles) and models.chosen is not None:
        return str(models.chosen), None
    return chat.model, chat.base_url


def _no_run(command: str) -> NoReturn:
    raise UsageError(f"no run has ended in this chat yet; /runs lists earlier ones, for /{command} RUN")


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
