"""A model on an Ollama server, asked through their SDK.

Ollama gives every request a window of its own and cuts off without a word what does not fit. So the
window is always asked for, large enough for the question, and what looks cut off becomes a warning.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from overseer.models.capabilities import Capabilities, Rung
from overseer.models.line import CONNECT_TIMEOUT_S, Line
from overseer.models.model import (
    Call,
    Heard,
    Message,
    OnText,
    Turn,
    at_once,
    read_in_part,
    tokens_in,
    tokens_of,
)
from overseer.models.ollama_errors import error_from
from overseer.models.place import Place
from overseer.models.remedies import ended_early
from overseer.models.structured import Asking, Schema
from overseer.tool import Cancellation, Question, Reply

if TYPE_CHECKING:
    from ollama import ChatResponse, Client

OLLAMA_URL = "http://127.0.0.1:11434"

_LADDER: tuple[Rung, ...] = ("json_schema", "json_object", "prompt")

# Changing the window makes Ollama load the model anew: few sizes, and none below what most questions need.
_LEAST_WINDOW = 4096
_ROOM_TOKENS = 2048  # for an answer of no known length


class OllamaModel:
    """One model on an Ollama server. `timeout_s` is how long the server may stay silent, also while loading."""

    def __init__(
        self,
        name: str,
        *,
        host: str = OLLAMA_URL,
        provider: str = "ollama",
        capabilities: Capabilities | None = None,
        timeout_s: float = 300.0,
    ) -> None:
        self._place = Place(provider, name, host)
        self._asking = Asking(_LADDER, host, name, capabilities or Capabilities())
        self._timeout_s = timeout_s
        self._limit: int | None = None  # of the model's window, once it was asked for; 0 where it is not told

    @property
    def provider(self) -> str:
        return self._place.provider

    @property
    def name(self) -> str:
        return self._place.name

    def ask(
        self,
        question: Question,
        *,
        cancellation: Cancellation,
        on_text: OnText | None = None,
        turn: Turn = at_once,
    ) -> Reply:
        return self._asking.ask(Call(question, cancellation, on_text, turn), self._sent)

    def _sent(self, messages: Sequence[Message], rung: Rung | None, schema: Schema, call: Call) -> Reply:
        return call.in_turn(messages, lambda: self._answered(messages, rung, schema, call))

    def _answered(self, messages: Sequence[Message], rung: Rung | None, schema: Schema, call: Call) -> Reply:
        heard = Heard(call.on_text)
        last: ChatResponse | None = None
        with Line(call.cancellation) as line, self._client(line) as client:
            try:
                options, warnings = self._options(messages, call.question, client)
                stream = client.chat(self.name, messages, stream=True, format=_format(rung, schema), options=options)
                for last in stream:
                    if last.message.content:
                        heard.add(last.message.content)
                    if call.cancellation.is_asked:
                        line.hang_up()
                        raise ConnectionAbortedError
            except Exception as error:
                raise error_from(error, self._place, client, line.headers, was_shown=heard.was_shown) from error
            return self._reply(heard, last, messages, warnings)  # a line hung up can look like the end of a stream

    def _client(self, line: Line) -> Client:
        import httpx
        from ollama import Client

        timeout = httpx.Timeout(self._timeout_s, connect=min(self._timeout_s, CONNECT_TIMEOUT_S))
        return Client(self._place.url, **line.client_options(self._place.url, timeout=timeout, context=_context))

    def _options(
        self, messages: Sequence[Message], question: Question, client: Client
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """What is asked for beside the messages, and what may go wrong with it."""
        prompt = tokens_of(messages)
        needed = prompt + prompt // 4 + (question.max_tokens or _ROOM_TOKENS)  # the estimate may be too low
        window = max(_LEAST_WINDOW, 1 << (needed - 1).bit_length())
        if limit := self._window_limit(client):
            window = min(window, limit)
        options: dict[str, Any] = {"num_ctx": window}
        if question.temperature is not None:
            options["temperature"] = question.temperature
        if question.max_tokens is not None:
            options["num_predict"] = question.max_tokens
        if prompt <= window:
            return options, ()
        warning = f"the question has about {prompt} tokens, but {self.name} reads only {window}; the rest is cut off"
        return options, (warning,)

    def _window_limit(self, client: Client) -> int:
        """The longest text that the model was made for; 0 if the server does not tell."""
        if self._limit is None:
            self._limit = _context_length(client, self.name)
        return self._limit

    def _reply(
        self, heard: Heard, last: ChatResponse | None, messages: Sequence[Message], warnings: tuple[str, ...]
    ) -> Reply:
        text = heard.text
        if last is None or not last.done:
            raise ended_early(self._place, text, has_streamed=heard.was_shown)
        sent, read = tokens_of(messages), last.prompt_eval_count
        warnings = warnings or read_in_part(self.name, sent, read)
        return Reply(
            text,
            model=self.name,
            provider=self.provider,
            input_tokens=sent if read is None else read,
            output_tokens=tokens_in(text) if last.eval_count is None else last.eval_count,
            is_cut=last.done_reason == "length",
            is_estimated=read is None or last.eval_count is None,
            warnings=warnings,
        )


def _format(rung: Rung | None, schema: Schema) -> Any:
    match rung:
        case "json_schema":
            return dict(schema)
        case "json_object":
            return "json"
        case _:
            return None


def _context_length(client: Client, name: str) -> int:
    import httpx
    import ollama

    try:
        told: Mapping[str, Any] = client.show(name).modelinfo or {}
    except (ollama.ResponseError, ConnectionError, httpx.HTTPError, ValueError):
        return 0  # whatever is wrong, asking the question will tell
    lengths = [value for key, value in told.items() if key.endswith(".context_length") and isinstance(value, int)]
    return max(lengths, default=0)


@cache
def _context() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()
