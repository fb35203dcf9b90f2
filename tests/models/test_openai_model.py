"""OpenAI-compatible servers: answers, everything that goes wrong with them, and giving up."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from overseer.models import openai_errors
from overseer.models.capabilities import Capabilities
from overseer.models.model import ModelError
from overseer.models.openai_model import OpenAIModel, _is_strict
from overseer.tool import Cancellation, Question
from tests.models.asking import PATIENCE_S, ask, failure
from tests.servers.model_server import Answer, ModelServer


def model_of(server: ModelServer, name: str = "tiny", **options: Any) -> OpenAIModel:
    return OpenAIModel(name, base_url=server.openai_url, **options)


def test_an_answer_comes_in_pieces_and_is_counted() -> None:
    pieces: list[str] = []
    with ModelServer(["Hello, you out there."]) as server:
        reply = ask(model_of(server), system="Be kind.", temperature=0.5, max_tokens=9, on_text=pieces.append)
    assert reply.text == "".join(pieces) == "Hello, you out there."
    assert len(pieces) > 2
    assert (reply.provider, reply.model, reply.input_tokens, reply.output_tokens) == ("openai", "tiny", 11, 7)
    assert not reply.is_cut
    assert not reply.is_estimated
    [body] = server.questions()
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert (body["temperature"], body["max_tokens"], body["stream"]) == (0.5, 9, True)


def test_what_is_not_wished_for_is_not_sent() -> None:
    with ModelServer() as server:
        ask(model_of(server))
    [body] = server.questions()
    assert not {"temperature", "max_tokens", "response_format", "tools"} & set(body)


def test_an_answer_in_one_piece_is_read_as_well() -> None:
    with ModelServer([Answer("Hello.", fault="one_piece")]) as server:
        reply = ask(model_of(server))
    assert (reply.text, reply.output_tokens, reply.is_estimated) == ("Hello.", 7, False)


def test_an_answer_that_was_too_long_is_marked() -> None:
    with ModelServer([Answer("Once upon a", finish="length")]) as server:
        reply = ask(model_of(server))
    assert (reply.text, reply.is_cut) == ("Once upon a", True)


def test_reasoning_before_the_answer_is_no_part_of_it() -> None:
    with ModelServer(["<think>Hm.\nWell.</think>\n\nYes."]) as server:
        assert ask(model_of(server)).text == "Yes."


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(fault="disconnect"), "transient", "cannot be reached"),
        (Answer("Half of it.", fault="cut"), "transient", "stopped in the middle of its answer, after"),
        (Answer("Half of it.", fault="abort"), "transient", "cannot be reached"),
        (Answer("Half of it.", fault="malformed_event"), "transient", "sent something that is no answer"),
        (Answer("Half of it.", fault="error_event"), "transient", "broke off: the engine fell over"),
        (Answer(fault="no_events"), "transient", "closed the connection without an answer"),
        (Answer(fault="odd_events"), "transient", ""),
        (Answer(fault="malformed_body"), "transient", "sent something that is no answer"),
        (Answer(status=400, error={"error": {"message": "too long by 12"}}), "bad_request", "too long by 12"),
        (Answer(status=422, error={"detail": "what?"}), "bad_request", "refused the request: what?"),
        (Answer(status=403, error={"error": "not here"}), "denied", "closed to the key OPENAI_API_KEY: not here"),
        (Answer(status=408), "timeout", "took too long"),
        (Answer(status=500), "transient", "failed with status 500: told to"),
        (Answer(status=503), "transient", "failed with status 503"),
        (Answer(finish="content_filter"), "bad_request", "its content filter stopped it"),
        (Answer("", refusal="I must not."), "bad_request", "refused to answer: I must not."),
    ],
    ids=lambda value: (value.fault or f"{value.status}-{value.finish}") if isinstance(value, Answer) else None,
)
def test_whatever_goes_wrong_is_told_apart(answer: Answer, kind: str, words: str) -> None:
    with ModelServer([answer]) as server:
        error = failure(model_of(server))
    assert error.kind == kind
    assert words in str(error)
    assert "openai/tiny" in str(error)
    assert not error.has_streamed


@pytest.mark.parametrize("fault", ["cut", "abort", "malformed_event", "error_event"])
def test_an_error_says_whether_text_was_shown(fault: Any) -> None:
    pieces: list[str] = []
    with ModelServer([Answer("Half of it.", fault=fault)]) as server:
        assert failure(model_of(server), on_text=pieces.append).has_streamed
    assert pieces


def test_a_view_that_raises_costs_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    def view(piece: str) -> None:
        heard.append(piece)
        raise ValueError("the terminal is gone")

    with ModelServer(["Hello, you out there."]) as server:
        assert ask(model_of(server), on_text=view).text == "Hello, you out there."
    assert len(heard) == 1
    assert "the terminal is gone" in caplog.text


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_too_many_requests_say_when_to_come_back(headers: dict[str, str], wait: float | None) -> None:
    with ModelServer([Answer(status=429, headers=headers)]) as server:
        error = failure(model_of(server))
    assert (error.kind, error.retry_after_s) == ("rate_limited", wait)


def test_an_account_without_credit_is_not_asked_again() -> None:
    broke = {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}
    with ModelServer([Answer(status=429, error=broke)]) as server:
        error = failure(model_of(server))
    assert (error.kind, error.retry_after_s) == ("denied", None)
    assert "no credit left" in str(error)


def test_a_bad_key_is_named_but_not_shown() -> None:
    said = {"error": {"message": "Incorrect API key provided: sk-very-secret"}}
    with ModelServer([Answer(status=401, error=said), Answer(status=400, error=said)]) as server:
        model = model_of(server, key="sk-very-secret", key_name="MY_KEY")
        errors = [failure(model), failure(model)]
    assert [error.kind for error in errors] == ["denied", "bad_request"]
    for error in errors:
        assert "MY_KEY" in str(error)
        assert "sk-very-secret" not in str(error)
    assert server.calls[0].headers["authorization"] == "Bearer sk-very-secret"


def test_without_a_key_only_servers_on_this_machine_are_asked() -> None:
    with ModelServer() as server:
        assert ask(model_of(server)).text == "ok"
    error = failure(OpenAIModel("gpt", base_url="https://models.example.org/v1", key_name="THEIR_KEY"))
    assert error.kind == "denied"
    assert "THEIR_KEY" in str(error)


def test_an_unknown_model_brings_the_nearest_one() -> None:
    with ModelServer(models=["qwen3-coder", "llama3"]) as server:
        near, far = failure(model_of(server, "qwen3-codr")), failure(model_of(server, "gpt"))
    assert near.kind == far.kind == "bad_request"
    assert "did you mean 'qwen3-coder'?" in str(near)
    assert "it has: qwen3-coder, llama3" in str(far)


def test_a_server_that_is_not_there_may_come() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure(OpenAIModel("tiny", base_url=f"http://127.0.0.1:{port}/v1"))
    assert error.kind == "transient"
    assert "is the server running?" in str(error)


def test_silence_has_a_limit() -> None:
    with ModelServer([Answer(delay_s=PATIENCE_S)]) as server:
        error = failure(model_of(server, timeout_s=0.2))
    assert (error.kind, error.has_streamed) == ("timeout", False)
    with ModelServer([Answer("Slowly, very slowly.", pace_s=PATIENCE_S)]) as server:
        error = failure(model_of(server, timeout_s=0.2), on_text=lambda piece: None)
    assert error.kind == "timeout"


def test_what_was_given_up_before_is_not_asked() -> None:
    cancellation = Cancellation()
    cancellation.ask()
    with ModelServer() as server:
        with pytest.raises(ModelError) as caught:
            model_of(server).ask(Question("Say hello."), cancellation=cancellation)
        assert not server.calls
    assert caught.value.kind == "cancelled"


def test_giving_up_while_text_comes_ends_the_answer() -> None:
    cancellation = Cancellation()
    slow = Answer("Word after word after word.", pace_s=0.05)
    with ModelServer([slow]) as server, pytest.raises(ModelError) as caught:
        model_of(server).ask(Question("?"), cancellation=cancellation, on_text=lambda piece: cancellation.ask())
    assert caught.value.kind == "cancelled"


def test_a_finished_call_wants_nothing_of_a_later_cancellation() -> None:
    cancellation = Cancellation()
    with ModelServer() as server:
        model_of(server).ask(Question("Say hello."), cancellation=cancellation)
    assert not cancellation._hooks


def test_parameters_that_a_server_does_not_know_are_left_out_from_then_on() -> None:
    refuses = ["stream_options", "max_tokens", "temperature"]
    with ModelServer(refuses=refuses) as server:
        model = model_of(server, capabilities=Capabilities())
        replies = [ask(model, temperature=0.2, max_tokens=50) for _ in range(2)]
    assert [reply.text for reply in replies] == ["ok", "ok"]
    assert replies[0].warnings == ("tiny takes no temperature; 0.2 was left out",)
    bodies = server.questions()
    assert len(bodies) == 5  # three refusals, and then none
    assert bodies[-1]["max_completion_tokens"] == 50
    assert not {*refuses} & set(bodies[-1])


def test_a_model_without_a_role_for_the_system_is_told_by_the_user() -> None:
    said = {"error": {"message": "System role not supported"}}
    with ModelServer([Answer(status=500, error=said), "ok"]) as server:
        model = model_of(server)
        replies = [ask(model, prompt="Say hello.", system="Be kind.").text for _ in range(2)]
    assert replies == ["ok", "ok"]
    folded = [{"role": "user", "content": "Be kind.\n\nSay hello."}]
    assert [body["messages"] for body in server.questions()][1:] == [folded, folded]


def test_the_same_refusal_again_is_an_error() -> None:
    said = {"error": {"message": "Unsupported parameter: temperature"}}
    with ModelServer([Answer(status=400, error=said)]) as server:
        assert failure(model_of(server), temperature=0.5).kind == "bad_request"
        assert len(server.questions()) == 2


def test_a_parameter_with_a_bad_value_is_an_error() -> None:
    said = {"error": {"message": "temperature must be at most 2", "param": "temperature"}}
    with ModelServer([Answer(status=400, error=said)]) as server:
        error = failure(model_of(server), temperature=3)
        assert len(server.calls) == 1
    assert (error.kind, "temperature must be at most 2" in str(error)) == ("bad_request", True)


@pytest.mark.parametrize(
    ("words", "parameter"),
    [
        ("Unsupported parameter: 'max_tokens' is not supported with this model.", "max_tokens"),
        ("Unsupported value: 'temperature' does not support 0.2 with this model.", "temperature"),
        ("System role not supported", "system"),
        ("Unsupported role: 'system'", "system"),
        ("The operating system is not supported", None),
        ("Unknown field max_tokens_total", None),
        ("max_tokens must be above 0", None),
    ],
)
def test_refused_parameters_are_read_from_the_words(words: str, parameter: str | None) -> None:
    error = ModelError(words, kind="bad_request", status=400)
    assert openai_errors.refused_parameter(error, ["max_tokens", "temperature", "system"]) == parameter


@pytest.mark.parametrize(
    ("schema", "is_strict"),
    [
        ({"type": "string"}, True),
        ({"enum": ["a", "b"]}, True),
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}, False),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, False),
        ({"type": "object"}, False),
        ({"type": "array", "items": {"type": "integer"}}, True),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, False),
    ],
)
def test_only_some_schemas_can_be_promised(schema: dict[str, Any], is_strict: bool) -> None:
    assert _is_strict(schema) is is_strict


def test_a_stream_with_nothing_in_it_is_asked_for_in_one_piece() -> None:
    said = {"error": {"message": "the maximum context length is 4096 tokens, but there are 6019"}}

    def reply(body: Any) -> Answer:
        if body["stream"]:
            return Answer(fault="no_events")
        is_long = len(body["messages"][-1]["content"]) > 100
        return Answer(status=400, error=said) if is_long else Answer("Hello.", fault="one_piece")

    with ModelServer(reply=reply) as server:
        model = model_of(server)
        assert ask(model).text == "Hello."
        error = failure(model, prompt="x" * 200)
    assert error.kind == "bad_request"
    assert "there are 6019; shorten the question" in str(error)
    assert [body["stream"] for body in server.questions()] == [True, False, True, False]
    assert ["stream_options" in body for body in server.questions()] == [True, False, True, False]


def test_a_proxy_that_hangs_gets_no_more_time_than_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overseer.models.openai_model.CONNECT_TIMEOUT_S", 0.05)
    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        proxy = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("https_proxy", f"http://{proxy}")
        error = failure(OpenAIModel("m", base_url="https://models.example/v1", key="sk-1", timeout_s=PATIENCE_S))
    assert error.kind == "timeout"
    assert str(error).endswith(f"and check the proxy {proxy}")
