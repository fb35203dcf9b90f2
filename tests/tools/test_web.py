"""The tools of tools/web.py, over real requests."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.registry import ToolFolder, load_tools, our_tools
from overseer.tool import Cancellation, Services, Tool, ToolContext, ToolError
from overseer.web import WebClient
from tests.web.servers import Received, Server, answering, response

TOOLS = load_tools([ToolFolder(our_tools(), "built-in")]).tools
FETCH, REQUEST = TOOLS["fetch_url"], TOOLS["http_request"]
readable_text = FETCH.function.__globals__["readable_text"]


def call(tool: Tool, server: Server, **arguments: Any) -> Any:
    services = Services(web=WebClient(allow=[server.authority]))
    context = ToolContext("run", "key", 1, Cancellation(), services)
    return tool(context=context, **{"url": server.url, **arguments})


def fetched(body: bytes, content_type: str = "", **arguments: Any) -> Any:
    with Server(answering(body, *([f"Content-Type: {content_type}"] if content_type else []))) as server:
        return call(FETCH, server, **arguments)


# --- fetch_url


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        (b'{"a": [1]}', "application/json", '{"a": [1]}'),
        ("grün".encode("latin-1"), "text/plain; charset=latin1", "grün"),
        (b"<p>1 &lt; 2</p>", "text/html", "1 < 2"),
        (b"<!doctype html><p>x", "", "x"),
        (b"<p>not a page</p>", "text/plain", "<p>not a page</p>"),
        (b"<feed/>", "application/atom+xml", "<feed/>"),
        (b"", "", ""),
    ],
)
def test_text_comes_as_it_is_and_html_as_it_reads(body: bytes, content_type: str, text: str) -> None:
    assert fetched(body, content_type) == text


@pytest.mark.parametrize(
    ("body", "content_type", "complaint"),
    [
        (b"\x89PNG\0", "image/png", "is no text: it is image/png, 5 bytes"),
        (b"a\0b", "", "is no text: it is application/octet-stream, 3 bytes"),
        (b"a\0b", "text/plain", "is no text: it is application/octet-stream, 3 bytes"),
        (b"PK", "application/zip", "is no text: it is application/zip, 2 bytes"),
    ],
)
def test_what_is_no_text_is_refused_with_its_type_and_size(body: bytes, content_type: str, complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        fetched(body, content_type)


def test_a_long_text_is_cut_and_says_so() -> None:
    assert fetched(b"0123456789", "text/plain", max_characters=4) == "0123\n[cut here: 4 of 10 characters]"
    assert fetched(b"0123456789", "text/plain", max_characters=10) == "0123456789"
    with pytest.raises(ToolError, match="at least 1"):
        fetched(b"", max_characters=0)


@pytest.mark.parametrize(
    ("status", "kind", "wait_s"),
    [("404 Not Found", "tool", None), ("429 Slow", "rate_limited", 3), ("503 Busy", "transient", 3)],
)
def test_a_refusal_says_whether_to_try_again_and_when(status: str, kind: str, wait_s: float | None) -> None:
    behaviour = answering(b"why", "Retry-After: 3", "Content-Type: text/plain", status=status)
    complaint = rf"answered {status[:3]} .*: why"
    with Server(behaviour) as server, pytest.raises(ToolError, match=complaint) as caught:
        call(FETCH, server)
    assert (caught.value.kind, caught.value.retry_after_s) == (kind, wait_s)


def test_a_private_address_is_refused() -> None:
    with Server(answering()) as server:
        context = ToolContext("run", "key", 1, Cancellation(), Services(web=WebClient()))
        with pytest.raises(ToolError, match=r"web\.allow") as caught:
            FETCH(context=context, url=server.url)
    assert caught.value.kind == "denied"


# --- http_request


def echo(connection: socket.socket, request: Received) -> None:
    connection.sendall(response(request.body, f"Content-Type: {request.headers.get('content-type', 'x/y')}"))


@pytest.mark.parametrize(
    ("arguments", "content_type", "body"),
    [
        ({"json_body": {"a": [1, None]}}, "application/json", {"a": [1, None]}),
        ({"body": "grün"}, "text/plain; charset=utf-8", "grün"),
        ({"body": "[1]", "headers": {"content-TYPE": "application/json"}}, "application/json", [1]),
        ({"body": "{oops", "headers": {"Content-Type": "application/json"}}, "application/json", "{oops"),
    ],
)
def test_a_body_is_sent_with_its_type(arguments: dict[str, Any], content_type: str, body: Any) -> None:
    with Server(echo) as server:
        result = call(REQUEST, server, **arguments)
        assert (result["status"], result["url"], result["body"]) == (200, f"{server.url}/", body)
    (received,) = server.received
    assert (received.method, received.headers["content-type"]) == ("POST", content_type)


def test_a_refusal_is_a_result_unless_the_server_may_do_it_later() -> None:
    with Server(answering(b"no", "Content-Type: text/plain", status="409 Conflict")) as server:
        result = call(REQUEST, server, method="DELETE")
        assert (result["status"], result["body"], result["headers"]["content-type"]) == (409, "no", "text/plain")
        server.behaviour = answering(status="503 Busy")
        with pytest.raises(ToolError) as caught:
            call(REQUEST, server)
    assert caught.value.kind == "transient"


def test_two_bodies_are_one_too_many() -> None:
    with Server(echo) as server, pytest.raises(ToolError, match="keep one of them"):
        call(REQUEST, server, body="a", json_body=1)


def test_only_reading_may_be_repeated() -> None:
    assert (FETCH.effect, FETCH.idempotent) == ("network", True)
    assert (REQUEST.effect, REQUEST.idempotent) == ("network", False)


# --- pages


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<title>T &amp; U</title><h1>Head</h1><h3>Sub</h3>text", "T & U\n\n# Head\n\n### Sub\n\ntext"),
        ("<title>Same</title><h1>Same</h1>", "# Same"),
        ("<p>a\n  <b>b</b>c</p><p>d</p>", "a bc\n\nd"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<script>if (a</b) {}</script>x<style>p{}</style>", "x"),
        ("<noscript>no</noscript><svg><title>t</title><svg></svg>n</svg>x", "x"),
        ("<div hidden>no<div>no</div>no</div>x", "x"),
        ("<!-- <p>no</p> -->x<!doctype y><?php no ?>", "x"),
        ('<a href="/a?b=1&amp;c">go</a>', "go (http://e.org/a?b=1&c)"),
        ('<a href="https://x.org/">https://x.org/</a>', "https://x.org/"),
        ('<a href="#part">go</a> <a href="javascript:x()">run</a> <a>none</a>', "go run none"),
        ('<base href="https://b.org/d/"><a href=x>go</a>', "go (https://b.org/d/x)"),
        ('<a href="http://[">go</a>', "go"),
        ("<ul><li>a<li><p>b</p><ul><li>c</ul></ul>d", "- a\n- b\n  - c\n\nd"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "A | B\n1 | 2"),
        ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        ("<p title=it's>a</p><p title='>'>b</p><p x=\">\" y>c", "a\n\nb\n\nc"),
        ("1 < 2 &lt; 3 & 4 &amp; 5 &nosuch; &#65; a<b", "1 < 2 < 3 & 4 & 5 &nosuch; A a"),
        ('<img alt="a cat"><img src=x>', "a cat"),
        ("a\x00\x1b[31mb&#27;c", "a[31mbc"),
        ("a&nbsp;&nbsp;b", "a b"),
        ("<title>open <b>page", "open <b>page"),
        ("x<script>never closed", "x"),
        ("x<!-- never closed", "x"),
        ("x<a href='never closed", "x"),
        ("&#" + "9" * 5000 + ";", "&#" + "9" * 5000 + ";"),
        ("", ""),
    ],
)
def test_a_page_reads_as_a_reader_sees_it(page: str, text: str) -> None:
    assert readable_text(page, "http://e.org/") == text


def test_a_page_that_is_too_long_to_read_says_so() -> None:
    text = readable_text("<p>abc</p>" * 2 + "x" * 3_999_980)
    assert text.startswith("abc\n\nabc")
    assert len(text) < 3_000_100
    assert text.endswith("\n[cut here: the page is 4000000 characters of HTML]")


@given(st.text(alphabet="<>/!-&;#\"'= \nabpli", max_size=200))
def test_any_text_can_be_read_as_a_page(page: str) -> None:
    assert isinstance(readable_text(page, "http://e.org/"), str)


HOSTILE = ["<!--", "<", "<a ", "</", '<a href="', "<a b", "&", "<![CDATA[", "<td> ", "<td>x", "<a href=x>y", "<ul><li>"]
HOSTILE += [
    "<div hidden>",
    "</script",
    "<pre>\n",
    "<a b='\"",
    "<p>",
    "<script>",
    "<a href=x>",
    "&#1",
    "<ol>",
    "<title>",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_page_takes_longer_than_its_length_allows(piece: str) -> None:
    began = time.process_time()
    readable_text(piece * (400_000 // len(piece)), "http://e.org/")
    # Looking again at what was seen already would take minutes.
    assert time.process_time() - began < 10
