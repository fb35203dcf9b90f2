from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import threading
from pathlib import Path

import pytest

from overseer.plan.values import Hook
from overseer.sources import Busy, Hooks, SourceError, Sources, hook_request

HERE = Path()
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def hooks():
    return Hooks()


@pytest.fixture
def run(hooks):
    sources = Sources(hooks=hooks)
    yield sources
    sources.close_all()


@pytest.fixture
def hook(run, hooks, inbox):
    """The port of an open hook at /hook."""
    run.open("h", Hook("/hook"), inbox.deliver, base=HERE)
    return port_of(hooks)


def port_of(hooks):
    return int(hooks.url("/").split(":")[2].rstrip("/"))


def send(port, method="POST", path="/hook", body=None, headers=None):
    """The status and the JSON of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


def send_raw(port, text, *, half_close=False):
    """The first line of the answer to exactly these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(text.replace("\n", "\r\n").replace("PORT", str(port)).encode())
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            return answer.read().decode().partition("\r\n")[0]


def test_a_json_request_arrives_whole(hook, inbox):
    body = json.dumps({"id": [1, None, "ü"]})
    assert send(hook, path="/hook?a=1&b=&a=2", body=body, headers=JSON) == (202, {"accepted": True})
    assert inbox.next() == {
        "method": "POST",
        "path": "/hook",
        "query": {"a": ["1", "2"], "b": ""},
        "body": {"id": [1, None, "ü"]},
    }


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, b"plain \xc3\xbc", "plain ü"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=1", "a=1"),
        ({"Content-Type": "text/plain"}, b"\xff", "�"),
        ({"Content-Type": "application/problem+json; charset=utf-8"}, b"[1]", [1]),
        (JSON, b"", None),
        ({}, None, ""),
    ],
)
def test_body_is_json_where_the_content_type_says_so(hook, inbox, headers, body, expected):
    assert send(hook, body=body, headers=headers)[0] == 202
    assert inbox.next()["body"] == expected


def test_get_works_too(hook, inbox):
    assert send(hook, "GET", "/hook?x=%C3%BC")[0] == 202
    assert inbox.next() == {"method": "GET", "path": "/hook", "query": {"x": "ü"}, "body": ""}


@pytest.mark.parametrize("sent", ["/b%C3%BCro%20x", "/b\u00fcro%20x"])
def test_unicode_paths_match_escaped_or_not(run, hooks, inbox, sent):
    run.open("h", Hook("/büro x"), inbox.deliver, base=HERE)
    assert send_raw(port_of(hooks), f"GET {sent} HTTP/1.1\nHost: localhost:PORT\n\n") == "HTTP/1.1 202 Accepted"
    assert inbox.next()["path"] == "/büro x"
    assert hooks.url("/büro x").endswith("/b%C3%BCro%20x")


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"NaN", b'"\\ud800"', b"[" * 100_000, b"1" * 5000, b"[" * 300 + b"]" * 300]
)
def test_bad_json_is_refused_with_a_reason(hook, inbox, body):
    status, answer = send(hook, body=body, headers=JSON)
    assert status == 400
    assert answer["error"].startswith("the body is not JSON: ")
    assert inbox.is_empty()


def test_a_body_may_have_one_mebibyte(hook, inbox):
    assert send(hook, body=b"x" * 1024 * 1024)[0] == 202
    assert len(inbox.next()["body"]) == 1024 * 1024


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 12 * 1024 * 1024])
def test_a_larger_body_is_refused_and_the_client_learns_it(hook, inbox, size):
    assert send(hook, body=b"x" * size) == (413, {"error": "a hook takes at most 1048576 bytes"})
    assert inbox.is_empty()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("Transfer-Encoding: chunked\n\n0\n\n", 411),
        ("Content-Length: -1\n\n", 400),
        ("Content-Length: 1_0\n\n", 400),
        ("Content-Length: ²\n\n", 400),
        ("Content-Length: 1\nContent-Length: 2\n\nxx", 400),
        ("Content-Length: " + "9" * 5000 + "\n\n", 413),
        ("Content-Length: 0000000000000002\n\nxx", 202),
        ("\n", 202),
    ],
)
def test_lengths(hook, inbox, lines, status):
    answer = send_raw(hook, f"POST /hook HTTP/1.1\nHost: 127.0.0.1:PORT\n{lines}", half_close=True)
    assert int(answer.split()[1]) == status
    assert inbox.is_empty() == (status != 202)


