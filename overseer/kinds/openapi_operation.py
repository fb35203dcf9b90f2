"""One operation of an OpenAPI document as a tool: where each argument goes, and what comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from overseer.jsonvalue import Json, as_text
from overseer.kinds.declaration import CONTEXT
from overseer.kinds.http_call import REPEATABLE_METHODS, Body, HttpCall, QueryField, Secret, Style
from overseer.kinds.openapi_schema import References, Translation, Unusable, outline_of
from overseer.kinds.template import Template
from overseer.tool import Tool, tool_faults
from overseer.web import BadUrl, Url, header_problem

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_NAME = 128
_LONGEST_DESCRIPTION = 1_000

# Headers that other parts of a document decide.
_DECIDED_ELSEWHERE = frozenset({"accept", "content-type", "authorization"})
_QUERY_STYLES: Mapping[str, Style] = {"spaceDelimited": "space", "pipeDelimited": "pipe", "deepObject": "deep"}


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as the document has it."""

    method: str
    path: str
    content: Mapping[str, Json]
    shared: Mapping[str, Json]  # what its path says for all methods

    @property
    def name(self) -> str:
        """Its id as the name of a tool, or else its method and path."""
        text = as_text(self.content.get("operationId")) or f"{self.method} {self.path}"
        name = _NOT_IN_NAMES.sub("_", text).strip("_.-")
        return (name if name[:1].isalpha() else f"{self.method}_{name}")[:_LONGEST_NAME]


def operations_of(document: Mapping[str, Json], references: References) -> Iterator[Operation]:
    """All operations of a document, in its order."""
    for path, item in references.resolved(document.get("paths")).items():
        shared = references.resolved(item)
        for method in METHODS:
            if isinstance(content := shared.get(method), dict):
                yield Operation(method, path, content, shared)


def tool_of(
    operation: Operation,
    references: References,
    *,
    base_url: str,
    headers: Mapping[str, Template | Secret],
    timeout_s: float,
    origin: str,
) -> Tool:
    """The tool that an operation is; Unusable says why it is none."""
    making = _Making(operation, Translation(references), references, dict(headers))
    call = making.call(base_url, timeout_s)
    made = Tool(
        name=operation.name,
        function=call.run,
        description=_description(operation),
        parameters={
            "type": "object",
            "properties": making.properties,
            "required": making.required,
            "additionalProperties": False,
        },
        effect="network",
        idempotent=call.method in REPEATABLE_METHODS,
        output=making.output(),
        origin=origin,
        kind="http",
        context_parameter=CONTEXT,
    )
    if faults := tool_faults(made):
        raise Unusable("; ".join(faults))
    return made


def _description(operation: Operation) -> str:
    parts = [as_text(operation.content.get(key)).strip() for key in ("summary", "description")]
    text = "\n".join(dict.fromkeys(part for part in parts if part)) or f"{operation.method.upper()} {operation.path}"
    return text if len(text) <= _LONGEST_DESCRIPTION else f"{text[:_LONGEST_DESCRIPTION]}..."


