"""A model on any server that speaks OpenAI's chat completions, asked through their SDK.

Answers are always streamed, because only then can one be given up while it is being written. A
stream that ends without saying why is an error: the SDK takes a cut connection for the end.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from overseer.models.capabilities import RUNGS, Capabilities, Rung
from overseer.models.line import CONNECT_TIMEOUT_S, Line
from overseer.models.model import (
    Call,
    Heard,
    Message,
    ModelError,
    NotThisWay,
    OnText,
    Turn,
    at_once,
    folded,
    is_loopback,
    read_in_part,
    tokens_in,
    tokens_of,
)
from overseer.models.openai_errors import WebPage, error_from, not_json, refused_parameter
from overseer.models.place import Place
from overseer.models.remedies import ended_early, to_give
from overseer.models.structured import Asking, Schema
from overseer.tool import Cancellation, Question, Reply

if TYPE_CHECKING:
    from openai import OpenAI, Stream
    from openai.types.chat import ChatCompletionChunk

OPENAI_URL = "https://api.openai.com/v1"

# Servers of one's own often want no key, but the SDK does.
_NO_KEY = "no-key-needed"


class OpenAIModel:
    """One model on an OpenAI-compatible server. `timeout_s` is how long the server may stay silent.

    A server that wants no key has no `key_name`; on this machine, none needs one.
    """

    def __init__(
        self,
        name: str,
        *,
        base_url: str = OPENAI_URL,
        key: str = "",
        key_name: str = "OPENAI_API_KEY",
        provider: str = "openai",
        capabilities: Capabilities | None = None,
        timeout_s: float = 120.0,
    ) -> None:
        self._place = Place(provider, name, base_url.rstrip("/"), key, key_name)
        self._capabilities = capabilities or Capabilities()
        self._asking = Asking(RUNGS, self._place.url, name, self._capabilities)
        self._timeout_s = timeout_s

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
        """One answer; a parameter that the server turns out not to know is left out from then on."""
        while True:
            refused = self._capabilities.of(self._place.url, self.name).refused
            request, warnings = _request(self.name, messages, call.question, refused)
            request |= _asking_for_json(rung, schema)
            try:
                reply = call.in_turn(messages, partial(self._accepted, request, call))
            except _ParameterRefused:
                continue
            except _NothingStreamed:
                reply = call.in_turn(messages, partial(self._streamed, _in_one_piece(request), call))
            return replace(reply, warnings=(*warnings, *reply.warnings))

    def _accepted(self, request: dict[str, Any], call: Call) -> Reply:
        """The answer to one request; where the server does not know one of its parameters, that is learned."""
        try:
            return self._streamed(request, call)
        except ModelError as error:
            sent = {*request, *(message["role"] for message in request["messages"])}
            parameter = refused_parameter(error, [name for name in _DISPENSABLE if name in sent])
            if parameter is None:
                raise
            self._capabilities.learn_refused(self._place.url, self.name, parameter)
            raise _ParameterRefused(error) from error

    def _streamed(self, request: dict[str, Any], call: Call) -> Reply:
        if self._place.key_name and not self._place.key and not is_loopback(self._place.url):
            raise ModelError(
                f"{self._place.title} needs a key: {to_give(self._place.key_name)}",
                kind="denied",
            )
        answer = _Answer(Heard(call.on_text))
        with Line(call.cancellation) as line, self._client(line) as client:
            try:
                with client.chat.completions.create(**request, stream=True) as stream:
                    for chunk in _chunks(stream):
                        answer.add(chunk)
                        if call.cancellation.is_asked:
                            line.hang_up()
                            raise ConnectionAbortedError
            except Exception as error:
                raise error_from(error, self._place, client, was_shown=answer.heard.was_shown) from error
            return self._reply(answer, request)  # a line that was hung up can look like the end of a stream

    def _client(self, line: Line) -> OpenAI:
        import httpx2
        from openai import DefaultHttpxClient, OpenAI

        url = self._place.url
        timeout = httpx2.Timeout(self._timeout_s, connect=min(self._timeout_s, CONNECT_TIMEOUT_S))
        http = DefaultHttpxClient(**line.client_options(url, timeout=timeout, context=_context))
        return OpenAI(
            api_key=self._place.key or _NO_KEY, base_url=url, max_retries=0, timeout=timeout, http_client=http
        )

    def _reply(self, answer: _Answer, request: Mapping[str, Any]) -> Reply:
        text = answer.text
        if not answer.has_begun and "extra_body" not in request:
            raise _NothingStreamed(ended_early(self._place, "", has_streamed=False))
        if answer.finish is None:
            raise ended_early(self._place, text, has_streamed=answer.heard.was_shown)
        if answer.finish == "content_filter" or answer.refusal:
            raise ModelError(
                f"{self._place.title} refused to answer: {answer.refusal or 'its content filter stopped it'}",
                kind="bad_request",
                has_streamed=answer.heard.was_shown,
            )
        asked = tokens_of(request["messages"])
        counted = answer.usage
        return Reply(
            text,
            model=self.name,
            provider=self.provider,
            input_tokens=asked if counted is None else counted[0],
            output_tokens=tokens_in(text) if counted is None else counted[1],
            is_cut=answer.finish == "length",
            is_estimated=counted is None,
            warnings=read_in_part(self.name, asked, counted and counted[0]),
        )


class _ParameterRefused(NotThisWay):
    """Without one of its parameters, the request may do."""


class _NothingStreamed(NotThisWay):
    """The stream has nothing in it, not even a reason. Some servers tell that only where nothing is streamed."""


@dataclass(slots=True)
class _Answer:
    """What has come of an answer so far."""

    heard: Heard
    has_begun: bool = False
    finish: str | None = None
    refusal: str = ""
    usage: tuple[int, int] | None = None
    arguments: list[str] = field(default_factory=list)  # of the tool that we made the model call

    @property
    def text(self) -> str:
        # A server that ignores tools answers in words.
        return "".join(self.arguments) or self.heard.text

    def add(self, chunk: ChatCompletionChunk) -> None:
        self.has_begun = True
        usage = getattr(chunk, "usage", None)
        if usage is not None and isinstance(usage.prompt_tokens, int) and isinstance(usage.completion_tokens, int):
            self.usage = (usage.prompt_tokens, usage.completion_tokens)
        for choice in chunk.choices or ():  # whatever a server sends becomes a chunk, even without choices
            self.finish = choice.finish_reason or self.finish
            if choice.delta is None:
                continue
            if choice.delta.content:
                self.heard.add(choice.delta.content)
            self.refusal += getattr(choice.delta, "refusal", None) or ""
            for call in choice.delta.tool_calls or ():
                if call.function is not None:
                    self.arguments.append(call.function.arguments or "")


def _request(
    name: str, messages: Sequence[Message], question: Question, refused: frozenset[str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The parameters of a request, and what had to be left out of it."""
    request: dict[str, Any] = {"model": name, "messages": folded(messages) if "system" in refused else list(messages)}
    warnings: tuple[str, ...] = ()
    if "stream_options" not in refused:
        request["stream_options"] = {"include_usage": True}
    if question.max_tokens is not None:
        request["max_completion_tokens" if "max_tokens" in refused else "max_tokens"] = question.max_tokens
    if question.temperature is not None and "temperature" not in refused:
        request["temperature"] = question.temperature
    elif question.temperature is not None:
        warnings = (f"{name} takes no temperature; {question.temperature:g} was left out",)
    return request, warnings


