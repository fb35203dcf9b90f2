"""A question with a history: what was said before stands between the rules and the prompt, and counts."""

from __future__ import annotations

from overseer.broker.cache import question_key
from overseer.models.model import folded, messages_of, tokens_of
from overseer.tool import Question

BEFORE = (("One?", "1"), ("Two?", "2"))


def test_what_was_said_before_comes_in_turns() -> None:
    messages = messages_of(Question("Three?", system="Count.", history=BEFORE))
    assert [(message["role"], message["content"]) for message in messages] == [
        ("system", "Count."),
        ("user", "One?"),
        ("assistant", "1"),
        ("user", "Two?"),
        ("assistant", "2"),
        ("user", "Three?"),
    ]
    assert folded(messages)[0] == {"role": "user", "content": "Count.\n\nOne?"}


def test_a_history_takes_tokens_and_makes_another_question() -> None:
    alone, after = Question("Three?"), Question("Three?", history=BEFORE)
    assert tokens_of(messages_of(after)) > tokens_of(messages_of(alone))
    keys = {question_key(each, "p", "m") for each in (alone, after, Question("Three?", history=BEFORE[:1]))}
    assert len(keys) == 3
