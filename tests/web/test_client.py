"""What a request brings back, and what it costs at most, against real servers."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
import zlib
from typing import Any

import pytest

from overseer.tool import Cancellation, ToolError
from overseer.web import WebClient
from tests.web.servers import Behaviour, Received, Server, answering, response, sending


def client_for(*servers: Server, **options: Any) -> WebClient:
    return WebClient(allow=[server.authority for server in servers], **options)


def failure(server: Server, **options: Any) -> ToolError:
    with pytest.raises(ToolError) as caught:
        client_for(server).request("GET", server.url, **options)
    return caught.value


# --- what is sent and what comes back


def test_an_answer_comes_back_as_it_is() -> None:
    with Server(answering(b"hello", "Content-Type: text/plain", "X-A: 1", "X-A: 2", "X-B: grün")) as server:
        answer = client_for(server).request("GET", f"{server.url}/a b?q=ü")
    assert (answer.url, answer.status, answer.body) == (f"{server.url}/a%20b?q=%C3%BC", 200, b"hello")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-a"] == "1, 2"
    assert answer.headers["x-b"] == "grün"


def test_a_request_is_sent_as_it_was_given() -> None:
    with Server(answering()) as server:
        headers = {"X-Name": "grün", "Content-Type": "text/plain"}
        client_for(server).request("post", f"{server.url}/p", headers=headers, body=b"body")
    (received,) = server.received
    assert (received.method, received.target, received.body) == ("POST", "/p", b"body")
    assert received.headers["host"] == server.authority
    assert received.headers["x-name"] == "grün"
    assert received.headers["content-type"] == "text/plain"
    assert received.headers["user-agent"].startswith("Overseer/")


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content", "304 Not Modified"])
def test_every_status_is_an_answer(status: str) -> None:
    with Server(answering(status=status)) as server:
        assert client_for(server).request("GET", server.url).status == int(status[:3])


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nabcde",
        b"HTTP/1.0 200 OK\r\n\r\nabcde",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcdeand more that was not announced",
    ],
)
def test_a_body_may_be_framed_in_any_way(raw: bytes) -> None:
    with Server(sending(raw)) as server:
        assert client_for(server).request("GET", server.url).body == b"abcde"


def test_a_head_request_waits_for_no_body() -> None:
    with Server(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Encoding: gzip\r\n\r\n")) as server:
        assert client_for(server).request("HEAD", server.url).body == b""


def _bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"hello " * 50_000)),
        ("X-GZIP", gzip.compress(b"hello " * 25_000) + gzip.compress(b"hello " * 25_000)),
        ("gzip", gzip.compress(b"hello " * 50_000) + bytes(40)),
        ("deflate", zlib.compress(b"hello " * 50_000)),
        ("deflate", _bare_deflate(b"hello " * 50_000)),
        ("identity", b"hello " * 50_000),
    ],
)
def test_what_is_packed_is_unpacked(encoding: str, packed: bytes) -> None:
    with Server(answering(packed, f"Content-Encoding: {encoding}")) as server:
        assert client_for(server).request("GET", server.url).body == b"hello " * 50_000


def test_a_server_that_refuses_a_body_early_is_heard() -> None:
    def refuse() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(response(b"too much", status="413 Too Large"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = threading.Thread(target=refuse)
        refusing.start()
        authority = f"127.0.0.1:{listener.getsockname()[1]}"
        answer = WebClient(allow=[authority]).request("PUT", f"http://{authority}/", body=bytes(20_000_000))
        refusing.join()
    assert (answer.status, answer.body) == (413, b"too much")


# --- what may not be sent


@pytest.mark.parametrize(
    ("method", "url", "headers", "complaint"),
    [
        ("GE T", "http://x/", {}, "'GE T' is not a method"),
        ("CONNECT", "http://x/", {}, "'CONNECT' is not a method"),
        ("GET", "gopher://x/", {}, "must start with https:// or http://"),
        ("GET", "http://x/", {"Host": "y"}, "the header 'Host' cannot be given"),
        ("GET", "http://x/", {"content-LENGTH": "5"}, "the header 'content-LENGTH' cannot be given"),
        ("GET", "http://x/", {"a b": "y"}, "'a b' is not the name of a header"),
        ("GET", "http://x/", {"A\r\nB": "y"}, "is not the name of a header"),
        ("GET", "http://x/", {"A": "secret\r\nB: c"}, "the value of header 'A' holds a line break"),
    ],
)
def test_a_request_that_would_be_another_one_is_refused(
    method: str, url: str, headers: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ToolError, match=complaint) as caught:
        WebClient().request(method, url, headers=headers)
    assert caught.value.kind == "bad_request"
    assert "secret" not in str(caught.value)


# --- limits


def _endless(connection: socket.socket, request: Received) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


def _endless_chunks(connection: socket.socket, request: Received) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1\r\nx\r\n" * 1000)


def _negative_chunk(connection: socket.socket, request: Received) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


@pytest.mark.parametrize("behaviour", [_endless, _endless_chunks, _negative_chunk])
def test_an_endless_body_is_given_up_at_the_limit(behaviour: Behaviour) -> None:
    with Server(behaviour) as server:
        error = failure(server, limit_bytes=100_000)
    assert error.kind == "tool"
    assert "bytes" in str(error)


def test_a_body_that_is_announced_too_large_is_not_read() -> None:
    with Server(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")) as server:
        assert "larger than 1000 bytes" in str(failure(server, limit_bytes=1000))


def test_a_body_of_exactly_the_limit_is_fine() -> None:
    with Server(answering(gzip.compress(b"x" * 1000), "Content-Encoding: gzip")) as server:
        assert len(client_for(server).request("GET", server.url, limit_bytes=1000).body) == 1000
        assert "larger than 999 bytes" in str(failure(server, limit_bytes=999))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_not_unfolded_beyond_the_limit(encoding: str) -> None:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    begin, more = (packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    bomb = begin + more * 300  # each flush forgets what was before, so that any number of the same may follow
    with Server(answering(bomb, f"Content-Encoding: {encoding}")) as server:
        assert "larger than 1000000 bytes" in str(failure(server, limit_bytes=1_000_000))


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_packing_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with Server(answering(b"x", f"Content-Encoding: {encoding}")) as server:
        assert f"packed as '{encoding}'" in str(failure(server))


@pytest.mark.parametrize(
    "headers",
    [b"X: " + b"x" * 100_000 + b"\r\n", b"X: x\r\n" * 200],
    ids=["long", "many"],
)
def test_huge_headers_are_refused(headers: bytes) -> None:
    with Server(sending(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n")) as server:
        assert failure(server).kind == "tool"


def test_headers_without_end_are_given_up() -> None:
    def headers_only(connection: socket.socket, request: Received) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        while True:
            connection.sendall(b"X: x\r\n" * 10_000)

    with Server(headers_only) as server:
        assert failure(server).kind == "tool"


# --- connections that break


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"",
    ],
)
def test_an_answer_that_ends_early_may_be_asked_for_again(raw: bytes) -> None:
    with Server(sending(raw)) as server:
        assert failure(server).kind == "transient"


@pytest.mark.parametrize("raw", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x16\n"])
def test_what_does_not_speak_http_is_no_use_asking_again(raw: bytes) -> None:
    with Server(sending(raw)) as server:
        assert failure(server).kind == "tool"


def test_something_packed_that_ends_early_or_is_garbage_is_an_error() -> None:
    for body in (gzip.compress(b"hello" * 100)[:-20], b"garbage", b"\x1f\x8bgarbage"):
        with Server(answering(body, "Content-Encoding: gzip")) as server:
            assert failure(server).kind == "tool"


def test_a_connection_that_is_reset_may_be_tried_again() -> None:
    def reset(connection: socket.socket, request: Received) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with Server(reset) as server:
        error = failure(server)
    assert error.kind == "transient"
    assert server.url in str(error)


def test_a_port_where_nobody_listens_may_be_tried_again() -> None:
    with Server(answering()) as server:
        pass
    error = failure(server)
    assert error.kind == "transient"
    assert "connecting to 127.0.0.1" in str(error)


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with Server(answering(b"ok")) as server:
        port = server.port
        found = [(socket.AF_INET, 0, 0, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
        client = WebClient(allow=["here.example"], resolve=lambda *_, **__: found)
        assert client.request("GET", f"http://here.example:{port}/").body == b"ok"


# --- time and cancellation


def _dripping(connection: socket.socket, request: Received) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def _dripping_headers(connection: socket.socket, request: Received) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def _redirecting_slowly(connection: socket.socket, request: Received) -> None:
    time.sleep(0.15)
    connection.sendall(response(b"", "Location: /again", status="302 Found"))


@pytest.mark.parametrize("behaviour", [_dripping, _dripping_headers, _redirecting_slowly])
def test_the_time_limit_is_for_all_of_a_request(behaviour: Behaviour) -> None:
    with Server(behaviour) as server:
        began = time.monotonic()
        error = failure(server, timeout_s=0.3)
        took = time.monotonic() - began
    assert error.kind == "timeout"
    assert "took longer than 0.3 s" in str(error)
    assert 0.3 <= took < 5


def test_a_server_that_reads_nothing_does_not_hold_a_request_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ToolError) as caught:
            WebClient(allow=[url.removeprefix("http://")]).request("POST", url, body=bytes(30_000_000), timeout_s=0.2)
    assert caught.value.kind == "timeout"


def test_a_look_up_that_hangs_is_left_alone() -> None:
    release = threading.Event()

    def hanging(*_: Any, **__: Any) -> list[Any]:
        release.wait(10)
        return []

    with pytest.raises(ToolError, match="took longer than") as caught:
        WebClient(resolve=hanging).request("GET", "http://x.example/", timeout_s=0.1)
    release.set()
    assert caught.value.kind == "timeout"


def _cancelled_when(started: threading.Event, client: WebClient, url: str) -> tuple[ToolError, float]:
    """How a request ends that is cancelled once it has come so far, and how long after that."""
    cancellation, asked = Cancellation(), []

    def cancel() -> None:
        started.wait(10)
        time.sleep(0.05)  # until it waits again
        asked.append(time.monotonic())
        cancellation.ask()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(ToolError) as caught:
        client.request("GET", url, timeout_s=30, cancellation=cancellation)
    ended = time.monotonic()
    canceller.join()
    return caught.value, ended - asked[0]


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"])
def test_a_cancelled_request_returns_at_once(start: bytes) -> None:
    started, release = threading.Event(), threading.Event()

    def stalling(connection: socket.socket, request: Received) -> None:
        connection.sendall(start)
        started.set()
        release.wait(10)

    with Server(stalling) as server:
        error, took = _cancelled_when(started, client_for(server), server.url)
        release.set()
    assert error.kind == "cancelled"
    assert took < 1


def test_a_request_is_cancelled_while_it_connects() -> None:
    # A listener that accepts nothing and whose line is full lets nobody in.
    with socket.socket() as listener, socket.socket() as one, socket.socket() as two:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (one, two):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        started = threading.Event()
        started.set()
        error, took = _cancelled_when(started, WebClient(allow=[url.removeprefix("http://")]), url)
    assert error.kind == "cancelled"
    assert took < 1


def test_a_request_is_cancelled_while_its_host_is_looked_up() -> None:
    started, release = threading.Event(), threading.Event()

    def hanging(*_: Any, **__: Any) -> list[Any]:
        started.set()
        release.wait(10)
        return []

    error, took = _cancelled_when(started, WebClient(resolve=hanging), "http://x.example/")
    release.set()
    assert error.kind == "cancelled"
    assert took < 1


def test_a_request_that_was_given_up_before_is_not_made() -> None:
    cancellation = Cancellation()
    cancellation.ask()
    with Server(answering()) as server, pytest.raises(ToolError) as caught:
        client_for(server).request("GET", server.url, cancellation=cancellation)
    assert caught.value.kind == "cancelled"
    assert server.accepted == 0


def test_a_request_that_is_over_wants_nothing_done_when_cancelled() -> None:
    cancellation = Cancellation()
    with Server(answering()) as server:
        client_for(server).request("GET", server.url, cancellation=cancellation)
    assert not cancellation._hooks


# --- redirects


def _redirecting(location: str, status: str = "302 Found") -> Behaviour:
    def behave(connection: socket.socket, request: Received) -> None:
        if request.target == "/end":
            connection.sendall(response(b"the end"))
        else:
            connection.sendall(response(b"moved", f"Location: {location}", status=status))

    return behave


@pytest.mark.parametrize("location", ["/end", "end", "//{authority}/end", "http://{authority}/end#part"])
def test_a_redirect_is_followed(location: str) -> None:
    with Server(answering()) as server:
        server.behaviour = _redirecting(location.format(authority=server.authority))
        answer = client_for(server).request("GET", f"{server.url}/start", headers={"Authorization": "Bearer x"})
    assert (answer.url, answer.body) == (f"{server.url}/end", b"the end")
    assert server.received[1].headers["authorization"] == "Bearer x"


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "GET", ("GET", b"")),
        (301, "POST", ("GET", b"")),
        (302, "POST", ("GET", b"")),
        (302, "PUT", ("PUT", b"body")),
        (303, "POST", ("GET", b"")),
        (303, "DELETE", ("GET", b"")),
        (303, "HEAD", ("HEAD", b"")),
        (307, "POST", ("POST", b"body")),
        (308, "PUT", ("PUT", b"body")),
    ],
)
def test_a_redirect_says_with_which_method(status: int, method: str, then: tuple[str, bytes]) -> None:
    body = None if method in ("GET", "HEAD") else b"body"
    with Server(_redirecting("/end", f"{status} Moved")) as server:
        client_for(server).request(
            method, server.url, body=body, headers={"Content-Type": "text/plain"} if body else {}
        )
    second = server.received[1]
    assert (second.method, second.body) == then
    assert ("content-type" in second.headers) == bool(second.body)


def test_a_redirect_without_a_place_is_an_answer() -> None:
    with Server(answering(b"choose", status="300 Choices")) as server:
        assert client_for(server).request("GET", server.url).body == b"choose"
        server.behaviour = answering(b"where?", status="302 Found")
        assert client_for(server).request("GET", server.url).body == b"where?"


def test_redirects_in_a_ring_end() -> None:
    with Server(_redirecting("/again")) as server:
        error = failure(server)
    assert "more than 5 times" in str(error)
    assert len(server.received) == 6


def test_another_server_sees_no_header_that_could_be_a_secret() -> None:
    with Server(answering(b"there")) as there, Server(_redirecting(f"{there.url}/end")) as here:
        headers = {"Authorization": "Bearer x", "Cookie": "x", "X-Api-Key": "x", "Accept": "text/plain"}
        assert client_for(here, there).request("GET", here.url, headers=headers).body == b"there"
    (received,) = there.received
    assert not {"authorization", "cookie", "x-api-key"} & set(received.headers)
    assert received.headers["accept"] == "text/plain"


def test_what_was_sent_does_not_go_to_another_server() -> None:
    with (
        Server(answering()) as there,
        Server(_redirecting(there.url, "307 Moved")) as here,
        pytest.raises(ToolError, match="another server") as caught,
    ):
        client_for(here, there).request("POST", here.url, body=b"private")
    assert caught.value.kind == "denied"
    assert there.accepted == 0


def test_a_redirect_to_what_is_no_url_is_an_error() -> None:
    with Server(_redirecting("ftp://example.com/")) as server:
        assert "leads on to something else" in str(failure(server))


@pytest.mark.parametrize("location", ["http://localhost:{port}/", "http://2130706433:{port}/", "http://[::1]:{port}/"])
def test_a_redirect_is_checked_like_any_request(location: str) -> None:
    with (
        Server(answering()) as there,
        Server(_redirecting(location.format(port=there.port))) as here,
        pytest.raises(ToolError) as caught,
    ):
        client_for(here).request("GET", here.url)
    assert caught.value.kind == "denied"
    assert there.accepted == 0
