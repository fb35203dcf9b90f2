"""Ollama servers: answers, windows that are large enough, everything that goes wrong, and giving up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from overseer.models.ollama_model import OllamaModel
from tests.models.asking import CITY, PARIS, PATIENCE_S, ask, failure
from tests.servers.model_server import Answer, ModelServer


def model_of(server: ModelServer, name: str = "tiny", **options: Any) -> OllamaModel:
    return OllamaModel(name, host=server.url, **options)


def test_an_answer_comes_in_pieces_and_is_counted() -> None:
    pieces: list[str] = []
    with ModelServer(["Hello, you out there."]) as server:
        reply = ask(model_of(server), system="Be kind.", temperature=0.5, max_tokens=9, on_text=pieces.append)
    assert reply.text == "".join(pieces) == "Hello, you out there."
    assert len(pieces) > 2
    assert (reply.provider, reply.model, reply.input_tokens, reply.output_tokens) == ("ollama", "tiny", 11, 7)
    [body] = server.questions()
    assert body["options"] == {"num_ctx": 4096, "temperature": 0.5, "num_predict": 9}
    assert body["stream"] is True


@pytest.mark.parametrize(
    ("letters", "max_tokens", "window"),
    [
        (10, None, 4096),
        (4 * 3000, None, 8192),
        (4 * 3000, 300, 4096),
        (4 * 3000, 7000, 16384),
        (4 * 15000, None, 16384),
    ],
)
def test_the_window_is_large_enough_for_the_question(letters: int, max_tokens: int | None, window: int) -> None:
    with ModelServer([Answer(tokens=(letters // 4, 1))], context_length=16384) as server:
        reply = ask(model_of(server), prompt="x" * letters, max_tokens=max_tokens)
    assert server.questions()[0]["options"]["num_ctx"] == window
    assert reply.warnings == ()


def test_the_length_of_the_window_is_asked_for_once() -> None:
    with ModelServer() as server:
        model = model_of(server)
        ask(model)
        ask(model)
    assert [call.path for call in server.calls] == ["/api/show", "/api/chat", "/api/chat"]


def test_a_question_that_does_not_fit_brings_a_warning() -> None:
    with ModelServer(context_length=4096) as server:
        [warning] = ask(model_of(server), prompt="x" * 40_000).warnings
    assert warning == "the question has about 10000 tokens, but tiny reads only 4096; the rest is cut off"


def test_an_answer_that_was_too_long_is_marked() -> None:
    with ModelServer([Answer("Once upon a", finish="length")]) as server:
        assert ask(model_of(server)).is_cut


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(fault="disconnect"), "transient", "cannot be reached"),
        (Answer("Half of it.", fault="cut"), "transient", "stopped in the middle of its answer, after"),
        (Answer("Half of it.", fault="abort"), "transient", "cannot be reached"),
        (Answer("Half of it.", fault="malformed_event"), "transient", "sent something that is no answer"),
        (Answer("Half of it.", fault="error_event"), "transient", "broke off: the engine fell over"),
        (Answer(fault="no_events"), "transient", "closed the connection without an answer"),
        (Answer(fault="odd_events"), "transient", "sent something that is no answer"),
        (Answer(fault="malformed_body"), "transient", "sent something that is no answer"),
        (Answer(status=400, error={"error": "no such option"}), "bad_request", "refused the request: no such option"),
        (Answer(status=401, error={"error": "sign in"}), "denied", "closed to us: sign in"),
        (Answer(status=504), "timeout", "took too long"),
        (Answer(status=500), "transient", "failed with status 500: told to"),
    ],
    ids=lambda value: (value.fault or str(value.status)) if isinstance(value, Answer) else None,
)
def test_whatever_goes_wrong_is_told_apart(answer: Answer, kind: str, words: str) -> None:
    pieces: list[str] = []
    with ModelServer([answer]) as server:
        error = failure(model_of(server), on_text=pieces.append)
    assert error.kind == kind
    assert words in str(error)
    assert error.has_streamed is bool(pieces)


def test_an_unknown_model_brings_the_command_that_gets_it() -> None:
    with ModelServer(models=["llama3"]) as server:
        error = failure(model_of(server, "qwen3"))
    assert error.kind == "bad_request"
    assert str(error) == "ollama/qwen3 is not installed; run: ollama pull qwen3 (installed: llama3)"


def test_a_server_that_is_not_there_may_come() -> None:
    with ModelServer() as server:
        gone = model_of(server)
    error = failure(gone)
    assert error.kind == "transient"
    assert "ollama serve" in str(error)


def test_silence_has_a_limit() -> None:
    with ModelServer([Answer(delay_s=PATIENCE_S)]) as server:
        assert failure(model_of(server, timeout_s=0.2)).kind == "timeout"


def test_json_is_asked_for_by_its_schema() -> None:
    with ModelServer([PARIS]) as server:
        reply = ask(model_of(server), schema=CITY)
    assert reply.value == {"city": "Paris", "people": 2100000}
    assert server.questions()[0]["format"] == CITY


def test_a_server_that_knows_no_schemas_is_asked_in_words() -> None:
    with ModelServer([PARIS], refuses=["json_schema", "json_object"]) as server:
        model = model_of(server)
        values = [ask(model, schema=CITY).value for _ in range(2)]
    assert values == [{"city": "Paris", "people": 2100000}] * 2
    assert ["format" in body for body in server.questions()] == [True, True, False, False]


def test_it_works_with_the_http_library_that_comes_with_the_sdk() -> None:
    # All other tests have it replaced.
    program = (
        "import sys, threading\n"
        "from overseer.models.ollama_model import OllamaModel\n"
        "from overseer.tool import Cancellation, Question\n"
        "model, given_up = OllamaModel('tiny', host=sys.argv[1]), Cancellation()\n"
        "print(model.ask(Question('?'), cancellation=given_up).text)\n"
        "try:\n"
        "    give_up = lambda _: threading.Timer(0.1, given_up.ask).start()\n"
        "    model.ask(Question('?'), cancellation=given_up, on_text=give_up)\n"
        "except Exception as error:\n"
        "    print(error.kind)\n"
        "print(sys.modules['httpx'].__name__)\n"
    )
    with ModelServer(["Hello.", Answer("Slowly, very slowly.", pace_s=60)]) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.url],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=Path(__file__).parents[2],
            env=dict(os.environ),
            check=False,
        )
        assert (done.stdout.split(), done.stderr) == (["Hello.", "cancelled", "httpx"], "")
        assert server.hung_up.wait(PATIENCE_S)
