"""Conversations: what follow-ups are shown and can build upon, also after a restart and a summary."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as some

from overseer.conversation import Conversation, KeepsNothing, ValuesOf
from overseer.journal.sessions import Turn
from overseer.jsonvalue import Json


class Memory:
    """Keeps turns in a list."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def add(self, session_id: str, turn: Turn) -> None:
        self.turns.append(turn)

    def took(self, session_id: str, spent: Json, at: float) -> None:
        """No turn."""


def conversation(
    turns: list[Turn] | None = None, keeper: Memory | None = None, values_of: ValuesOf = lambda _: {}
) -> Conversation:
    return Conversation("s", keeper=keeper or KeepsNothing(), clock=lambda: 1.0, turns=turns or (), values_of=values_of)


def values(talk: Conversation) -> dict[str, Json]:
    return {name: result.value for name, result in talk.results.items()}


def test_results_keep_their_names_and_later_ones_get_new_ones() -> None:
    talk = conversation()
    talk.asked("a joke")
    talk.ran("r1", "done", {"joke": "Ha", "to french": "Hé"})
    talk.ran("r2", "done", {"joke": "Ho", "_": 3})
    talk.answered("There you are.")
    assert values(talk) == {
        "joke": "Ha", "to_french": "Hé", "joke_2": "Ho", "result": 3, "answer": "There you are.",
    }  # fmt: skip


def test_a_result_says_what_had_been_asked_for() -> None:
    memory = Memory()
    talk = conversation(keeper=memory)
    talk.ran("r1", "done", {"joke": "Ha"}, request="tell a\njoke")
    assert talk.results["joke"].about == "the result of step 'joke' of \"tell a joke\""
    again = conversation(memory.turns, values_of=lambda run_id: {"joke": "Ha"})
    assert again.results == talk.results


def test_an_answer_that_was_broken_off_is_no_result() -> None:
    talk = conversation()
    talk.answered("Once upon", is_partial=True)
    assert values(talk) == {}
    assert talk.shown() == [("overseer", "Once upon")]


def test_a_session_goes_on_with_the_same_names() -> None:
    memory = Memory()
    kept: Mapping[str, Mapping[str, Json]] = {"r1": {"joke": "Ha"}, "r2": {"joke": [1]}}
    talk = conversation(keeper=memory)
    talk.asked("a joke")
    for run_id, made in kept.items():
        talk.ran(run_id, "done", made)
    talk.answered("So.")
    again = conversation(memory.turns, values_of=lambda run_id: kept[run_id])
    assert values(again) == values(talk)
    assert again.shown() == talk.shown()


def test_results_of_a_run_that_was_removed_are_gone_and_its_turn_is_not() -> None:
    memory = Memory()
    conversation(keeper=memory).ran("r1", "made a joke", {"joke": "Ha"})
    again = conversation(memory.turns)
    assert values(again) == {}
    assert [text for _, text in again.shown()] == ["made a joke"]


def test_a_summary_that_came_to_nothing_is_not_asked_for_with_every_turn() -> None:
    talk = conversation()
    tries = 0
    for number in range(30):
        talk.asked(str(number))
        if talk.to_sum_up(1)[0]:
            talk.not_summed_up()
            tries += 1
    assert tries == 3


@given(some.lists(some.sampled_from(["ask", "answer", "sum up 0", "sum up 1", "sum up 3"]), max_size=30))
def test_every_turn_is_shown_or_stood_for_by_the_summary(acts: list[str]) -> None:
    talk = conversation()
    for number, act in enumerate(acts):
        if act == "ask":
            talk.asked(f"<{number}>")
        elif act == "answer":
            talk.answered(f"<{number}>")
        else:
            turns, until = talk.to_sum_up(int(act[-1]))
            if turns:
                talk.summed_up("".join(text for _, text in turns), until)
    said = [f"<{number}>" for number, act in enumerate(acts) if not act.startswith("sum")]
    assert "".join(text for _, text in talk.shown()) == "".join(said)