def test_a_body_that_ends_early_is_refused(hook, inbox):
    text = "POST /hook HTTP/1.1\nHost: localhost:PORT\nContent-Length: 10\n\nabc"
    assert send_raw(hook, text, half_close=True) == "HTTP/1.1 400 Bad Request"
    assert inbox.is_empty()


def test_a_slow_body_times_out(hook, inbox, monkeypatch):
    monkeypatch.setattr(hook_request, "TIMEOUT_S", 0.1)
    text = "POST /hook HTTP/1.1\nHost: localhost:PORT\nContent-Length: 10\n\nabc"
    assert send_raw(hook, text) == "HTTP/1.1 408 Request Timeout"
    assert inbox.is_empty()


def test_a_client_that_says_nothing_is_hung_up_on(hook, monkeypatch):
    monkeypatch.setattr(hook_request, "TIMEOUT_S", 0.1)
    assert send_raw(hook, "") == ""


def test_unknown_paths_are_not_found(hook, inbox):
    for path in ("/", "/hook/", "/HOOK", "/hook/x", "/other"):
        assert send(hook, path=path) == (404, {"error": f"no hook is open at {path}"})
    assert inbox.is_empty()


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_not_allowed(hook, inbox, method):
    assert send(hook, method)[0] == 405
    assert inbox.is_empty()


def test_a_malformed_request_is_answered(hook):
    assert send_raw(hook, "GET /two words HTTP/1.1\n\n").split()[1] == "400"
    assert send_raw(hook, "GET /" + "x" * 70_000 + " HTTP/1.1\n\n").split()[1] == "414"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:PORT", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:PORT", ""]
)
def test_another_host_is_refused(hook, inbox, host):
    status, answer = send(hook, headers={"Host": host.replace("PORT", str(hook))})
    assert status == 403
    assert f"127.0.0.1:{hook}" in answer["error"]
    assert inbox.is_empty()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_own_names_are_accepted(hook, inbox, host):
    assert send(hook, headers={"Host": f"{host}:{hook}"})[0] == 202


@pytest.mark.parametrize("lines", ["", "Host: localhost:PORT\nHost: localhost:PORT\n"])
def test_there_must_be_one_host(hook, lines):
    assert send_raw(hook, f"GET /hook HTTP/1.1\n{lines}\n").split()[1] == "403"


