"""Requests mocked with respx: both SDKs are seen, and nothing leaves the process unseen."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx2
import pytest
import respx

from overseer.models.model import Model, ModelError
from overseer.models.ollama_model import OllamaModel
from overseer.models.openai_model import OpenAIModel
from overseer.tool import Cancellation, Question

QUESTION = Question("Say hello.", system="Be short.")
SSE = (
    'data: {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": null}]}\n\n'
    'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}\n\n'
    "data: [DONE]\n\n"
)
NDJSON = (
    '{"message": {"role": "assistant", "content": "Hello"}, "done": true, "done_reason": "stop", "eval_count": 2}\n'
)


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is not mocked fails here, and not on whatever network there is."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a mocked call left the process")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_respx_sees_what_openai_sends() -> None:
    with respx.mock:
        route = respx.post("https://api.openai.com/v1/chat/completions").mock(
            httpx2.Response(200, text=SSE, headers={"content-type": "text/event-stream"})
        )
        reply = OpenAIModel("gpt", key="sk-1").ask(QUESTION, cancellation=Cancellation())
    assert (reply.text, reply.input_tokens, reply.output_tokens) == ("Hello", 5, 2)
    sent = route.calls.last.request
    assert sent.headers["authorization"] == "Bearer sk-1"
    assert json.loads(sent.content)["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Say hello."},
    ]


def test_respx_sees_what_ollama_sends() -> None:
    with respx.mock:
        respx.post("http://127.0.0.1:11434/api/show").mock(httpx2.Response(200, json={"model_info": {}}))
        respx.post("http://127.0.0.1:11434/api/chat").mock(httpx2.Response(200, text=NDJSON))
        reply = OllamaModel("tiny").ask(QUESTION, cancellation=Cancellation())
    assert (reply.text, reply.output_tokens) == ("Hello", 2)


@pytest.mark.parametrize("model", [OpenAIModel("gpt", key="sk-1"), OllamaModel("tiny")], ids=["openai", "ollama"])
def test_no_call_leaves_the_process_while_everything_is_mocked(model: Model) -> None:
    with respx.mock, pytest.raises((ModelError, AssertionError)) as caught:
        model.ask(QUESTION, cancellation=Cancellation())
    seen: BaseException | None = caught.value
    while seen is not None:  # respx says that there is no such route; a socket would say something else
        assert "left the process" not in str(seen)
        seen = seen.__cause__ or seen.__context__
