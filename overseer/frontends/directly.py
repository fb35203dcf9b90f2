"""A direct answer by a model, where a request is not to become a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from overseer.broker.hearing import OnText
from overseer.frontends.answering import AsksAloud
from overseer.frontends.asking import PROMPTS, ROLE, Room, Turn, given_with, said_before
from overseer.frontends.draft import Answered, Draft, Refused
from overseer.frontends.earlier import NOTHING_EARLIER, Earlier
from overseer.models.promptfiles import fenced, prompt
from overseer.tool import Question

_ROOM = 3000  # tokens of the conversation


def answered_directly(
    ask: AsksAloud,
    request: str,
    conversation: Sequence[Turn] = (),
    *,
    earlier: Mapping[str, Earlier] = NOTHING_EARLIER,
    on_text: OnText | None = None,
) -> Draft:
    """What a model says to a request and what came with it; `on_text` hears it as it comes."""
    before, notes = said_before(conversation, _ROOM)
    given = given_with(earlier, Room().given)
    text = prompt(PROMPTS / "question.md", conversation=f"{before}{given}", request=fenced(request))
    result = ask(Question(text, prompt(PROMPTS / "direct.md"), role=ROLE), on_text=on_text)
    if result.failure is not None:
        reason = f"the model gave no answer: {result.failure.message}"
        return Refused((reason,), "model", failure=result.failure)
    assert result.reply is not None
    answer, notes = result.reply.text.strip(), [*notes, *result.reply.warnings]
    if not answer:
        return Refused(("the model gave no answer: it said nothing",), "model")
    if result.reply.is_cut:
        notes.append("the answer was cut off here: it is longer than the model may write")
    return Answered(answer, "model", tuple(notes))
