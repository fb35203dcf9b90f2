"""A server that speaks OpenAI's and Ollama's language, says what it is told to, and fails on demand.

    with ModelServer(["Hello.", Answer(status=429, headers={"retry-after": "3"})]) as server:
        ...  # server.openai_url, server.url for Ollama; afterwards server.calls

By hand: python -m tests.servers.model_server --port 4010 "an answer" "another"
"""

from __future__ import annotations

import argparse
import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

_PATIENCE_S = 20.0

Fault = Literal[
    "disconnect",  # instead of an answer
    "cut",  # after half of the answer, as if that were all
    "abort",  # after half of the answer, in the middle of a message
    "malformed_event",  # after half of the answer
    "no_events",  # something that is no stream
    "odd_events",  # JSON, but not that of an answer
    "error_event",  # after half of the answer
    "malformed_body",
    "web_page",
    "one_piece",  # the answer without a stream
    "no_usage",
]


@dataclass(frozen=True)
class Answer:
    """What the server says to one question, and how."""

    text: str = "ok"
    delay_s: float = 0.0  # before anything is sent
    pace_s: float = 0.0  # between the pieces
    finish: str = "stop"
    tokens: tuple[int, int] = (11, 7)
    refusal: str = ""
    status: int = 200
    error: Any = None  # the body when the status is not 200
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    most_pieces: int = 6

    @property
    def pieces(self) -> list[str]:
        size = max(1, -(-len(self.text) // self.most_pieces))
        return [self.text[at : at + size] for at in range(0, len(self.text), size)]


@dataclass(frozen=True)
class Call:
    path: str
    body: Any
    headers: Mapping[str, str]  # names in small letters


class ModelServer:
    """Answers are given one after the other; when there are no more, the last one again.

    `reply` makes the answer to a request instead. `refuses` holds what requests must not contain: parameters,
    kinds of response_format, "format". With `together`, that many answers are held open until all of them have
    begun, and again until each is half given. With another `status`, that is all that anybody gets.
    """

    def __init__(
        self,
        answers: Sequence[Answer | str] = (),
        *,
        models: Sequence[str] = ("tiny",),
        refuses: Iterable[str] = (),
        refusal: Answer | None = None,
        context_length: int = 32768,
        reply: Callable[[Any], Answer | str] | None = None,
        together: int = 1,
        status: int = 200,
        port: int = 0,
    ) -> None:
        self.calls: list[Call] = []
        self.models = tuple(models)
        self.refuses = frozenset(refuses)
        self.refusal = refusal
        self.context_length = context_length
        self.counted: list[tuple[int, int]] = []  # the tokens of each answer that was given to its end
        self.status = status
        self.hung_up = threading.Event()  # a client went away in the middle of an answer
        self.asked = threading.Semaphore(0)  # released for each question that gets an answer
        self._answers = [Answer(each) if isinstance(each, str) else each for each in answers]
        self._reply = reply
        self._given = 0
        self._all_begun = threading.Barrier(together)
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def questions(self) -> list[Any]:
        """The bodies of all requests for an answer."""
        return [call.body for call in self.calls if call.path in ("/v1/chat/completions", "/api/chat")]

    def note(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)

    def note_tokens(self, tokens: tuple[int, int]) -> None:
        with self._lock:
            self.counted.append(tokens)

    def meet(self) -> None:
        """Wait for the other answers that are given together with this one."""
        self._all_begun.wait(_PATIENCE_S)

    def next_answer(self, schema: Any, body: Any) -> Answer:
        if self._reply is not None:
            made = self._reply(body)
            return Answer(made) if isinstance(made, str) else made
        with self._lock:
            if not self._answers:
                return Answer(json.dumps(sample(schema)) if schema else "ok")
            answer = self._answers[min(self._given, len(self._answers) - 1)]
            self._given += 1
            return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that go away are part of the tests


def _handler(owner: ModelServer) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"owner": owner})


