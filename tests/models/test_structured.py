"""JSON that fits a schema: the ways of asking, what is remembered of them, and what is made of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.models.capabilities import RUNGS, Capabilities, Rung
from overseer.models.jsonreply import values_in
from overseer.models.openai_model import OpenAIModel
from overseer.models.structured import Form
from overseer.tool import Reply
from tests.models.asking import CITY, PARIS, ask, failure
from tests.servers.model_server import Answer, ModelServer

VALUE = {"city": "Paris", "people": 2100000}


def rung_of(body: Any) -> Rung:
    if "tools" in body:
        return "tool"
    rung: Rung = body.get("response_format", {}).get("type", "prompt")
    return rung


def rungs_used(refuses: list[str], **options: Any) -> list[Rung]:
    """The ways in which two questions were asked of a server that refuses some of them."""
    with ModelServer([PARIS], refuses=refuses, **options) as server:
        model = OpenAIModel("tiny", base_url=server.openai_url)
        assert [ask(model, schema=CITY).value for _ in range(2)] == [VALUE, VALUE]
    return [rung_of(body) for body in server.questions()]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("status", [400, 422, 500])
def test_the_first_way_that_works_is_used_from_then_on(place: int, status: int) -> None:
    used = rungs_used([*RUNGS[:place]], refusal=Answer(status=status))
    assert used == [*RUNGS[: place + 1], RUNGS[place]]


@pytest.mark.parametrize("rung", RUNGS)
def test_what_is_known_is_used_at_once(rung: Rung) -> None:
    known = Capabilities()
    with ModelServer([PARIS]) as server:
        known.learn_rung(server.openai_url, "tiny", rung)
        ask(OpenAIModel("tiny", base_url=server.openai_url, capabilities=known), schema=CITY)
    assert [rung_of(body) for body in server.questions()] == [rung]


def test_trouble_of_a_server_that_is_known_teaches_nothing() -> None:
    known = Capabilities()
    with ModelServer([PARIS, Answer(status=500), PARIS]) as server:
        model = OpenAIModel("tiny", base_url=server.openai_url, capabilities=known)
        ask(model, schema=CITY)
        assert failure(model, schema=CITY).kind == "transient"
        ask(model, schema=CITY)
    assert [rung_of(body) for body in server.questions()] == ["json_schema"] * 3


def test_one_schema_that_a_server_refuses_teaches_nothing_of_others() -> None:
    with ModelServer([PARIS, Answer(status=400), PARIS, PARIS]) as server:
        model = OpenAIModel("tiny", base_url=server.openai_url)
        for _ in range(3):
            ask(model, schema=CITY)
    assert [rung_of(body) for body in server.questions()] == [
        "json_schema",
        "json_schema",
        "json_object",
        "json_schema",
    ]


def test_what_is_wrong_in_every_way_of_asking_is_said_once() -> None:
    with ModelServer([Answer(status=400, error={"error": "the text is too long"})]) as server:
        error = failure(OpenAIModel("tiny", base_url=server.openai_url), schema=CITY)
    assert error.kind == "bad_request"
    assert "the text is too long" in str(error)


def test_an_unknown_model_is_not_asked_in_other_ways() -> None:
    with ModelServer() as server:
        assert failure(OpenAIModel("other", base_url=server.openai_url), schema=CITY).kind == "bad_request"
    assert len(server.questions()) == 1


def test_an_answer_that_does_not_fit_is_given_back_with_its_faults() -> None:
    with ModelServer(['{"city": "Paris", "people": "many"}', PARIS]) as server:
        reply = ask(OpenAIModel("tiny", base_url=server.openai_url), schema=CITY)
    assert reply.value == VALUE
    assert (reply.input_tokens, reply.output_tokens) == (22, 14)
    first, second = server.questions()
    assert [rung_of(first), rung_of(second)] == ["json_schema", "json_object"]  # accepted, and then ignored
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "user"]
    assert "'people' must be a whole number" in second["messages"][-1]["content"]
    assert '"additionalProperties":false' in second["messages"][-1]["content"]


def test_a_slip_on_a_server_that_is_known_does_not_change_the_way_of_asking() -> None:
    known = Capabilities()
    with ModelServer(["no", PARIS]) as server:
        known.learn_rung(server.openai_url, "tiny", "json_schema")
        ask(OpenAIModel("tiny", base_url=server.openai_url, capabilities=known), schema=CITY)
    assert [rung_of(body) for body in server.questions()] == ["json_schema", "json_schema"]


def test_two_answers_that_do_not_fit_are_an_error() -> None:
    with ModelServer(["Paris, I think.", '{"city": 1}']) as server:
        error = failure(OpenAIModel("tiny", base_url=server.openai_url), schema=CITY)
        assert len(server.questions()) == 2
    assert error.kind == "invalid_output"
    assert "has no 'people'" in str(error)
    assert '{"city": 1}' in str(error)


def test_json_that_was_cut_off_is_an_error() -> None:
    with ModelServer([Answer('{"city": "Par', finish="length")]) as server:
        error = failure(OpenAIModel("tiny", base_url=server.openai_url), schema=CITY)
        assert len(server.questions()) == 1
    assert error.kind == "invalid_output"
    assert "cut off after 7 tokens; raise max_tokens" in str(error)


def test_the_model_is_told_the_schema_whatever_the_server_makes_of_it() -> None:
    with ModelServer([PARIS]) as server:
        ask(OpenAIModel("tiny", base_url=server.openai_url), schema=CITY, system="You know cities.")
    [system, _] = server.questions()[0]["messages"]
    assert system["content"].startswith("You know cities.\n\n")
    assert '"people":{"type":"integer"}' in system["content"]


COLOUR = {"enum": ["red", "light blue"]}
NUMBERS = {"type": "array", "items": {"$ref": "#/$defs/number"}, "$defs": {"number": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("schema", "said", "value"),
    [
        (COLOUR, '{"value": "red"}', "red"),
        (COLOUR, '"red"', "red"),
        (COLOUR, "Light blue.", "light blue"),
        (COLOUR, "```\nred\n```", None),
        (COLOUR, "red or light blue", None),
        (COLOUR, '{"value": "green"}', None),
        (NUMBERS, '{"value": [1, 2]}', [1, 2]),
        (NUMBERS, "[1, 2]", [1, 2]),
        (NUMBERS, "Here: [1, 2]. As I said [1], it is so.", None),
        (NUMBERS, '{"value": ["a"]}', None),
        ({}, '{"value": {"value": 1}}', {"value": 1}),
        (CITY, PARIS, VALUE),
        (CITY, f"```json\n{PARIS}\n```", VALUE),
        (CITY, f"Sure! Here it is [1]:\n\n{PARIS}\n\nAnything else?", VALUE),
        (CITY, f"{PARIS}\n\nOnce more: {PARIS}", VALUE),
        (CITY, f"```json\n{PARIS}\n```\nor rather\n```json\n{PARIS.replace('2', '3')}\n```", None),
        (CITY, '{"found": ' + PARIS, None),  # cut off: the inner object is not what was meant
        (CITY, PARIS.replace("2100000", "NaN"), None),
    ],
)
def test_an_answer_is_read_where_its_meaning_is_certain(schema: dict[str, Any], said: str, value: Any) -> None:
    read, faults = Form.of(schema).read(Reply(said, "tiny"))
    assert (read, not faults) == (value, value is not None)


@pytest.mark.parametrize("schema", [COLOUR, NUMBERS, {"type": "string"}, {}])
def test_servers_are_always_asked_for_an_object(schema: dict[str, Any]) -> None:
    sent = Form.of(schema).sent
    assert sent["type"] == "object"
    with ModelServer() as server:  # which makes up what fits
        ask(OpenAIModel("tiny", base_url=server.openai_url), schema={"type": "string"})


def test_brackets_without_end_take_no_time() -> None:
    assert values_in("[" * 100_000) == []
    assert values_in("{a" * 100_000) == []
