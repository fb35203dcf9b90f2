"""Hearing models while they answer: in pieces, free of secrets and thoughts, and anew where an answer begins anew."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from overseer import Engine
from overseer.broker.broker import Broker, Door
from overseer.broker.cache import FileCache
from overseer.broker.result import ToolResult
from overseer.broker.retry import Retry
from overseer.models import ModelRoles, OpenAIModel, ScriptedModel
from overseer.models.model import Heard, Model
from overseer.secrets import Redactor, Secrets
from overseer.tool import Cancellation, Question, ToolContext, tool
from tests.servers.model_server import Answer, ModelServer

NO_WAIT = Retry(attempts=4, sleep=lambda cancellation, wait_s: False)
CUT = {"text": "Once upon", "error": "the line broke"}
WHOLE = "Once upon a time."


@tool(effect="model")
def say(prompt: str, context: ToolContext) -> str:
    """What the model says."""
    return context.ask_model(Question(prompt)).text


def heard_by_a_door(model: Model, **parts: Any) -> tuple[list[str], ToolResult]:
    pieces: list[str] = []
    door = Door(Broker(models=ModelRoles.of(model), **parts), {})
    result = door.ask(Question("Tell."), ToolContext("", "ask", 1, Cancellation()), on_text=pieces.append)
    return pieces, result


def heard_by_a_run(model: Model, **parts: Any) -> tuple[list[tuple[str, str | None]], Any]:
    pieces: list[tuple[str, str | None]] = []
    engine = Engine([say], broker=Broker(models=ModelRoles.of(model), **parts))
    run = engine.prepare({"steps": [{"step_id": "a", "tool": "say", "args": {"prompt": "?"}}], "output": "{{a}}"})
    run.hear(lambda key, piece: pieces.append((key, piece)))
    return pieces, run.carry_out()


def test_an_answer_comes_in_pieces_from_a_server() -> None:
    with ModelServer(["one two three four five"]) as server:
        pieces, result = heard_by_a_door(OpenAIModel("tiny", base_url=server.openai_url))
    assert len(pieces) > 1
    assert "".join(pieces) == result.value == "one two three four five"


def test_no_secret_is_heard_wherever_it_is_cut() -> None:
    secrets = Secrets({"NOTES_KEY": "hunter2hunter2"})
    model = ScriptedModel([{"text": "It is hunter2hunter2, truly.", "pace_s": 0.0001}])
    pieces, result = heard_by_a_door(model, redactor=Redactor(secrets))
    assert "".join(pieces) == result.value
    assert "hunter2" not in "".join(pieces)


def test_an_answer_that_was_kept_is_heard_as_well(tmp_path: Any) -> None:
    cache, model = FileCache(tmp_path / "cache.db"), ScriptedModel([WHOLE])
    heard_by_a_door(model, cache=cache)
    pieces, _ = heard_by_a_door(model, cache=cache)
    assert "".join(pieces) == WHOLE


def test_what_cannot_be_taken_back_is_not_asked_for_again() -> None:
    pieces, result = heard_by_a_door(ScriptedModel([CUT, WHOLE]), retry=NO_WAIT)
    assert "".join(pieces) == "Once upon"
    assert result.failure is not None


def test_a_run_takes_back_what_was_heard_of_a_broken_answer() -> None:
    pieces, result = heard_by_a_run(ScriptedModel([CUT, WHOLE]), retry=NO_WAIT)
    assert result.output == WHOLE
    assert {key for key, _ in pieces} == {"a"}
    again = [piece for _, piece in pieces].index(None)
    assert "".join(piece for _, piece in pieces[:again] if piece) == "Once upon"
    assert "".join(piece for _, piece in pieces[again:] if piece) == WHOLE


def test_a_server_that_refuses_takes_nothing_back() -> None:
    with ModelServer([Answer(status=503), WHOLE]) as server:
        pieces, result = heard_by_a_run(OpenAIModel("tiny", base_url=server.openai_url), retry=NO_WAIT)
    assert result.output == WHOLE
    assert None not in [piece for _, piece in pieces]


THOUGHTFUL = "  <think>Hm, a < b?</think>\n\nYes: a < b."
ANSWERS = {THOUGHTFUL: "Yes: a < b.", "<b>bold</b>": "<b>bold</b>", "plain": "plain", "<think>never ends": ""}


@pytest.mark.parametrize("text", ANSWERS)
def test_thoughts_are_not_heard_wherever_they_are_cut(text: str) -> None:
    for cuts in [*((0, cut, len(text)) for cut in range(len(text) + 1)), tuple(range(len(text) + 1))]:
        pieces: list[str] = []
        heard = Heard(pieces.append)
        for start, end in pairwise(cuts):
            heard.add(text[start:end])
        assert "".join(pieces) == ANSWERS[text]
