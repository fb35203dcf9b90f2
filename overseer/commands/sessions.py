"""`overseer sessions`: the conversations that are kept, the one used last first."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict

from overseer import exits
from overseer.commands.output import put_document, put_lines, say_if_more
from overseer.console import printable
from overseer.journal.journal import Journal
from overseer.journal.sessions import SessionSummary
from overseer.reports.render import when
from overseer.settings.config import Settings
from overseer.spending import spent_text


def sessions(options: Namespace, settings: Settings) -> int:
    """List the sessions, with the runs of theirs that were left behind."""
    with Journal.open(read_only=True) as journal:
        newest = journal.sessions.newest(limit=options.limit + 1)
        found = newest[: options.limit]
        interrupted = interrupted_by_session(journal)
    if options.json:
        listed = [{**asdict(each), "interrupted": list(interrupted.get(each.session_id, ()))} for each in found]
        put_document({"schema": "overseer.sessions/1", "sessions": listed})
    else:
        put_lines(
            [session_line(each, interrupted.get(each.session_id, ())) for each in found]
            or ["nothing was said in any session yet"]
        )
        say_if_more(newest, options.limit)
    return exits.OK


def interrupted_by_session(journal: Journal) -> dict[str, tuple[str, ...]]:
    """The runs that the end of their program stopped, by the session that they came of."""
    found: dict[str, tuple[str, ...]] = {}
    for stored in journal.left_behind(limit=200):
        session_id = str(stored.options.get("session", ""))
        found[session_id] = (*found.get(session_id, ()), stored.run_id)
    return found


def session_line(session: SessionSummary, interrupted: Sequence[str]) -> str:
    """A session in a list."""
    status = f"interrupted: run {', '.join(interrupted)}  " if interrupted else ""
    turns = f"{session.turns} turn{'s' if session.turns != 1 else ''}"
    spent = f"  ({spent_text(session.spent)})" if session.spent else ""
    return printable(
        f"{session.session_id}  {when(session.used)}  {turns:>9}  {status}{session.title or '(no request)'}  "
        f"[{session.folder}]{spent}"
    )