class _Handler(BaseHTTPRequestHandler):
    owner: ModelServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._note(None)
        names = self.owner.models
        if self.owner.status != 200:
            self._json({"error": {"message": "told to"}}, status=self.owner.status)
            return
        match self.path:
            case "/v1/models":
                self._json({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})
            case "/api/version":
                self._json({"version": "0.0.1"})
            case "/api/tags":
                self._json({"models": [{"model": name, "name": name} for name in names]})
            case _:
                self._json({"error": {"message": f"no such path: {self.path}"}}, status=404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._note(body)
        name = body.get("model")
        if self.owner.status != 200:
            self._json({"error": {"message": "told to"}}, status=self.owner.status)
            return
        if name not in self.owner.models:
            message = f"model '{name}' not found"
            is_openai = self.path.startswith("/v1")
            error = {"message": message, "code": "model_not_found"} if is_openai else message
            self._json({"error": error}, status=404)
            return
        match self.path:
            case "/v1/chat/completions":
                wish = body.get("response_format") or {}
                asked = {*body, wish.get("type"), *(["tool"] if "tools" in body else [])}
                schema = wish.get("schema") or wish.get("json_schema", {}).get("schema")
                self._answer(asked, schema, body, _openai_events)
            case "/api/chat":
                wish = body.get("format")
                asked = {*body, "json_schema" if isinstance(wish, dict) else "json_object" if wish else "", *body}
                self._answer(asked, wish if isinstance(wish, dict) else None, body, _ollama_events)
            case "/api/show":
                about = {"general.architecture": "tiny", "tiny.context_length": self.owner.context_length}
                self._json({"model_info": about, "capabilities": ["completion"]})
            case "/api/embed":
                texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
                self._json({"model": name, "embeddings": [[float(len(text)), 1.0] for text in texts]})
            case _:
                self._json({"error": {"message": f"no such path: {self.path}"}}, status=404)

    def _note(self, body: Any) -> None:
        self.owner.note(Call(self.path, body, {name.lower(): value for name, value in self.headers.items()}))

    def _answer(self, asked: set[Any], schema: Any, body: Any, events: Any) -> None:
        if refused := sorted(str(each) for each in asked & self.owner.refuses):
            error = {"error": {"message": f"Unsupported parameter: {refused[0]} is not supported", "param": refused[0]}}
            refusal = self.owner.refusal or Answer(status=400, error=error)
            self._json(refusal.error or error, status=refusal.status)
            return
        answer = self.owner.next_answer(schema, body)
        self.owner.asked.release()
        self._pause(answer.delay_s)
        if answer.fault == "disconnect":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif answer.status != 200:
            self._json(answer.error or {"error": "told to"}, status=answer.status, headers=answer.headers)
        elif answer.fault == "malformed_body":
            self._send(b'{"choices": [', "application/json")
        elif answer.fault == "web_page":
            self._send(b"<html>Welcome</html>", "text/html")
        elif answer.fault == "one_piece":
            message = {"role": "assistant", "content": answer.text}
            choices = [{"index": 0, "message": message, "finish_reason": answer.finish}]
            usage = {"prompt_tokens": answer.tokens[0], "completion_tokens": answer.tokens[1], "total_tokens": 0}
            whole = {"id": "1", "object": "chat.completion", "created": 0, "model": "tiny", "choices": choices}
            self.owner.note_tokens(answer.tokens)
            self._json({**whole, "usage": usage})
        else:
            self._stream(answer, events(answer, body))

    def _stream(self, answer: Answer, events: Iterator[str]) -> None:
        lines = list(events)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        if answer.fault == "abort":
            self.send_header("content-length", "1000000")
        try:
            self.end_headers()
            for number, line in enumerate(lines):
                if number > 1:  # the first may be one without text
                    self._pause(answer.pace_s)
                if number == len(lines) - 1 and answer.fault is None:
                    self.owner.note_tokens(answer.tokens)
                self.wfile.write(line.encode())
                self.wfile.flush()
                if number in (1, 3):
                    self.owner.meet()
        except OSError:
            self.owner.hung_up.set()
            raise

    def _pause(self, seconds: float) -> None:
        """Wait, unless the client goes away."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                self.owner.hung_up.set()
                raise ConnectionAbortedError("the client went away")

    def _json(self, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self._send(json.dumps(value).encode(), "application/json", status, headers or {})

    def _send(self, body: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "content-type": kind, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _openai_events(answer: Answer, body: Any) -> Iterator[str]:
    if answer.fault == "no_events":
        yield "this is\nno stream\n"
        return
    if answer.fault == "odd_events":
        yield from (f"data: {odd}\n\n" for odd in ('{"choices": null}', '{"choices": [{"delta": null}]}', "5", "[]"))
        return

    def event(delta: Mapping[str, Any], finish: str | None = None) -> str:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": body["model"]}
        return _event({**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    calls_tool = "tools" in body
    yield event({"role": "assistant", "content": ""})
    for piece in _half(answer):
        if calls_tool:
            yield event({"tool_calls": [{"index": 0, "function": {"name": "answer", "arguments": piece}}]})
        else:
            yield event({"content": piece})
    if answer.fault == "malformed_event":
        yield "data: {not json\n\n"
    elif answer.fault == "error_event":
        yield _event({"error": {"message": "the engine fell over", "type": "server_error"}})
    elif answer.fault in (None, "no_usage"):
        if answer.refusal:
            yield event({"refusal": answer.refusal})
        yield event({}, "tool_calls" if calls_tool else answer.finish)
        if answer.fault is None and (body.get("stream_options") or {}).get("include_usage"):
            prompt, completion = answer.tokens
            usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
            yield _event({"id": "1", "object": "chat.completion.chunk", "choices": [], "usage": usage})
        yield "data: [DONE]\n\n"


def _ollama_events(answer: Answer, body: Any) -> Iterator[str]:
    if answer.fault == "no_events":
        return
    if answer.fault == "odd_events":
        yield from ('{"done": 5}\n', "[]\n")
        return
    for piece in _half(answer):
        message = {"role": "assistant", "content": piece}
        yield json.dumps({"model": body["model"], "message": message, "done": False}) + "\n"
    if answer.fault == "malformed_event":
        yield "{not json\n"
    elif answer.fault == "error_event":
        yield json.dumps({"error": "the engine fell over"}) + "\n"
    elif answer.fault in (None, "no_usage"):
        last: dict[str, Any] = {"model": body["model"], "message": {"role": "assistant", "content": ""}, "done": True}
        last["done_reason"] = answer.finish
        if answer.fault is None:
            last["prompt_eval_count"], last["eval_count"] = answer.tokens
        yield json.dumps(last) + "\n"


def _half(answer: Answer) -> list[str]:
    is_whole = answer.fault in (None, "no_usage")
    return answer.pieces if is_whole else answer.pieces[: max(1, len(answer.pieces) // 2)]


def _event(value: Any) -> str:
    return f"data: {json.dumps(value)}\n\n"


def sample(schema: Any) -> Any:
    """A small value that fits the usual schemas."""
    if options := schema.get("enum"):
        return options[0]
    if options := schema.get("anyOf"):
        return sample(options[0])
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return {name: sample(inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema.get("items", {})) for _ in range(schema.get("minItems", 1))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "text"


def main() -> None:
    arguments = argparse.ArgumentParser(description="A pretended model server for OpenAI and Ollama clients.")
    arguments.add_argument("--port", type=int, default=4010)
    arguments.add_argument("--pace", type=float, default=0.05, help="seconds between the pieces of an answer")
    arguments.add_argument("answers", nargs="*", help="what to say, one answer after the other")
    given = arguments.parse_args()
    answers = [Answer(text, pace_s=given.pace) for text in given.answers]
    with ModelServer(answers, port=given.port) as server, contextlib.suppress(KeyboardInterrupt):
        print(f"OpenAI: {server.openai_url}   Ollama: {server.url}   model: {server.models[0]}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
