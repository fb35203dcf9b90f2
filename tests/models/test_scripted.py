"""A model that follows a script."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from overseer.errors import UsageError
from overseer.models.model import ModelError
from overseer.models.scripted import ScriptedModel, read_script, script_from
from overseer.tool import Cancellation, Question
from tests.models.asking import CITY, PARIS, ask, failure

SCRIPT = """
name: demo
entries:
  - {role: translator, contains: FRENCH, text: Bonjour}
  - {role: translator, text: Hola}
  - {matches: 'joke about (cats|dogs)', text: A cat walks into a bar., times: 1}
  - {contains: cities, value: [Paris, Rome]}
  - {contains: slow, error: {kind: rate_limited, message: slow down, retry_after_s: 2}}
  - the first
  - the second
"""


def model_of(tmp_path: Path) -> ScriptedModel:
    path = tmp_path / "script.yaml"
    path.write_text(SCRIPT, encoding="utf-8")
    return ScriptedModel.from_file(path)


def test_answers_are_found_by_role_and_words_and_else_given_in_order(tmp_path: Path) -> None:
    model = model_of(tmp_path)
    assert (model.provider, model.name) == ("scripted", "demo")
    assert ask(model, "To French: hello", role="translator").text == "Bonjour"
    assert ask(model, "something else").text == "the first"
    assert ask(model, "To Spanish: hello", role="translator").text == "Hola"
    assert ask(model, "A joke about cats").text == "A cat walks into a bar."
    assert ask(model, "A joke about dogs").text == "the second"  # the joke was for one question only
    assert ask(model, "To French: bye", role="translator").text == "Bonjour"
    assert [question.prompt for question in model.questions][:2] == ["To French: hello", "something else"]


def test_the_rules_that_go_with_a_question_count_only_where_they_are_meant() -> None:
    model = ScriptedModel(
        [
            {"contains": "cats", "text": "of cats"},
            {"matches": "dogs?", "text": "of dogs"},
            {"system_contains": "PLANNER", "contains": "birds", "text": "a plan"},
            {"contains": "birds", "text": "of birds"},
        ]
    )
    rules = "You are the planner. Such as: a joke about cats, dogs or birds."
    assert ask(model, "A joke about birds", system=rules).text == "a plan"
    assert ask(model, "A joke about birds", system="Be funny.").text == "of birds"
    assert ask(model, "A joke about dogs", system=rules).text == "of dogs"
    assert failure(model, prompt="A joke about fish", system=rules).kind == "bad_request"


def test_a_question_without_answer_is_shown_with_the_name_of_the_script(tmp_path: Path) -> None:
    model = model_of(tmp_path)
    ask(model)
    ask(model)
    error = failure(model, prompt="And now?\n" + "x" * 500, role="coder")
    assert error.kind == "bad_request"
    assert str(error).startswith("the script 'demo' has no answer (any more) for the coder's question: And now? xxx")
    assert len(str(error)) < 250


def test_an_error_is_raised_as_the_script_says(tmp_path: Path) -> None:
    error = failure(model_of(tmp_path), prompt="slow")
    assert (error.kind, str(error), error.retry_after_s, error.has_streamed) == (
        "rate_limited",
        "slow down",
        2.0,
        False,
    )


def test_an_error_may_come_after_some_text() -> None:
    pieces: list[str] = []
    error = failure(ScriptedModel([{"text": "half a", "error": "the line broke"}]), on_text=pieces.append)
    assert (error.kind, error.has_streamed, "".join(pieces)) == ("transient", True, "half a")


def test_text_comes_word_by_word() -> None:
    pieces: list[str] = []
    text = "  Once upon\n a time. "
    assert ask(ScriptedModel([{"text": text, "pace_s": 0.001}]), on_text=pieces.append).text == text
    assert pieces == ["  Once ", "upon\n ", "a ", "time. "]


def test_values_fit_schemas_and_slips_can_be_played(tmp_path: Path) -> None:
    assert ask(model_of(tmp_path), "cities", schema={"type": "array"}).value == ["Paris", "Rome"]
    assert ask(ScriptedModel(["Paris?", PARIS]), schema=CITY).value == json.loads(PARIS)
    assert failure(ScriptedModel(["Paris?", "Rome?"]), schema=CITY).kind == "invalid_output"


@pytest.mark.parametrize("entry", [{"text": "late", "delay_s": 60}, {"text": "very very slow", "pace_s": 60}])
def test_waiting_ends_when_given_up(entry: Any) -> None:
    cancellation = Cancellation()
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ScriptedModel([entry]).ask, Question("?"), cancellation=cancellation)
        cancellation.ask()
        with pytest.raises(ModelError) as caught:
            asked.result(20)
    assert caught.value.kind == "cancelled"


def test_many_questions_at_once_each_get_an_answer() -> None:
    model = ScriptedModel([str(number) for number in range(50)])
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: ask(model).text, range(50)))
    assert sorted(texts, key=int) == [str(number) for number in range(50)]


def test_everything_wrong_with_a_script_is_said_at_once() -> None:
    wrong = {
        "pace": 1,
        "entries": [{"txt": "a"}, {"text": "a", "value": 1, "matches": "("}, {"text": 1, "times": 0}, 5],
    }
    with pytest.raises(UsageError) as caught:
        script_from(wrong)
    for words in (
        "unknown key 'pace'; did you mean 'pace_s'?",
        "entries[0]: unknown key 'txt'; did you mean 'text'?",
        "entries[0]: has no answer",
        "entries[1]: has both text and value",
        "entries[1].matches: is no regular expression",
        "entries[2].text: must be text",
        "entries[2].times: must be a whole number",
        "entries[3]: must hold keys and values",
    ):
        assert words in str(caught.value)


@pytest.mark.parametrize("text", ["entries: [", "- a\n- ", "name: x", "5"])
def test_a_file_that_is_no_script_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"odd\.yaml"):
        read_script(path)
    with pytest.raises(UsageError, match="cannot read the script"):
        read_script(tmp_path / "none.yaml")