@dataclass(slots=True)
class _Making:
    """Gathers the parameters of a tool, and where their arguments go."""

    operation: Operation
    schemas: Translation
    references: References
    headers: dict[str, Template | Secret]
    properties: dict[str, Any] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    query: list[QueryField] = field(default_factory=list)
    steps: dict[str, str] = field(default_factory=dict)  # the parameter for each placeholder of the path

    def call(self, base_url: str, timeout_s: float) -> HttpCall:
        for parameter in self._parameters():
            self._place(parameter)
        url = self._url(base_url)
        body = self._body()
        if self._has_json_answer():
            self._set_header("Accept", Template(("application/json, */*;q=0.1",)))
        return HttpCall(
            method=self.operation.method.upper(),
            url=url,
            query=tuple(self.query),
            headers=self.headers,
            body=body,
            timeout_s=timeout_s,
        )

    def _parameters(self) -> list[dict[str, Json]]:
        """The parameters of the path and of the operation, which goes before it."""
        found: dict[tuple[str, str], dict[str, Json]] = {}
        for place in (self.operation.shared, self.operation.content):
            listed = place.get("parameters")
            for item in listed if isinstance(listed, list) else []:
                parameter = self.references.resolved(item)
                found[as_text(parameter.get("name")), as_text(parameter.get("in"))] = parameter
        return list(found.values())

    def _place(self, parameter: Mapping[str, Json]) -> None:
        name, place = as_text(parameter.get("name")), parameter.get("in")
        is_required = parameter.get("required") is True or place == "path"
        if place == "path":
            self.steps[name] = self._add(name, parameter, is_required=True)
        elif place == "query":
            added = self._add(name, parameter, is_required=is_required)
            self.query.append(QueryField(name, _whole(added), _query_style(parameter)))
        elif place == "header" and name.lower() not in _DECIDED_ELSEWHERE and not self._has_header(name):
            if problem := header_problem(name):
                raise Unusable(problem)
            self.headers[name] = _whole(self._add(name, parameter, is_required=is_required))
        elif place == "cookie" and is_required:
            raise Unusable(f"it needs the cookie '{name}', which cannot be sent")

    def _add(self, name: str, parameter: Mapping[str, Json], *, is_required: bool) -> str:
        """A parameter of the tool; the name it has there, where two may not have the same."""
        content = parameter.get("content")
        schema = parameter.get("schema")
        if isinstance(content, dict) and content:
            schema = self.references.resolved(next(iter(content.values()))).get("schema")
        described = self.schemas.of(schema)
        if isinstance(parameter.get("description"), str):
            described["description"] = parameter["description"]
        return self._add_schema(name, as_text(parameter.get("in")), described, is_required=is_required)

    def _add_schema(self, name: str, place: str, schema: dict[str, Any], *, is_required: bool) -> str:
        while name in self.properties or name == CONTEXT:
            name = f"{name}_{place}"
        self.properties[name] = schema
        if is_required:
            self.required.append(name)
        return name

    def _url(self, base_url: str) -> Template:
        path = self.operation.path
        if not path.startswith("/") or "?" in path or "#" in path:
            raise Unusable(f"'{path[:80]}' is not a path; it must begin with '/', without '?' and '#'")
        pieces = [base_url.rstrip("/")]
        for place, piece in enumerate(_PLACEHOLDER.split(path)):
            if place % 2 == 0:
                pieces[-1] += piece
                continue
            if piece not in self.steps:  # the document forgot to describe it
                self.steps[piece] = self._add_schema(piece, "path", {"type": "string"}, is_required=True)
            pieces += [self.steps[piece], ""]
        text = "x".join(pieces[::2])
        try:
            Url.parse(text)
        except BadUrl as error:
            raise Unusable(str(error)) from None
        if any(step in (".", "..") for step in text.split("/")):
            raise Unusable(f"its path '{path[:80]}' has '.' or '..' in it")
        return Template(tuple(pieces))

    def _body(self) -> Body | None:
        body = self.references.resolved(self.operation.content.get("requestBody"))
        content = body.get("content")
        if not isinstance(content, dict) or not content:
            return None
        kind, form = _sendable(content)
        schema = self.schemas.of(self.references.resolved(content[kind]).get("schema"))
        if isinstance(body.get("description"), str):
            schema.setdefault("description", body["description"])
        name = self._add_schema("body", "content", schema, is_required=body.get("required") is True)
        if form == "json" and kind != "*/*":
            self._set_header("Content-Type", Template((kind,)))
        return Body(form, _whole(name))

    def _has_header(self, name: str) -> bool:
        return any(known.lower() == name.lower() for known in self.headers)

    def _set_header(self, name: str, value: Template) -> None:
        if not self._has_header(name):
            self.headers[name] = value

    # --- the answer

    def output(self) -> dict[str, Any] | None:
        """The schema of the result, where all that can come back is one JSON value."""
        answers = self._good_answers()
        if len(answers) != 1 or self.operation.method == "head":
            return None
        content = answers[0].get("content")
        if not isinstance(content, dict) or len(content) != 1 or not _is_json(next(iter(content))):
            return None
        schema = self.references.resolved(next(iter(content.values()))).get("schema")
        return outline_of(self.schemas.of(schema, "received"))

    def _has_json_answer(self) -> bool:
        contents = (answer.get("content") for answer in self._good_answers())
        return any(_is_json(kind) for content in contents if isinstance(content, dict) for kind in content)

    def _good_answers(self) -> list[dict[str, Json]]:
        answers = self.operation.content.get("responses")
        known = answers if isinstance(answers, dict) else {}
        return [self.references.resolved(answer) for status, answer in known.items() if status.startswith("2")]


def _whole(name: str) -> Template:
    return Template(("", name, ""))


def _query_style(parameter: Mapping[str, Json]) -> Style:
    if "content" in parameter:
        return "json"
    style = as_text(parameter.get("style")) or "form"
    if style in _QUERY_STYLES:
        return _QUERY_STYLES[style]
    return "comma" if parameter.get("explode") is False else "keys"


def _sendable(content: Mapping[str, Json]) -> tuple[str, Any]:
    """The kind of content to send of those that a server takes, and the form of a body that is for it."""
    for kind in content:
        if _is_json(kind) or kind == "*/*":
            return kind, "json"
    for kind in content:
        if kind.partition(";")[0].strip() == "application/x-www-form-urlencoded":
            return kind, "fields"
    for kind in content:
        if kind.startswith("text/"):
            return kind, "text"
    raise Unusable(f"it takes only {', '.join(content)}, which cannot be sent")


def _is_json(kind: str) -> bool:
    kind = kind.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.endswith("+json") and "*" not in kind)
