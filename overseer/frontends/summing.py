"""Summing up the earlier part of a conversation by a model, where there is no room for all of it in a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from overseer.frontends.answering import AsksAloud
from overseer.frontends.asking import PROMPTS, Turn, fenced
from overseer.jsonvalue import json_text
from overseer.models.model import tokens_in
from overseer.models.promptfiles import prompt
from overseer.tool import Question

ROLE = "summarizer"

_MOST_TOKENS = 1000  # of a summary
_MOST_LETTERS = 60_000  # of the turns that one is made of; those before them stand in the last one


def tokens_of(turns: Sequence[Turn]) -> int:
    """How much room turns take, roughly."""
    return sum(tokens_in(text) + tokens_in(speaker) for speaker, text in turns)


def summary_of(ask: AsksAloud, turns: Sequence[Turn]) -> str | None:
    """What a model makes of the turns; None if it makes nothing of them."""
    lines = "\n".join(json_text({"by": speaker, "text": text}) for speaker, text in turns)
    if len(lines) > _MOST_LETTERS:
        return None
    question = Question(
        prompt(PROMPTS / "tosumup.md", turns=fenced(lines)),
        prompt(PROMPTS / "summary.md"),
        role=ROLE,
        temperature=0.0,
        max_tokens=_MOST_TOKENS,
    )
    result = ask(question)
    if result.failure is not None or result.reply is None or result.reply.is_cut:
        return None
    return result.reply.text.strip() or None
