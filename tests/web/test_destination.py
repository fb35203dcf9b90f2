"""Where connections may go: looked up once, checked whole, and nowhere else."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from overseer.tool import ToolError
from overseer.web import WebClient
from tests.web.servers import Server, answering


class Names:
    """A name server: each look-up of a name gives the next of its answers."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, type: int = 0) -> list[Any]:
        self.asked.append(host)
        addresses = self._answers[host.partition(".")[0]].pop(0)
        return [
            (socket.AF_INET6, type, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, type, 6, "", (address, port))
            for address in addresses
        ]


def denied(url: str, **options: Any) -> str:
    with pytest.raises(ToolError) as caught:
        WebClient(**options).request("GET", url, timeout_s=5)
    assert caught.value.kind == "denied"
    return str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[::]",
        "[64:ff9b::127.0.0.1]",
    ],
)
def test_a_server_of_this_machine_is_out_of_reach_whatever_it_is_called(host: str) -> None:
    with Server(answering(b"private")) as server:
        reason = denied(f"http://{host}:{server.port}/")
        assert server.accepted == 0
        assert "web.allow in config.yaml" in reason
        assert WebClient(allow=[server.authority]).request("GET", server.url).body == b"private"


def test_a_name_that_leads_here_is_refused_and_the_reason_says_all() -> None:
    with Server(answering()) as server:
        names = Names(evil=[["127.0.0.1"]])
        reason = denied(f"http://evil.example:{server.port}/x", resolve=names)
        assert server.accepted == 0
    url = f"http://evil.example:{server.port}/x"
    remedy = f"if that is meant, add 'evil.example:{server.port}' to web.allow in config.yaml"
    assert reason == f"{url} leads to 127.0.0.1, a loopback address; {remedy}"


@pytest.mark.parametrize(
    "addresses", [["8.8.8.8", "127.0.0.1"], ["2001:4860:4860::8888", "fe80::1%1"], ["::ffff:10.0.0.1"]]
)
def test_every_address_of_a_name_must_be_public(addresses: list[str]) -> None:
    denied("http://evil.example/", resolve=Names(evil=[addresses]))


def test_a_name_is_looked_up_once_so_that_it_cannot_change_its_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(answering(b"private")) as server:
        names = Names(rebind=[["93.184.216.34"], ["127.0.0.1"]])
        connected: list[Any] = []

        def connect(self: socket.socket, address: Any) -> None:
            connected.append(address)
            raise ConnectionRefusedError

        monkeypatch.setattr(socket.socket, "connect", connect)
        with pytest.raises(ToolError) as caught:
            WebClient(resolve=names).request("GET", f"http://rebind.example:{server.port}/")
        assert caught.value.kind == "transient"
        assert connected == [("93.184.216.34", server.port)]
        assert names.asked == ["rebind.example"]
        assert server.accepted == 0


def test_the_server_is_told_the_name_and_not_the_address() -> None:
    with Server(answering(b"ok")) as server:
        client = WebClient(allow=[f"Here.Example:{server.port}"], resolve=Names(here=[["127.0.0.1"]]))
        assert client.request("GET", f"http://here.example:{server.port}/").body == b"ok"
    assert server.received[0].headers["host"] == f"here.example:{server.port}"


def test_an_exception_is_for_one_host_and_port() -> None:
    with Server(answering()) as server:
        for allow in (f"127.0.0.1:{server.port - 1}", f"localhost:{server.port}", "localhost"):
            denied(server.url, allow=[allow])
        # Nor does it hold for a name that leads to the same place.
        denied(f"http://x.example:{server.port}/", allow=[server.authority], resolve=Names(x=[["127.0.0.1"]]))
        assert server.accepted == 0
        for allow in ("127.0.0.1", "127.1", f"2130706433:{server.port}"):
            assert WebClient(allow=[allow]).request("GET", server.url).status == 200


@pytest.mark.parametrize("port", [22, 25, 1023])
def test_the_ports_of_other_services_are_refused(port: int) -> None:
    assert f"asks port {port}, which is not for the web" in denied(f"http://8.8.8.8:{port}/")


@pytest.mark.parametrize("text", ["http://localhost:8000", "localhost/x", "a@b", "", "a b", "x:0", "::1", "1.2.3.4.5"])
def test_an_exception_that_is_no_host_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"in web\.allow is not a host"):
        WebClient(allow=[text])


def test_an_exception_may_be_an_ipv6_address() -> None:
    with pytest.raises(ToolError) as caught:
        WebClient(allow=["[::1]"]).request("GET", "http://[0:0::1]:9/", timeout_s=5)
    assert caught.value.kind == "transient"  # asked, but nobody listens


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "bad_request"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "transient"),
        (OSError("broken"), "transient"),
    ],
)
def test_a_name_that_cannot_be_looked_up_says_whether_to_try_again(error: OSError, kind: str) -> None:
    def failing(*_: Any, **__: Any) -> list[Any]:
        raise error

    with pytest.raises(ToolError, match=r"nowhere\.example") as caught:
        WebClient(resolve=failing).request("GET", "http://nowhere.example/")
    assert caught.value.kind == kind


def test_a_name_without_addresses_may_be_tried_again() -> None:
    with pytest.raises(ToolError, match="has no address") as caught:
        WebClient(resolve=Names(empty=[[]])).request("GET", "http://empty.example/")
    assert caught.value.kind == "transient"


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(answering(b"proxy")) as proxy, Server(answering(b"direct")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert WebClient(allow=[server.authority]).request("GET", server.url).body == b"direct"
        assert proxy.accepted == 0
