"""Tools that send a request to a server.

    http:
      method: POST              # without it, GET, or POST where something is sent
      url: https://api.example/v1/users/{user}/notes
      query: {lang: "{lang}", tag: "{tags}"}
      headers: {Authorization: {secret: NOTES_KEY, prefix: "Bearer "}, X-Trace: "{trace}"}
      json: {title: "{title}", stars: "{stars}"}     # or body: "a text with {title}"
      timeout: 30s
      result: auto              # JSON where the answer is JSON, else text; or text, json, full
      ok_statuses: [200, 404]   # or any; without it, all below 400

The host is written out: arguments stand in the path and the query and are percent-encoded there. A
placeholder alone keeps the type of its argument; a field whose argument was not given is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from overseer.jsonvalue import Json, as_text, kind_of
from overseer.kinds.declaration import Declaration, KindError, Place, SectionFault
from overseer.kinds.http_call import REPEATABLE_METHODS, Body, HttpCall, QueryField, ResultForm, Secret
from overseer.kinds.template import Template, TemplateError
from overseer.plan.durations import seconds_of
from overseer.plan.suggestions import did_you_mean
from overseer.web import BadUrl, Url, header_problem

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_KEYS = ("method", "url", "query", "headers", "body", "json", "timeout", "result", "ok_statuses")
_HEAD = re.compile(r"[A-Za-z]+://[^/?#]+[/?]")
_WITHOUT_BODY = ("GET", "HEAD")


def http_function(declaration: Declaration, section: Json) -> Callable[..., Json]:
    """What a tool with this section does when it is called; KindError says all that is wrong with it."""
    reading = SectionReading(declaration.names)
    call = _call(reading, declaration, section)
    if call is None or reading.faults:
        raise KindError(reading.faults)
    return call.run


def is_repeatable(section: Json) -> bool:
    """Whether the request of a section may be sent a second time without harm, by its method."""
    return isinstance(section, dict) and _method(section) in REPEATABLE_METHODS


def _method(section: Mapping[str, Json]) -> Json:
    return section.get("method", "POST" if "body" in section or "json" in section else "GET")


def _call(reading: SectionReading, declaration: Declaration, section: Json) -> HttpCall | None:
    if not reading.is_section(section, _KEYS, needs="url"):
        return None
    method = reading.one_of(_method(section), ("method",), METHODS)
    if method in _WITHOUT_BODY and ("body" in section or "json" in section):
        reading.fault(("method",), f"{method} sends nothing; use POST, or take body and json away")
    if "body" in section and "json" in section:
        reading.fault(("json",), "body and json are both given; keep one of them")
    properties: Mapping[str, Any] = declaration.parameters.get("properties", {})
    return HttpCall(
        method=method,
        url=reading.url(section["url"], ("url",)),
        query=tuple(
            QueryField(name, reading.scalar(value, ("query", name)))
            for name, value in reading.mapping(section, "query").items()
        ),
        headers=reading.headers(section),
        body=_body(reading, section),
        timeout_s=reading.timeout(section),
        result=reading.one_of(section.get("result", "auto"), ("result",), get_args(ResultForm)),
        ok_statuses=_ok_statuses(reading, section.get("ok_statuses")),
        defaults={name: schema["default"] for name, schema in properties.items() if "default" in schema},
    )


def _body(reading: SectionReading, section: Mapping[str, Json]) -> Body | None:
    if "json" in section:
        return Body("json", reading.structure(section["json"], ("json",)))
    return Body("text", reading.template(section["body"], ("body",))) if "body" in section else None


def _ok_statuses(reading: SectionReading, value: Json) -> tuple[int, ...] | None:
    if value is None:
        return None
    if value == "any":
        return ()
    statuses = value if isinstance(value, list) else [value]
    if not statuses or not all(type(status) is int and 100 <= status < 600 for status in statuses):
        reading.fault(("ok_statuses",), f"must be numbers from 100 to 599, or any, not {as_text(value)[:60]}")
        return None
    return tuple(statuses)


class SectionReading:
    """Reads the parts of a section; `faults` gathers what is wrong with them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.faults: list[SectionFault] = []
        self._names = names

    def fault(self, place: Place, problem: str) -> None:
        self.faults.append(SectionFault(place, problem))

    def is_section(self, section: Json, keys: tuple[str, ...], *, needs: str) -> bool:
        """Whether it can be read at all; unknown keys are faults."""
        if not isinstance(section, dict):
            self.fault((), f"must hold keys and values, such as {needs}; it is a {kind_of(section)}")
            return False
        for key in section:
            if key not in keys:
                self.fault((key,), f"'{key}' is not known here; {did_you_mean(key, keys)}")
        if needs not in section:
            self.fault((), f"'{needs}' is missing")
        return needs in section

    def one_of(self, value: Json, place: Place, known: tuple[str, ...]) -> Any:
        if value not in known:
            self.fault(place, f"'{as_text(value)[:40]}' is not known here; {did_you_mean(as_text(value), known)}")
        return value

    def mapping(self, section: Mapping[str, Json], key: str) -> Mapping[str, Json]:
        value = section.get(key, {})
        if isinstance(value, dict):
            return value
        self.fault((key,), f"must hold names and values; it is a {kind_of(value)}")
        return {}

    def timeout(self, section: Mapping[str, Json]) -> float:
        try:
            return seconds_of(section.get("timeout", 30))
        except ValueError as error:
            self.fault(("timeout",), str(error))
            return 30.0

    def template(self, value: Json, place: Place) -> Template:
        if not isinstance(value, str):
            self.fault(place, f"must be text; it is a {kind_of(value)}")
            return Template(("",))
        try:
            return Template.parse(value, self._names)
        except TemplateError as error:
            self.fault(place, str(error))
            return Template(("",))

    def scalar(self, value: Json, place: Place) -> Template:
        """A template that may also be written as a bare number, true or false."""
        return self.template(as_text(value) if isinstance(value, int | float) else value, place)

    def structure(self, value: Json, place: Place) -> Any:
        """JSON with a template in place of every text."""
        if isinstance(value, str):
            return self.template(value, place)
        if isinstance(value, list):
            return [self.structure(item, (*place, number)) for number, item in enumerate(value)]
        if isinstance(value, dict):
            return {key: self.structure(item, (*place, key)) for key, item in value.items()}
        return value

    def headers(self, section: Mapping[str, Json]) -> dict[str, Template | Secret]:
        headers: dict[str, Template | Secret] = {}
        for name, value in self.mapping(section, "headers").items():
            place = ("headers", name)
            if problem := header_problem(name):
                self.fault(place, problem)
            headers[name] = self._secret(value, place) if isinstance(value, dict) else self.scalar(value, place)
        return headers

    def _secret(self, value: Mapping[str, Json], place: Place) -> Secret:
        for key in value:
            if key not in ("secret", "prefix"):
                self.fault((*place, key), f"'{key}' is not known here; {did_you_mean(key, ('secret', 'prefix'))}")
        name, prefix = value.get("secret"), value.get("prefix", "")
        if not isinstance(name, str) or not name:
            self.fault(place, "must name a secret, as in {secret: API_KEY}")
        if not isinstance(prefix, str):
            self.fault((*place, "prefix"), f"must be text; it is a {kind_of(prefix)}")
        return Secret(as_text(name), as_text(prefix))

    def url(self, value: Json, place: Place) -> Template:
        """A template for a URL whose host no argument can change."""
        template = self.template(value, place)
        before = len(self.faults)
        if template.names and not _HEAD.match(template.pieces[0]):
            where = "stands before or in the host; write the host out, followed by '/'"
            self.fault(place, f"{{{template.names[0]}}} {where}: arguments belong in the path or the query")
        if any("#" in piece for piece in template.pieces[::2]):
            self.fault(place, "has a '#': what comes after it is never sent; take it away, or write %23")
        if any(step in (".", "..") for step in "x".join(template.pieces[::2]).partition("?")[0].split("/")):
            self.fault(place, "has '.' or '..' in its path; write the path that is meant")
        if len(self.faults) == before and isinstance(value, str):
            try:
                Url.parse("x".join(template.pieces[::2]))
            except BadUrl as error:
                self.fault(place, str(error))
        return template
