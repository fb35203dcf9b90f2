"""Commands that put back what a run changed in files, and take that back again."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from overseer.chat.lines import runs
from overseer.chat.slash import Act, SlashCommand, words_of
from overseer.commands.output import put_lines, say_lines
from overseer.console import say
from overseer.errors import OverseerError, UsageError

if TYPE_CHECKING:
    from overseer.chat.chat import Chat
    from overseer.undo.preview import Direction


def _putting_back(direction: Direction) -> Act:
    def act(chat: Chat, rest: str) -> None:
        words = words_of(rest)
        force = "--force" in words
        words = [word for word in words if word != "--force"]
        if len(words) > 1 or any(word.startswith("-") for word in words):
            raise UsageError(f"/{direction} takes one RUN, and --force for files that somebody else has changed since")
        _put_back(chat, words[0] if words else None, direction, force=force)

    return act


def _put_back(chat: Chat, run: str | None, direction: Direction, *, force: bool) -> None:
    from overseer.undo.telling import outcome_lines, preview_lines
    from overseer.wiring import undoing_in

    bench = chat.bench
    with undoing_in(bench.settings, bench.folder, bench.given) as undoing:
        preview = undoing.preview(run, direction)
        say_lines(preview_lines(preview, force=force))
        is_some = any(file.is_free or (force and file.conflict) for file in preview.files)
        if is_some and not chat.is_agreed(f"{direction.capitalize()} this?"):
            say("nothing was changed")
            return
        outcome = undoing.carry_out(preview, force=force)
    put_lines(outcome_lines(preview, outcome, command="/"))
    if outcome.done:
        done = "undone" if direction == "undo" else "redone"
        files = ", ".join(outcome.done[:20])
        with suppress(OverseerError):  # it is done all the same
            chat.talk.conversation.noted(f"what run {preview.run.run_id} changed was {done}: {files}")


UNDOING = (
    SlashCommand(
        "undo",
        "put back what the tools of a run changed in files, after showing it",
        _putting_back("undo"),
        "[RUN] [--force]",
        runs,
        more="Without a RUN, what the latest one changed here. --force: also files that others have changed since.",
    ),
    SlashCommand(
        "redo",
        "take an undo back, after showing it",
        _putting_back("redo"),
        "[RUN] [--force]",
        runs,
        more="Without a RUN, what was undone last here. --force: also files that others have changed since.",
    ),
)
