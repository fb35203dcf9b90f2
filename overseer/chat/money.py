"""Commands about what models take: how much it was, and how much it may be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from overseer.broker.budget import NOTHING, Spend
from overseer.broker.caps import NO_CAP, cap_from_text, cap_text
from overseer.chat.slash import Candidate, SlashCommand, meant_by
from overseer.commands.output import put_lines
from overseer.console import say
from overseer.errors import UsageError
from overseer.spending import spent_text
from overseer.text.brevity import brief

if TYPE_CHECKING:
    from overseer.chat.chat import Chat
    from overseer.chat.handled import Handled


def _cost(chat: Chat, _: str) -> None:
    for handled in chat.done:
        if handled.spent != NOTHING:
            put_lines([f"{_head(handled)}  {spend_text(handled.spent)}"])
    put_lines([f"this session  {spend_text(chat.bench.broker.budget.spent)}"])
    running = len(chat.jobs.running())
    if running:
        say(f"{running} run{'s are' if running > 1 else ' is'} still under way; what they took is in the sum")


def spend_text(spent: Spend) -> str:
    """Requests, tokens in and out, and dollars; where a price is not known, that it is not."""
    told = spent_text(spent.to_json() or {})
    return told or "nothing"


def _head(handled: Handled) -> str:
    run = f"run {handled.performed.run.run_id}" if handled.performed is not None else "no run"
    return f"{run}  {brief(handled.request, 40)}"


def _budget(chat: Chat, rest: str) -> None:
    settings = chat.bench.settings
    if rest.lower() == "off":
        chat.talk.budget = None
    elif rest:
        try:
            chat.talk.budget = cap_from_text(rest.replace(" ", ","))
        except ValueError as error:
            raise UsageError(f"/budget: {error}{meant_by(rest, ['off'])}") from error
    own = cap_text(chat.talk.budget or NO_CAP)
    usual = cap_text(settings.run_cap)
    say(f"each run may spend: {own or usual or 'as much as it takes'}" + ("" if own or not usual else " (settings)"))
    if usual and own:
        say(f"amounts that are not named stay as the settings have them: {usual}")
    if whole := cap_text(settings.session_cap):
        say(f"this session: {whole}; spent so far: {spend_text(chat.bench.broker.budget.spent)}")


def _amounts(chat: Chat, words: Sequence[str]) -> Iterable[Candidate]:
    return [Candidate(name) for name in ("requests=", "tokens=", "cost=", "time=", *([] if words else ["off"]))]


MONEY = (
    SlashCommand(
        "cost",
        "what was spent in this session, in sum and for each request",
        _cost,
        more="Tokens in and out, and dollars where the price is known. Of a run that was resumed, all its lives count.",
    ),
    SlashCommand(
        "budget",
        "what each run may spend: show it, set it, lift it",
        _budget,
        "[AMOUNTS|off]",
        _amounts,
        more="Amounts are written as requests=20,tokens=50k,cost=0.50,time=10m.",
    ),
)
