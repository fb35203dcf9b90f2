"""Our client of OpenAI's protocol against a server that nobody here wrote: llama_cpp.server, with random weights."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from overseer.models.capabilities import Capabilities
from overseer.models.look import HttpLook
from overseer.models.model import ModelError
from overseer.models.openai_model import OpenAIModel
from overseer.tool import Cancellation, Question, Reply, how_to_add
from tests.models.asking import ask, failure
from tests.tiny_gguf import write_tiny_gguf

_REASON = f"needs llama-cpp-python[server] and gguf: {how_to_add('local-test')} (minutes, with a C++ compiler)"
for _name in ("llama_cpp", "gguf", "uvicorn", "starlette_context", "pydantic_settings"):
    pytest.importorskip(_name, reason=_REASON)

PATIENCE_S = 60.0

CHOICE: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"enum": ["Paris", "Rome"]}, "stars": {"enum": [1, 2, 3]}},
    "required": ["city", "stars"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {"model": write_tiny_gguf(folder / "tiny.gguf"), "port": port, "n_ctx": 4096, "interrupt_requests": False}
    given = [
        text
        for name, value in options.items()
        for text in (f"--{name}", str(value).lower() if value is False else str(value))
    ]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "llama_cpp.server", *given], stdout=log, stderr=log)
        try:
            _wait_until_it_answers(f"http://127.0.0.1:{port}/v1", server, folder / "log")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait()


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            HttpLook(timeout_s=2).openai_models(url, "")
            return
        except Exception:
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def model_of(url: str, **options: Any) -> OpenAIModel:
    return OpenAIModel("tiny", base_url=url, timeout_s=PATIENCE_S, **options)


def test_an_answer_is_streamed_and_its_tokens_are_a_marked_guess(url: str) -> None:
    pieces: list[str] = []
    reply = ask(model_of(url), prompt="Hello", max_tokens=40, temperature=0.0, on_text=pieces.append)
    assert reply.text == "".join(pieces)
    assert len(pieces) > 1
    assert reply.is_cut
    # This server takes include_usage and ignores it.
    assert reply.is_estimated
    assert reply.input_tokens > 0


def test_json_fits_although_the_server_refuses_schemas(url: str) -> None:
    known = Capabilities()
    model = model_of(url, capabilities=known)
    values = [ask(model, prompt=f"Number {n}", schema=CHOICE, max_tokens=200).value for n in range(4)]
    for value in values:
        assert value["city"] in ("Paris", "Rome")
        assert value["stars"] in (1, 2, 3)
    assert known.of(url, "tiny").rung == "json_object"  # json_schema it answers with a 500


def test_a_question_that_is_too_long_is_refused_with_numbers(url: str) -> None:
    error = failure(model_of(url), prompt="x" * 6000)
    assert error.kind == "bad_request"
    assert "4096" in str(error)
    assert "shorten the question, or use a model that reads more" in str(error)
    assert ask(model_of(url), max_tokens=3).model == "tiny"


def test_four_streams_at_the_same_time_come_whole(url: str) -> None:
    # This server is known to cut streams that others wait behind; JSON that fits was not cut.
    begin = threading.Barrier(4)
    known = Capabilities()
    known.learn_rung(url, "tiny", "json_object")
    model = model_of(url, capabilities=known)

    def asked(number: int) -> tuple[Reply, str]:
        begin.wait(PATIENCE_S)
        pieces: list[str] = []
        return ask(model, prompt=f"Number {number}", schema=CHOICE, on_text=pieces.append), "".join(pieces)

    with ThreadPoolExecutor(4) as pool:
        for reply, heard in pool.map(asked, range(4)):
            assert reply.value["city"] in ("Paris", "Rome")
            assert reply.text == heard


@pytest.mark.parametrize("is_within", [False, True], ids=["before", "within"])
def test_giving_up_takes_no_longer_than_a_second(url: str, is_within: bool) -> None:
    model, cancellation, heard = model_of(url), Cancellation(), threading.Event()
    prompt = "Hello" if is_within else "x" * 3900
    with ThreadPoolExecutor(1) as pool:
        question = Question(prompt, max_tokens=150)
        asked = pool.submit(partial(model.ask, question, cancellation=cancellation, on_text=lambda _: heard.set()))
        if is_within:
            assert heard.wait(PATIENCE_S)
        cancellation.ask()
        with pytest.raises(ModelError) as caught:
            asked.result(1.0)
    assert caught.value.kind == "cancelled"
    assert ask(model, max_tokens=3).model == "tiny"  # the server goes on


def test_what_the_server_has_can_be_looked_up(url: str) -> None:
    assert [Path(name).name for name in HttpLook(timeout_s=PATIENCE_S).openai_models(url, "")] == ["tiny.gguf"]
