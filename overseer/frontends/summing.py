"""Summing up the earlier part of a conversation by a model, where there is no room for all of it in a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from overseer.errors import Failure
from overseer.frontends.answering import AsksAloud
from overseer.frontends.asking import PROMPTS, Turn, turn_lines
from overseer.models.promptfiles import fenced, prompt
from overseer.tool import Question

ROLE = "summarizer"

_MOST_TOKENS = 1000  # of a summary
_MOST_LETTERS = 60_000  # of the turns that one is made of


def summary_of(ask: AsksAloud, turns: Sequence[Turn]) -> str | Failure:
    """What a model makes of the turns, or why it makes nothing of them."""
    lines = "\n".join(turn_lines(turns, _MOST_LETTERS))
    question = Question(
        prompt(PROMPTS / "tosumup.md", turns=fenced(lines)),
        prompt(PROMPTS / "summary.md"),
        role=ROLE,
        temperature=0.0,
        max_tokens=_MOST_TOKENS,
    )
    result = ask(question)
    if result.failure is not None:
        return result.failure
    text = result.reply.text.strip() if result.reply is not None else ""
    if not text or result.reply is None or result.reply.is_cut:
        return Failure("invalid_output", "the summary was cut off" if text else "the model said nothing")
    return text