def _in_one_piece(request: Mapping[str, Any]) -> dict[str, Any]:
    """The same request for an answer that is not streamed; what reads it takes either."""
    return {name: value for name, value in request.items() if name != "stream_options"} | {
        "extra_body": {"stream": False}
    }


# What an answer can be had without, or under another name: parameters, and the role of a message.
_DISPENSABLE = ("stream_options", "max_tokens", "temperature", "system")


def _asking_for_json(rung: Rung | None, schema: Schema) -> dict[str, Any]:
    match rung:
        case "json_schema":
            described = {"name": "answer", "schema": dict(schema), "strict": _is_strict(schema)}
            return {"response_format": {"type": "json_schema", "json_schema": described}}
        case "json_object":
            return {"response_format": {"type": "json_object", "schema": dict(schema)}}
        case "tool":
            function = {"name": "answer", "description": "Give the answer.", "parameters": dict(schema)}
            choice = {"type": "function", "function": {"name": "answer"}}
            return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
        case "prompt" | None:
            return {}


_STRICT_WORDS = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf"}
    | {"description", "title", "$ref", "$defs"}
)


def _is_strict(schema: Any) -> bool:
    """Whether a schema is of the kind that a server can promise to keep to."""
    if not isinstance(schema, Mapping) or not _STRICT_WORDS.issuperset(schema):
        return False
    fields = schema.get("properties", {})
    if schema.get("type") == "object" or fields:
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(fields):
            return False
    elif not {"type", "enum", "const", "anyOf", "$ref"}.intersection(schema):
        return False
    inner = [*fields.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    return all(_is_strict(each) for each in [*inner, *([schema["items"]] if "items" in schema else [])])


def _chunks(stream: Stream[ChatCompletionChunk]) -> Iterator[ChatCompletionChunk]:
    """The pieces of an answer; one that a server sent in one piece, although asked not to, is read as well."""
    kind = stream.response.headers.get("content-type", "")
    if "html" in kind:  # the SDK would look in it for events, and find none
        raise WebPage
    if "json" not in kind:
        yield from stream
        return
    from openai.types.chat import ChatCompletionChunk

    body = json.loads(stream.response.read())
    if not isinstance(body, dict) or not isinstance(body.get("choices"), list):
        raise not_json(str(body))
    body["choices"] = [{**choice, "delta": choice.get("message")} for choice in body["choices"]]
    yield ChatCompletionChunk.construct(**body)


@cache
def _context() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()  # reads all trusted authorities, so once for all
