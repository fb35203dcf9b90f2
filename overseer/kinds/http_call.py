"""A request to a server with arguments in it: how they are put in place, and what the answer is to the caller.

An argument fills in the place that it has and nothing else: in a URL it is percent-encoded, and it is
refused where it would still lead to another path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote

from overseer.jsonvalue import Json, as_text, json_text
from overseer.kinds.declaration import CONTEXT
from overseer.kinds.template import Template
from overseer.tool import ToolContext, ToolError, WebAnswer, is_json, refusal_of, text_of, type_of

ResultForm = Literal["auto", "text", "json", "full"]

# How a list or object becomes part of a query.
Style = Literal["repeat", "comma", "space", "pipe", "keys", "deep", "json"]
_SEPARATORS: Mapping[Style, str] = {"comma": ",", "space": " ", "pipe": "|"}

# Asking for one of these twice leaves the server as asking once does.
REPEATABLE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})

_STEPS = re.compile(r"[/\\]")
_SHORTEST_SECRET = 4  # anything shorter would be found in every text


@dataclass(frozen=True, slots=True)
class Secret:
    """The value of a header that is a secret of this name."""

    name: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class QueryField:
    """A part of the query: left out where its argument is not given."""

    name: str
    value: Template
    style: Style = "repeat"


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: text, or JSON with templates for some of its texts, or the fields of a form."""

    form: Literal["text", "json", "fields"]
    content: Any


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request before it has arguments. `ok_statuses` is None for all below 400, empty for any."""

    method: str
    url: Template
    query: tuple[QueryField, ...] = ()
    headers: Mapping[str, Template | Secret] = field(default_factory=dict)
    body: Body | None = None
    timeout_s: float = 30.0
    result: ResultForm = "auto"
    ok_statuses: tuple[int, ...] | None = None
    defaults: Mapping[str, Json] = field(default_factory=dict)

    def run(self, **given: Any) -> Json:
        context: ToolContext = given.pop(CONTEXT)
        values = {**self.defaults, **given}
        headers, secrets = self._headers(values, context)
        body = self._body(values, headers)
        answer = context.fetch(
            self._url(values), method=self.method, headers=headers, body=body, timeout_s=self.timeout_s
        )
        answer = _without(answer, secrets)
        self._check_status(answer)
        return _result(answer, self.result)

    def _url(self, values: Mapping[str, Json]) -> str:
        url = filled_url(self.url, values)
        pairs = [pair for part in self.query for pair in _pairs(part, values)]
        added = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
        return f"{url}{'&' if '?' in url else '?'}{added}" if added else url

    def _headers(self, values: Mapping[str, Json], context: ToolContext) -> tuple[dict[str, str], list[str]]:
        """The headers to send, and the secrets among them."""
        headers: dict[str, str] = {}
        secrets: list[str] = []
        for name, value in self.headers.items():
            if isinstance(value, Secret):
                secrets.append(context.secret(value.name).strip())
                headers[name] = value.prefix + secrets[-1]
            elif (whole := value.whole()) is None:
                headers[name] = value.fill(values)
            elif values.get(whole) is not None:
                headers[name] = _joined(values[whole])
        return headers, secrets

    def _body(self, values: Mapping[str, Json], headers: dict[str, str]) -> bytes | None:
        """The body to send; says in the headers what it is, unless they say already."""
        if self.body is None:
            return None
        content = _filled(self.body.content, values)
        if content is _NOT_GIVEN:
            return None
        body: str
        match self.body.form:
            case "text":
                kind, body = "text/plain; charset=utf-8", as_text(content)
            case "json":
                kind, body = "application/json", json_text(content)
            case "fields":
                pairs = (pair for name, value in content.items() for pair in _pairs_of(name, value, "repeat"))
                kind = "application/x-www-form-urlencoded"
                body = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = kind
        return body.encode("utf-8", "replace")

    def _check_status(self, answer: WebAnswer) -> None:
        if self.ok_statuses is None:
            if refusal := refusal_of(answer):
                raise refusal
        elif self.ok_statuses and answer.status not in self.ok_statuses:
            expected = ", ".join(map(str, self.ok_statuses))
            raise refusal_of(answer) or ToolError(f"{answer.url} answered {answer.status}; expected was {expected}")


def filled_url(template: Template, values: Mapping[str, Json]) -> str:
    """The URL with arguments in place, leading nowhere else than it says; ToolError otherwise."""
    url, is_path = "", True
    for place, piece in enumerate(template.pieces):
        if place % 2 == 0:
            is_path = is_path and "?" not in piece
            url += piece
            continue
        value = _joined(values.get(piece))
        if is_path and any(step in (".", "..") for step in _STEPS.split(value)):
            raise _elsewhere(f"'{piece}' is '{value[:80]}'")
        url += _quoted(value)
    steps, meant = _steps(url), _steps("x".join(template.pieces[::2]))
    if steps.count("") > meant.count("") or "." in steps or ".." in steps:
        raise _elsewhere(f"with {', '.join(template.names)}")
    return url


def _elsewhere(what: str) -> ToolError:
    remedy = "give a name that is not empty and has no '.' or '..' as a part of its path"
    return ToolError(f"the path of the URL would lead elsewhere {what}; {remedy}", kind="bad_request")


def _steps(url: str) -> list[str]:
    return url.partition("?")[0].partition("://")[2].split("/")


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _joined(value: Json) -> str:
    return ",".join(map(as_text, value)) if isinstance(value, list) else as_text(value)


def _pairs(part: QueryField, values: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    name = part.value.whole()
    return _pairs_of(part.name, part.value.fill(values) if name is None else values.get(name), part.style)


def _pairs_of(name: str, value: Json, style: Style) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if style == "json":
        yield name, json_text(value)
    elif isinstance(value, list) and style in _SEPARATORS:
        yield name, _SEPARATORS[style].join(map(as_text, value))
    elif isinstance(value, list):
        yield from ((name, as_text(item)) for item in value)
    elif isinstance(value, dict) and style in ("keys", "deep"):
        yield from ((key if style == "keys" else f"{name}[{key}]", as_text(item)) for key, item in value.items())
    else:
        yield name, as_text(value)


_NOT_GIVEN: Any = object()


def _filled(part: Any, values: Mapping[str, Json]) -> Any:
    """A structure with arguments in place: one alone keeps its type, and what it was to fill is left out without it."""
    if isinstance(part, Template):
        name = part.whole()
        return part.fill(values) if name is None else values.get(name, _NOT_GIVEN)
    if isinstance(part, dict):
        filled = {key: _filled(item, values) for key, item in part.items()}
        return {key: item for key, item in filled.items() if item is not _NOT_GIVEN}
    if isinstance(part, list):
        return [item for item in (_filled(item, values) for item in part) if item is not _NOT_GIVEN]
    return part


def _without(answer: WebAnswer, secrets: list[str]) -> WebAnswer:
    """The answer with secrets blotted out, in case the server repeats what it was sent."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            headers = {name: value.replace(secret, "***") for name, value in answer.headers.items()}
            body = answer.body.replace(secret.encode("utf-8", "replace"), b"***")
            answer = replace(answer, url=answer.url.replace(secret, "***"), headers=headers, body=body)
    return answer


def _result(answer: WebAnswer, form: ResultForm) -> Json:
    match form:
        case "text":
            return _text(answer)
        case "json":
            return _parsed(answer)
        case "auto":
            return _parsed(answer) if is_json(answer) else _text(answer)
        case "full":
            body = _parsed(answer) if is_json(answer) else _text(answer)
            return {"url": answer.url, "status": answer.status, "headers": dict(answer.headers), "body": body}


def _text(answer: WebAnswer) -> str:
    text = text_of(answer)
    if "\0" in text[:1000]:
        kind = type_of(answer) or "something that is no text"
        raise ToolError(f"{answer.url} answered with {kind}, {len(answer.body)} bytes", kind="invalid_output")
    return text


def _parsed(answer: WebAnswer) -> Json:
    text = text_of(answer)
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"{answer.url} answered with what is not JSON: {error}", kind="invalid_output") from None
