"""The kind `http`: what is sent for which arguments, and what comes of the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.jsonvalue import Json
from overseer.kinds import CONTEXT, Declaration, KindError, Template
from overseer.kinds.http import http_function, is_repeatable
from overseer.kinds.http_call import filled_url
from overseer.tool import Cancellation, Services, ToolContext, ToolError, WebAnswer
from overseer.web import Url, WebClient
from tests.web.servers import Received, Server, answering, response

PARAMETERS = ("user", "text", "tags", "count", "flag", "path")
SECRETS = {"KEY": "s3cret-value\n"}


def declaration(**defaults: Json) -> Declaration:
    properties = {name: {"default": defaults[name]} if name in defaults else {} for name in PARAMETERS}
    return Declaration("t", {"type": "object", "properties": properties}, Path())


def context(server: Server) -> ToolContext:
    services = Services(web=WebClient(allow=[server.authority]), secret=SECRETS.get)
    return ToolContext("run", "key", 1, Cancellation(), services)


def call(server: Server, section: dict[str, Any], **arguments: Json) -> Json:
    section = {**section, "url": server.url + section.get("url", "/")}
    return http_function(declaration(), section)(**{CONTEXT: context(server)}, **arguments)


def sent(section: dict[str, Any], **arguments: Json) -> Received:
    with Server(answering(b"ok")) as server:
        call(server, section, **arguments)
    return server.received[0]


# --- what is sent


@pytest.mark.parametrize(
    ("section", "arguments", "target"),
    [
        ({"url": "/users/{user}/x"}, {"user": "ann"}, "/users/ann/x"),
        ({"url": "/users/{user}"}, {"user": "a/b?c=d#e&f %41ü"}, "/users/a%2Fb%3Fc%3Dd%23e%26f%20%2541%C3%BC"),
        ({"url": "/n/{count}.json"}, {"count": 3}, "/n/3.json"),
        ({"url": "/t/{tags}"}, {"tags": ["a", "b,c"]}, "/t/a%2Cb%2Cc"),
        ({"url": "/?q={text}"}, {"text": "a&b=c ?/../d"}, "/?q=a%26b%3Dc%20%3F%2F..%2Fd"),
        ({"url": "/?q={text}"}, {}, "/?q="),
        ({"query": {"q": "{text}", "n": "{count}"}}, {"text": "a&b", "count": 2}, "/?q=a%26b&n=2"),
        ({"query": {"q": "{text}", "n": "{count}"}}, {"count": None}, "/"),
        ({"url": "/?a=1", "query": {"tag": "{tags}"}}, {"tags": ["x", "y z"]}, "/?a=1&tag=x&tag=y%20z"),
        ({"query": {"q": "<{text}>", "all": True, "n": 5}}, {"text": "x"}, "/?q=%3Cx%3E&all=true&n=5"),
        ({"query": {"flag": "{flag}"}}, {"flag": False}, "/?flag=false"),
    ],
)
def test_arguments_stand_in_their_place_in_the_url(
    section: dict[str, Any], arguments: dict[str, Json], target: str
) -> None:
    received = sent(section, **arguments)
    assert (received.method, received.target) == ("GET", target)


@pytest.mark.parametrize("value", [".", "..", "a/../b", "..\\b", "./x", "", None])
def test_an_argument_that_would_lead_to_another_path_is_refused(value: Json) -> None:
    with Server(answering()) as server:
        with pytest.raises(ToolError, match="would lead elsewhere") as caught:
            call(server, {"url": "/users/{user}/notes"}, user=value)
        assert server.accepted == 0
    assert caught.value.kind == "bad_request"


def test_arguments_that_make_dots_together_are_refused() -> None:
    with Server(answering()) as server, pytest.raises(ToolError, match="would lead elsewhere"):
        call(server, {"url": "/{user}.{text}/x"}, user="", text="")


@given(st.text(), st.text())
def test_whatever_an_argument_holds_host_path_and_query_stay_as_they_are_written(user: str, text: str) -> None:
    template = Template.parse("https://api.example:8443/users/{user}/notes?q={text}&lang=en", PARAMETERS)
    try:
        url = filled_url(template, {"user": user, "text": text})
    except ToolError:
        return
    assert (Url.parse(url).host, Url.parse(url).port) == ("api.example", 8443)
    parts = urlsplit(url)
    steps = parts.path.split("/")
    assert (len(steps), steps[1], steps[3]) == (4, "users", "notes")
    assert unquote(steps[2]) == user.encode("utf-8", "replace").decode()
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    assert pairs == [("q", text.encode("utf-8", "replace").decode()), ("lang", "en")]
    assert parts.fragment == ""


@pytest.mark.parametrize(
    ("section", "arguments", "kind", "body"),
    [
        ({"body": "say {text}"}, {"text": "grün"}, "text/plain; charset=utf-8", "say grün"),
        ({"json": {"t": "{text}", "n": ["{count}", "n={count}"]}}, {"text": "x", "count": 2}, "application/json", None),
        ({"json": "{tags}"}, {"tags": [1]}, "application/json", "[1]"),
        ({"json": {"t": "{text}", "f": "{flag}", "l": ["{count}"]}}, {"flag": None}, "application/json", None),
        ({"body": "a=b", "headers": {"content-type": "x/y"}}, {}, "x/y", "a=b"),
    ],
)
def test_a_body_is_sent_with_its_type(
    section: dict[str, Any], arguments: dict[str, Json], kind: str, body: str | None
) -> None:
    received = sent(section, **arguments)
    assert (received.method, received.headers["content-type"]) == ("POST", kind)
    if body is not None:
        assert received.body.decode() == body
    elif "count" in arguments:
        assert json.loads(received.body) == {"t": "x", "n": [2, "n=2"]}
    else:
        assert json.loads(received.body) == {"f": None, "l": []}


def test_a_body_whose_argument_was_not_given_is_none() -> None:
    assert "content-type" not in sent({"json": "{tags}"}).headers


def test_an_argument_in_a_body_is_never_read_as_a_template() -> None:
    assert json.loads(sent({"json": {"t": "{text}!"}}, text="{user}", user="x").body) == {"t": "{user}!"}


def test_headers_hold_templates_and_secrets() -> None:
    headers = {"Authorization": {"secret": "KEY", "prefix": "Bearer "}, "X-A": "<{text}>", "X-B": "{count}", "X-C": 5}
    received = sent({"headers": headers}, text="y")
    assert received.headers["authorization"] == "Bearer s3cret-value"
    assert (received.headers["x-a"], received.headers["x-c"]) == ("<y>", "5")
    assert "x-b" not in received.headers


def test_an_argument_cannot_add_a_header() -> None:
    with Server(answering()) as server, pytest.raises(ToolError, match="line break") as caught:
        call(server, {"headers": {"X-A": "{text}"}}, text="a\r\nX-B: c")
    assert caught.value.kind == "bad_request"


def test_defaults_of_parameters_are_used() -> None:
    with Server(answering()) as server:
        function = http_function(declaration(text="d"), {"url": f"{server.url}/?q={{text}}"})
        function(**{CONTEXT: context(server)})
        function(**{CONTEXT: context(server)}, text="x")
    assert [received.target for received in server.received] == ["/?q=d", "/?q=x"]


# --- what comes of the answer


@pytest.mark.parametrize(
    ("form", "kind", "body", "value"),
    [
        (None, "application/json", b'{"a": 1}', {"a": 1}),
        (None, "text/plain", b'{"a": 1}', '{"a": 1}'),
        ("text", "application/json", b"[1]", "[1]"),
        ("json", "text/plain", b"[1]", [1]),
        ("json", "application/json", b"", None),
    ],
)
def test_an_answer_becomes_a_value(form: str | None, kind: str, body: bytes, value: Json) -> None:
    with Server(answering(body, f"Content-Type: {kind}")) as server:
        assert call(server, {"result": form} if form else {}) == value


def test_a_full_result_has_status_and_headers() -> None:
    with Server(answering(b"[1]", "Content-Type: application/json", status="404 No")) as server:
        result = call(server, {"result": "full", "ok_statuses": "any"})
    assert (result["url"], result["status"], result["body"]) == (f"{server.url}/", 404, [1])
    assert result["headers"]["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "kind", "complaint"),
    [(b"<html>", "application/json", "what is not JSON"), (b"\x89\0", "image/png", "answered with image/png, 2 bytes")],
)
def test_an_answer_of_another_form_is_an_invalid_output(body: bytes, kind: str, complaint: str) -> None:
    behaviour = answering(body, f"Content-Type: {kind}")
    with Server(behaviour) as server, pytest.raises(ToolError, match=complaint) as caught:
        call(server, {})
    assert caught.value.kind == "invalid_output"


@pytest.mark.parametrize(
    ("ok_statuses", "status", "kind"),
    [
        (None, "204 None", None),
        (None, "404 No", "tool"),
        (None, "429 Slow", "rate_limited"),
        ([200, 404], "404 No", None),
        (404, "404 No", None),
        ([200], "204 None", "tool"),
        ([200], "503 Busy", "transient"),
        ("any", "503 Busy", None),
    ],
)
def test_which_statuses_are_fine_can_be_said(ok_statuses: Json, status: str, kind: str | None) -> None:
    with Server(answering(status=status)) as server:
        if kind is None:
            assert call(server, {"ok_statuses": ok_statuses}) == ""
            return
        with pytest.raises(ToolError, match=f"answered {status[:3]}") as caught:
            call(server, {"ok_statuses": ok_statuses})
    assert caught.value.kind == kind


@pytest.mark.parametrize("status", ["200 OK", "400 Bad"])
def test_a_secret_that_the_server_repeats_is_blotted_out(status: str) -> None:
    def repeat(connection: Any, request: Received) -> None:
        said = f"got {request.headers['x-key']}".encode()
        connection.sendall(response(said, "Content-Type: text/plain", f"X-Said: {said.decode()}", status=status))

    section = {"headers": {"X-Key": {"secret": "KEY"}}, "result": "full"}
    with Server(repeat) as server:
        if status == "200 OK":
            assert "s3cret" not in str(call(server, section))
            return
        with pytest.raises(ToolError, match=r"got \*\*\*") as caught:
            call(server, section)
    assert "s3cret" not in str(caught.value)


def test_a_secret_that_there_is_not_says_how_to_give_it() -> None:
    with Server(answering()) as server, pytest.raises(ToolError, match="there is no secret 'NONE'"):
        call(server, {"headers": {"A": {"secret": "NONE"}}})


def test_the_request_goes_through_the_context() -> None:
    asked: list[tuple[str, str, float]] = []

    class Web:
        def request(self, method: str, url: str, *, timeout_s: float = 0, **_: Any) -> WebAnswer:
            asked.append((method, url, timeout_s))
            return WebAnswer(url, 200, {}, b"")

    function = http_function(declaration(), {"url": "https://x.example/a", "method": "PATCH", "timeout": "1m"})
    function(**{CONTEXT: ToolContext("run", "key", 1, Cancellation(), Services(web=Web()))})
    assert asked == [("PATCH", "https://x.example/a", 60.0)]


# --- sections that make no tool


@pytest.mark.parametrize(
    ("section", "place", "problem"),
    [
        ("GET", (), "must hold keys and values"),
        ({}, (), "'url' is missing"),
        ({"url": 5}, ("url",), "must be text"),
        ({"url": ""}, ("url",), "not a URL of the web"),
        ({"url": "x.example/a"}, ("url",), "not a URL of the web"),
        ({"url": "ftp://x.example/a"}, ("url",), "not a URL of the web"),
        ({"url": "https://a@x.example/"}, ("url",), "user name"),
        ({"url": "{text}"}, ("url",), "{text} stands before or in the host"),
        ({"url": "{text}://x.example/"}, ("url",), "stands before or in the host"),
        ({"url": "https://{text}/"}, ("url",), "stands before or in the host"),
        ({"url": "https://x.example{text}"}, ("url",), "stands before or in the host"),
        ({"url": "https://x.example:{count}/"}, ("url",), "stands before or in the host"),
        ({"url": "https://{text}@x.example/"}, ("url",), "stands before or in the host"),
        ({"url": "https://x.example/{usr}"}, ("url",), "did you mean 'user'?"),
        ({"url": "https://x.example/#{text}"}, ("url",), "never sent"),
        ({"url": "https://x.example/a/../{text}"}, ("url",), "'.' or '..'"),
        ({"url": "https://x.example/", "methd": "GET"}, ("methd",), "did you mean 'method'?"),
        ({"url": "https://x.example/", "method": "get"}, ("method",), "did you mean 'GET'?"),
        ({"url": "https://x.example/", "method": "GET", "body": "x"}, ("method",), "GET sends nothing"),
        ({"url": "https://x.example/", "body": "x", "json": 1}, ("json",), "both given"),
        ({"url": "https://x.example/", "json": {"a": ["{txt}"]}}, ("json", "a", 0), "did you mean 'text'?"),
        ({"url": "https://x.example/", "query": ["a"]}, ("query",), "must hold names and values"),
        ({"url": "https://x.example/", "query": {"a": {"b": 1}}}, ("query", "a"), "must be text"),
        ({"url": "https://x.example/", "headers": {"a b": "x"}}, ("headers", "a b"), "not the name of a header"),
        ({"url": "https://x.example/", "headers": {"Host": "x"}}, ("headers", "Host"), "cannot be given"),
        ({"url": "https://x.example/", "headers": {"A": {"sekret": "x"}}}, ("headers", "A", "sekret"), "'secret'"),
        ({"url": "https://x.example/", "headers": {"A": {"prefix": "x"}}}, ("headers", "A"), "must name a secret"),
        ({"url": "https://x.example/", "timeout": "soon"}, ("timeout",), "is not a duration"),
        ({"url": "https://x.example/", "result": "jsn"}, ("result",), "did you mean 'json'?"),
        ({"url": "https://x.example/", "ok_statuses": [20]}, ("ok_statuses",), "from 100 to 599"),
    ],
)
def test_what_is_wrong_is_said_by_its_place(section: Json, place: tuple[str | int, ...], problem: str) -> None:
    with pytest.raises(KindError) as caught:
        http_function(declaration(), section)
    assert any(fault.place == place and problem in fault.problem for fault in caught.value.faults), caught.value.faults


def test_everything_wrong_is_said_at_once() -> None:
    section = {"url": "https://{text}/", "method": "GTE", "timeout": -1, "json": "{nothing}", "x": 1}
    with pytest.raises(KindError) as caught:
        http_function(declaration(), section)
    assert {fault.place for fault in caught.value.faults} == {("url",), ("method",), ("timeout",), ("json",), ("x",)}


@pytest.mark.parametrize(
    ("section", "expected"),
    [({}, True), ({"method": "DELETE"}, True), ({"method": "POST"}, False), ({"json": 1}, False), ("x", False)],
)
def test_the_method_says_whether_a_request_may_be_repeated(section: Json, expected: bool) -> None:
    assert is_repeatable(section) is expected
