"""Commands that are those of the command line: there is one implementation of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from overseer.chat.files import with_paths
from overseer.chat.plans import plan_names
from overseer.chat.slash import Act, Candidate, SlashCommand, words_of
from overseer.errors import OverseerError

if TYPE_CHECKING:
    from overseer.chat.chat import Chat


def _line(name: str) -> Act:
    """Carries out the command of that name; one about a run, if it names none, about the one that ended last."""

    def act(chat: Chat, rest: str) -> None:
        chat.command_line([name, *words_of(with_paths(rest, chat.bench.folder))], chat.last_run)

    return act


def runs(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    """The runs in the journal, newest first."""
    if words or chat.journal is None:
        return
    with suppress(OverseerError):
        for run in chat.journal.runs(limit=20):
            yield Candidate(run.run_id, f"{run.status}: {run.name}")


def _left_behind(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    if not words:
        yield from (Candidate("list"), Candidate("dismiss"))
    elif words[0] == "dismiss" and chat.journal is not None:
        with suppress(OverseerError):
            yield from (Candidate(run.run_id, run.summary.name) for run in chat.journal.left_behind(limit=50))
        if len(words) == 1:
            yield Candidate("all")


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
        from overseer.reports.keptprograms import SHORT_ID

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


_TELLS = "/{} --help tells all its options"

LINES = (
    SlashCommand(
        "runs",
        "the runs in the journal, newest first; or tell of interrupted ones no more",
        _line("runs"),
        "[dismiss RUN|dismiss all]",
        _left_behind,
        more="An interrupted run is told of whenever a chat begins, until it is gone on with or dismissed. A dismissed "
        f"one can still be shown, and resumed by its id. {_TELLS.format('runs')}, such as how old ones are removed.",
        has_help=True,
    ),
    SlashCommand(
        "show",
        "what became of every step of a run",
        _line("show"),
        "[RUN]",
        runs,
        more="Without a RUN, the one that ended last here.",
        has_help=True,
    ),
    SlashCommand(
        "graph",
        "a run or a plan drawn as a graph",
        _line("graph"),
        "[RUN|FILE]",
        _drawn,
        more="Without either, the run that ended last here. A FILE is that of a plan, or the name of a saved workflow.",
        has_help=True,
    ),
    SlashCommand(
        "timeline",
        "when the steps of a run waited and worked",
        _line("timeline"),
        "[RUN]",
        runs,
        more=f"Without a RUN, the one that ended last here. {_TELLS.format('timeline')}.",
        has_help=True,
    ),
    SlashCommand(
        "tools",
        "the tools there are, or one of them",
        _line("tools"),
        "[NAME] [--search WORDS]",
        _tools,
        more=f"{_TELLS.format('tools')}.",
        has_help=True,
    ),
    SlashCommand(
        "nodes",
        "the programs that are kept for steps",
        _line("nodes"),
        "[list|show ID|delete ID]",
        _nodes,
        more="The beginning of an ID is enough. A program that was deleted is written anew when a step needs it.",
        has_help=True,
    ),
    SlashCommand(
        "doctor",
        "what holds on this machine, and what would help where it does not",
        _line("doctor"),
        "[PART] [--full]",
        _parts,
        more="With --full, or of one PART, all that is known is told, also where nothing is amiss.",
        has_help=True,
    ),
    SlashCommand(
        "config",
        "the settings in force, and where they come from",
        _line("config"),
        "[show [KEY] --origin]",
        _settings,
        more="/config path: the files of settings. /config trust, distrust: whether those of this project are read.",
        has_help=True,
    ),
)