@pytest.mark.parametrize(
    "header",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_web_pages_are_refused(hook, inbox, header):
    assert send(hook, body="{}", headers=header) == (403, {"error": "web pages may not call hooks"})
    assert inbox.is_empty()


def test_an_address_typed_into_a_browser_is_accepted(hook):
    assert send(hook, "GET", headers={"Sec-Fetch-Site": "none"})[0] == 202


def test_a_busy_scope_answers_429(run, hooks):
    def refuse(payload):
        raise Busy("full")

    run.open("h", Hook("/hook"), refuse, base=HERE)
    assert send(port_of(hooks))[0] == 429


def test_runs_share_one_port_and_one_closed_hook_is_not_found(run, hooks, inbox):
    other = run.for_another_run()
    run.open("a", Hook("/a"), inbox.deliver, base=HERE)
    other.open("b", Hook("/b"), inbox.deliver, base=HERE)
    port = port_of(hooks)
    assert [send(port, path=path)[0] for path in ("/a", "/b")] == [202, 202]
    run.close("a")
    assert [send(port, path=path)[0] for path in ("/a", "/b")] == [404, 202]
    assert [payload["path"] for payload in inbox.rest()] == ["/a", "/b", "/b"]
    other.close_all()


def test_two_hooks_on_one_path_are_refused(run, hook, inbox):
    message = "scope 'second' cannot listen on '/hook': scope 'h' listens there already; give one of them another path"
    with pytest.raises(SourceError) as caught:
        run.open("second", Hook("/hook"), inbox.deliver, base=HERE)
    assert str(caught.value) == message
    assert send(hook)[0] == 202


@pytest.mark.parametrize("path", ["", "hook", "//hook", "/hook?x=1", "/hook#x"])
def test_what_is_no_plain_path_is_refused(run, inbox, path):
    with pytest.raises(SourceError, match="is not a plain path; use one like /build/done"):
        run.open("h", Hook(path), inbox.deliver, base=HERE)


def test_the_server_lives_only_while_there_is_a_hook(run, hooks, inbox):
    assert run.url("/hook") is None
    run.open("h", Hook("/hook"), inbox.deliver, base=HERE)
    port = port_of(hooks)
    assert run.url("/hook") == f"http://127.0.0.1:{port}/hook"
    run.close("h")
    assert hooks.url("/hook") is None
    with pytest.raises(ConnectionRefusedError):
        send(port)
    run.open("h", Hook("/hook"), inbox.deliver, base=HERE)
    assert send(port_of(hooks))[0] == 202


def test_a_fixed_port_can_be_used_again_at_once(inbox):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(3):
        sources = Sources(hook_port=port)
        sources.open("h", Hook("/hook"), inbox.deliver, base=HERE)
        assert send(port)[0] == 202
        sources.close_all()


def test_a_taken_port_is_an_error(inbox):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SourceError) as caught:
            Sources(hook_port=port).open("h", Hook("/hook"), inbox.deliver, base=HERE)
    assert str(caught.value) == (
        f"scope 'h' cannot listen on '/hook': port {port} of 127.0.0.1 cannot be had: "
        f"{os.strerror(errno.EADDRINUSE)}; use another port, or 0 for any free one"
    )


def test_only_this_machine_can_connect(hook):
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), hook, socket.AF_INET)} - {"127.0.0.1"}
    for address in [*others, "127.0.0.2"]:
        with pytest.raises(OSError, match=r"."), socket.create_connection((address, hook), timeout=5):
            pass


def test_an_accepted_request_is_answered_though_its_scope_closes_at_once(hooks):
    for _ in range(20):
        run, arrived = Sources(hooks=hooks), threading.Event()
        run.open("h", Hook("/hook"), lambda payload, arrived=arrived: arrived.set(), base=HERE)
        port, closer = (
            port_of(hooks),
            threading.Thread(target=lambda run=run, go=arrived: (go.wait(10), run.close("h"))),
        )
        closer.start()
        assert send(port, body=b"x" * 1000)[0] == 202
        closer.join()


def test_closing_does_not_wait_for_slow_clients(run, hooks, inbox, monkeypatch):
    monkeypatch.setattr(hook_request, "TIMEOUT_S", 60)
    run.open("h", Hook("/hook"), inbox.deliver, base=HERE)
    hook = port_of(hooks)
    with socket.create_connection(("127.0.0.1", hook)) as silent, socket.create_connection(("127.0.0.1", hook)) as slow:
        slow.sendall(f"POST /hook HTTP/1.1\r\nHost: localhost:{hook}\r\nContent-Length: 9\r\n\r\nabc".encode())
        assert send(hook)[0] == 202  # so both have been accepted
        closer = threading.Thread(target=run.close_all)
        closer.start()
        closer.join(20)
        assert not closer.is_alive()
        assert silent.recv(100) == b""
    assert len(inbox.rest()) == 1


def test_fifty_clients_at_once(hook, inbox):
    ready = threading.Barrier(50)
    statuses = []

    def client(number):
        ready.wait(10)
        statuses.append(send(hook, body=str(number), headers=JSON)[0])

    threads = [threading.Thread(target=client, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [202] * 50
    assert sorted(payload["body"] for payload in inbox.rest()) == list(range(50))


def test_nothing_is_written_to_the_terminal(hook, capfd):
    send(hook)
    send(hook, "PUT")
    with socket.create_connection(("127.0.0.1", hook)) as rude:
        rude.sendall(b"POST /hook HTTP/1.1\r\n")
    assert send(hook)[0] == 202
    assert capfd.readouterr() == ("", "")
