"""Commands that are those of the command line: there is one implementation of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from overseer.chat.plans import plan_names
from overseer.chat.slash import Act, Candidate, SlashCommand, words_of
from overseer.errors import OverseerError, UsageError

if TYPE_CHECKING:
    from overseer.chat.chat import Chat


def _line(name: str, *, of_last_run: bool = False) -> Act:
    """Carries out the command of that name; where no run is named, about the one that ended last, if told so."""

    def act(chat: Chat, rest: str) -> None:
        words = words_of(rest)
        if of_last_run and not words:
            if not chat.last_run:
                raise UsageError(f"no run has ended in this chat yet; /runs lists earlier ones, for /{name} RUN")
            words = [chat.last_run]
        if of_last_run and chat.last_run and words[0] == "--html" and len(words) == 2:
            words = [chat.last_run, *words]
        chat.command_line([name, *words])

    return act


def runs(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    """The runs in the journal, newest first."""
    if words or chat.journal is None:
        return
    with suppress(OverseerError):
        for run in chat.journal.runs(limit=20):
            yield Candidate(run.run_id, f"{run.status}: {run.name}")


def _drawn(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    yield from plan_names(chat, words)
    yield from runs(chat, words)


def _tools(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    if not words:
        yield from (Candidate(tool.name, tool.description.split("\n")[0]) for tool in chat.bench.tools.values())


def _nodes(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    if not words:
        yield from (Candidate("list"), Candidate("show"), Candidate("delete"))
    elif words[0] in ("show", "delete"):
        from overseer.frontends.shelf import Shelf
        from overseer.home import programs_folder
        from overseer.keptprograms import SHORT_ID

        with suppress(OverseerError, OSError):
            yield from (Candidate(kept.id[:SHORT_ID], kept.task) for kept in Shelf(programs_folder()).kept())


def _parts(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    from overseer.checkup import PARTS

    return () if words else [*map(Candidate, PARTS), Candidate("--full", "all that is known of every part")]


def _settings(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    if not words:
        yield from (Candidate(name) for name in ("show", "path", "trust", "distrust"))
    elif words[0] == "show":
        from overseer.settings.keys import GROUPS, KEYS, NAMED

        yield from (Candidate(name) for name in dict.fromkeys([*filter(None, GROUPS), *KEYS, *NAMED]))


LINES = (
    SlashCommand("runs", "the runs in the journal, newest first", _line("runs"), "[--limit N]"),
    SlashCommand("show", "what became of every step of a run", _line("show", of_last_run=True), "[RUN]", runs),
    SlashCommand(
        "graph",
        "a run or a plan drawn as a graph",
        _line("graph", of_last_run=True),
        "[RUN|FILE]",
        _drawn,
        more="Without either, the run that ended last. A FILE is that of a plan, or the name of a saved workflow.",
    ),
    SlashCommand(
        "timeline", "when the steps of a run waited and worked", _line("timeline", of_last_run=True), "[RUN]", runs
    ),
    SlashCommand("tools", "the tools there are, or one of them", _line("tools"), "[NAME] [--search WORDS]", _tools),
    SlashCommand("nodes", "the programs that are kept for steps", _line("nodes"), "[list|show ID|delete ID]", _nodes),
    SlashCommand(
        "doctor",
        "what holds on this machine, and what would help where it does not",
        _line("doctor"),
        "[PART] [--full]",
        _parts,
        more="With --full, or of one PART, all that is known is told, also where nothing is amiss.",
    ),
    SlashCommand("config", "the settings in force", _line("config"), "[show [KEY] --origin]", _settings),
)
