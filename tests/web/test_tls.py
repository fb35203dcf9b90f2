"""Encrypted connections: the certificate must be for the name that was asked, whatever the address."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from overseer.tool import Cancellation, ToolError
from overseer.web import WebClient
from tests.web.servers import Received, Server, answering, response

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is needed to make a certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for good.example that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "made.pem", folder / "key.pem"
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=good.example"
    extra = ["-addext", "subjectAltName=DNS:good.example", "-keyout", str(key), "-out", str(made)]
    subprocess.run([*new.split(), *extra], check=True, capture_output=True, timeout=60)
    return made, key


@pytest.fixture
def server_tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


def here(host: str, port: int, **_: Any) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_the_certificate_is_checked_against_the_name_though_the_address_is_pinned(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    asked: list[str | None] = []
    server_tls.sni_callback = lambda connection, name, context: asked.append(name)
    with Server(answering(b"safe"), server_tls) as server:
        client = WebClient(allow=["good.example"], resolve=here, tls=trusting)
        url = f"https://good.example:{server.port}/"
        assert client.request("GET", url).body == b"safe"
    assert asked == ["good.example"]
    assert server.received[0].headers["host"] == f"good.example:{server.port}"


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_is_refused(
    host: str, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with Server(answering(b"safe"), server_tls) as server, pytest.raises(ToolError, match="who it is") as caught:
        WebClient(allow=[host], resolve=here, tls=trusting).request("GET", f"https://{host}:{server.port}/")
    assert caught.value.kind == "denied"
    assert not server.received


def test_a_certificate_that_nobody_vouches_for_is_refused(server_tls: ssl.SSLContext) -> None:
    with Server(answering(b"safe"), server_tls) as server, pytest.raises(ToolError, match="self-signed") as caught:
        WebClient(allow=["good.example"], resolve=here).request("GET", f"https://good.example:{server.port}/")
    assert caught.value.kind == "denied"


def test_an_encrypted_answer_does_not_lead_to_an_open_one(server_tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with Server(answering()) as there, Server(answering(), server_tls) as server:
        server.behaviour = answering(b"", f"Location: {there.url}", status="301 Moved")
        client = WebClient(allow=["good.example", there.authority], resolve=here, tls=trusting)
        with pytest.raises(ToolError, match="not encrypted any more") as caught:
            client.request("GET", f"https://good.example:{server.port}/")
    assert caught.value.kind == "denied"
    assert there.accepted == 0


def test_a_server_that_does_not_speak_tls_is_an_error(trusting: ssl.SSLContext) -> None:
    def answer_plainly() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(10_000)
            connection.sendall(response(status="400 Bad Request"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering_plainly = threading.Thread(target=answer_plainly)
        answering_plainly.start()
        client = WebClient(allow=["good.example"], resolve=here, tls=trusting)
        with pytest.raises(ToolError, match="failed at the handshake") as caught:
            client.request("GET", f"https://good.example:{listener.getsockname()[1]}/")
        answering_plainly.join()
    assert caught.value.kind == "tool"


def test_a_handshake_without_end_takes_no_longer_than_allowed(trusting: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = WebClient(allow=["good.example"], resolve=here, tls=trusting)
        with pytest.raises(ToolError) as caught:
            client.request("GET", f"https://good.example:{listener.getsockname()[1]}/", timeout_s=0.2)
    assert caught.value.kind == "timeout"


@pytest.mark.parametrize("moment", ["handshake", "body"])
def test_an_encrypted_request_is_cancelled_at_once(
    moment: str, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    started, release = threading.Event(), threading.Event()

    def stalling(connection: socket.socket, request: Received) -> None:
        connection.sendall(response(b"abcde")[:-2])
        started.set()
        release.wait(10)

    def silent_handshake(connection: Any, name: str | None, context: ssl.SSLContext) -> None:
        started.set()
        release.wait(10)

    if moment == "handshake":
        server_tls.sni_callback = silent_handshake
    cancellation, asked = Cancellation(), []

    def cancel() -> None:
        started.wait(10)
        time.sleep(0.05)  # until it waits again
        asked.append(time.monotonic())
        cancellation.ask()

    with Server(stalling, server_tls) as server:
        canceller = threading.Thread(target=cancel)
        canceller.start()
        client = WebClient(allow=["good.example"], resolve=here, tls=trusting)
        with pytest.raises(ToolError) as caught:
            client.request("GET", f"https://good.example:{server.port}/", cancellation=cancellation)
        took = time.monotonic() - asked[0]
        release.set()
        canceller.join()
    assert caught.value.kind == "cancelled"
    assert took < 1
