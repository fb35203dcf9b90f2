"""What holds for servers of either protocol alike: parallel streams, instructions in errors, giving up in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from overseer.models.capabilities import Capabilities
from overseer.models.model import Model, ModelError
from overseer.models.ollama_model import OllamaModel
from overseer.models.openai_model import OpenAIModel
from overseer.tool import Cancellation, Question
from tests.models.asking import PATIENCE_S, ask, failure
from tests.servers.model_server import Answer, ModelServer

Make = Callable[..., Model]


def _openai(url: str, name: str = "tiny", **options: Any) -> Model:
    return OpenAIModel(name, base_url=f"{url}/v1", **options)


def _ollama(url: str, name: str = "tiny", **options: Any) -> Model:
    return OllamaModel(name, host=url, **options)


both = pytest.mark.parametrize("make", [_openai, _ollama], ids=["openai", "ollama"])


@both
def test_four_streams_at_the_same_time_stay_whole_and_apart(make: Make) -> None:
    def reply(body: Any) -> Answer:
        number = int(body["messages"][-1]["content"].split()[-1])
        return Answer(f"<{number}>" * 20, tokens=(100 + number, number))

    # None is given further than its first piece until all have begun, nor further than its third.
    with ModelServer(reply=reply, together=4) as server, ThreadPoolExecutor(4) as pool:
        model = make(server.url)
        heard: list[list[str]] = [[] for _ in range(4)]
        asked = [pool.submit(ask, model, f"Number {n}", on_text=heard[n].append) for n in range(4)]
        replies = [each.result(PATIENCE_S) for each in asked]
    for number, reply_ in enumerate(replies):
        assert reply_.text == "".join(heard[number]) == f"<{number}>" * 20
        assert (reply_.input_tokens, reply_.output_tokens) == (100 + number, number)
    assert sorted(server.counted) == [(100, 0), (101, 1), (102, 2), (103, 3)]


@both
@pytest.mark.parametrize("is_within", [False, True], ids=["before", "within"])
def test_the_server_sees_the_connection_close_within_a_second(make: Make, is_within: bool) -> None:
    cancellation, heard = Cancellation(), threading.Event()
    answer = Answer("Slowly, very slowly.", pace_s=60) if is_within else Answer(delay_s=60)
    with ModelServer([answer]) as server, ThreadPoolExecutor(1) as pool:
        call = partial(make(server.url).ask, cancellation=cancellation, on_text=lambda _: heard.set())
        asked = pool.submit(call, Question("Say hello."))
        assert server.asked.acquire(timeout=PATIENCE_S)
        assert not is_within or heard.wait(PATIENCE_S)
        cancellation.ask()
        assert server.hung_up.wait(1.0)
        with pytest.raises(ModelError) as caught:
            asked.result(1.0)
    assert caught.value.kind == "cancelled"


@both
def test_one_of_many_can_be_given_up_and_the_others_go_on(make: Make) -> None:
    def reply(body: Any) -> Answer:
        text = str(body["messages"][-1]["content"])
        return Answer(text, pace_s=60 if text.startswith("slow") else 0.0)

    cancellation = Cancellation()
    with ModelServer(reply=reply) as server, ThreadPoolExecutor(4) as pool:
        model = make(server.url)
        slow = pool.submit(partial(model.ask, cancellation=cancellation), Question("slow and never whole"))
        assert server.asked.acquire(timeout=PATIENCE_S)
        others = [pool.submit(ask, model, f"quick and whole {n}") for n in range(3)]
        cancellation.ask()
        texts = [each.result(PATIENCE_S).text for each in others]
        with pytest.raises(ModelError, match="given up"):
            slow.result(PATIENCE_S)
    assert texts == [f"quick and whole {n}" for n in range(3)]


# What a user reads: a cause, and after it what would help.
INSTRUCTIONS: list[tuple[Answer, str, str, str]] = [
    (Answer(status=401, error={"error": "no"}), "denied", "the key|closed to us", "; check "),
    (Answer(status=429, headers={"retry-after": "3"}), "rate_limited", "too many requests", "; wait a while, or allow"),
    (Answer(status=500), "transient", "failed with status 500", "; try again later, or name another model"),
    (Answer(status=502), "transient", "failed with status 502", "; try again later, or name another model"),
    (Answer(status=504), "timeout", "took too long", "; try again later, or name another model"),
    (Answer(fault="disconnect"), "transient", "cannot be reached", "; is "),
    (Answer(fault="malformed_body"), "transient", "sent something that is no answer", "; check that http://127.0.0.1:"),
    (Answer("Half.", fault="malformed_event"), "transient", "sent something that is no answer", "; check that http"),
    (Answer("Half.", fault="cut"), "transient", "stopped in the middle of its answer", "; try again; the log of the"),
    (Answer("Half.", fault="error_event"), "transient", "broke off: the engine fell over", "; try again; the log of"),
    (Answer(fault="no_events"), "transient", "without an answer", "; try again; the log of the server may tell more"),
]


@both
@pytest.mark.parametrize(
    ("answer", "kind", "cause", "remedy"),
    INSTRUCTIONS,
    ids=[answer.fault or str(answer.status) for answer, *_ in INSTRUCTIONS],
)
def test_an_error_is_one_line_with_a_cause_and_what_would_help(
    make: Make, answer: Answer, kind: str, cause: str, remedy: str
) -> None:
    with ModelServer([answer]) as server:
        error = failure(make(server.url))
    assert error.kind == kind
    _is_an_instruction(error, cause, remedy)


@both
def test_where_nobody_takes_the_question_it_was_not_sent(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}"
    assert not failure(make(gone)).was_sent
    for answer in (Answer(fault="disconnect"), Answer(status=500), Answer("Half.", fault="cut")):
        with ModelServer([answer]) as server:
            assert failure(make(server.url)).was_sent


@both
def test_what_is_not_there_or_silent_or_unknown_is_an_instruction_as_well(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}"
    _is_an_instruction(failure(make(gone)), "cannot be reached", "; is ")
    with ModelServer([Answer(delay_s=PATIENCE_S)], models=["tiny", "qwen3"]) as server:
        _is_an_instruction(failure(make(server.url, timeout_s=0.2)), "did not answer in time", "; try again, or raise")
        _is_an_instruction(failure(make(server.url, "qwen")), "qwen", "qwen3")
        _is_an_instruction(failure(make(server.url, "gpt")), "gpt", "tiny, qwen3")


def _is_an_instruction(error: ModelError, cause: str, remedy: str) -> None:
    text = str(error)
    assert "\n" not in text
    place = min((text.find(word) for word in cause.split("|") if word in text), default=-1)
    assert 0 <= place < text.find(remedy), text


@both
def test_a_question_that_is_too_long_says_so_and_what_would_help(make: Make) -> None:
    said = "This model's maximum context length is 4096 tokens, but 5000 were given"
    with ModelServer([Answer(status=400, error={"error": said})]) as server:
        error = failure(make(server.url))
    assert error.kind == "bad_request"
    _is_an_instruction(error, "5000 were given", "; shorten the question, or use a model that reads more")


@both
def test_a_question_that_was_read_only_in_part_brings_a_warning(make: Make) -> None:
    with ModelServer([Answer(tokens=(2048, 1))]) as server:
        [warning] = ask(make(server.url), prompt="word " * 8000).warnings
    assert warning == "tiny seems to have read only 2048 of about 10000 tokens of the question"


@both
def test_usage_that_was_not_counted_is_a_marked_guess(make: Make) -> None:
    with ModelServer([Answer("x" * 40, fault="no_usage"), Answer("x" * 40, tokens=(0, 0))]) as server:
        guessed, counted = (ask(make(server.url), prompt="y" * 80) for _ in range(2))
    assert (guessed.input_tokens, guessed.output_tokens, guessed.is_estimated) == (20, 10, True)
    assert (counted.input_tokens, counted.output_tokens, counted.is_estimated) == (0, 0, False)


@both
def test_how_a_model_answers_in_json_is_learned_by_server_and_name(make: Make) -> None:
    known, schema = Capabilities(), {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    with (
        ModelServer(['{"a": 1}'], models=["one", "two"], refuses=["json_schema"]) as first,
        ModelServer(['{"a": 1}'], models=["one"]) as second,
    ):
        for server, name in ((first, "one"), (first, "one"), (first, "two"), (second, "one")):
            # Another model object each time: what was learned is not lost with it.
            assert ask(make(server.url, name, capabilities=known), schema=schema).value == {"a": 1}
    assert len(first.questions()) == 2 + 1 + 2
    assert len(second.questions()) == 1


@both
def test_a_wait_that_the_server_asks_for_is_passed_on(make: Make) -> None:
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 90))
    answers = [Answer(status=429, headers={"Retry-After": wait}) for wait in ("7", later)]
    with ModelServer([*answers, Answer(status=503, headers={"Retry-After": "2"})]) as server:
        waits = [failure(make(server.url)).retry_after_s for _ in range(3)]
    assert waits[0] == 7.0
    assert waits[1] == pytest.approx(90, abs=30)
    assert waits[2] == 2.0
