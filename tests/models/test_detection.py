"""Which model is used when a session begins, and what looking for one does and does not do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from overseer.models import detection
from overseer.models.detection import Choice, LookFailed, ModelUnavailable, Wanted, detect
from overseer.models.look import HttpLook
from overseer.models.offers import LooksOnce, to_look_at
from overseer.models.place import Place
from overseer.models.remedies import reach
from overseer.models.roles import ModelRoles, connector
from overseer.models.settings import parse_models
from overseer.tool import Question
from tests.servers.model_server import ModelServer

HERE = "http://127.0.0.1:8080/v1"
AWAY = "https://models.example.org/v1"
OLLAMA = "http://127.0.0.1:11434"


class Sight:
    """Servers by address, with their models; notes what was looked at."""

    def __init__(self, servers: Mapping[str, list[str]] | None = None) -> None:
        self.servers = servers or {}
        self.looked_at: list[str] = []
        self.keys: list[str] = []

    def ollama_models(self, url: str) -> list[str]:
        return self._models(url)

    def openai_models(self, url: str, key: str) -> list[str]:
        self.keys.append(key)
        return self._models(url)

    def _models(self, url: str) -> list[str]:
        self.looked_at.append(url)
        if url not in self.servers:
            raise LookFailed("connection refused")
        return self.servers[url]


def detected(
    section: Any = None,
    environment: Mapping[str, str] | None = None,
    servers: Mapping[str, list[str]] | None = None,
    **options: Any,
) -> tuple[Choice, Sight]:
    environment, sight = environment or {}, Sight(servers)
    settings = parse_models(section, environment)
    return detect(settings, environment, environment.get, sight, **options), sight


KEY = {"OPENAI_API_KEY": "sk-1"}
RUNNING = {OLLAMA: ["nomic-embed-text", "zephyr", "llama3.2:latest"]}


@pytest.mark.parametrize(
    ("section", "environment", "servers", "model", "reason"),
    [
        ({}, {}, {}, None, "no language model was found, so plans are made by rules"),
        ({}, KEY, RUNNING, "openai/gpt-5-mini", "OPENAI_API_KEY is set"),
        ({}, {**KEY, "OPENAI_MODEL": "gpt-x"}, {}, "openai/gpt-x", "OPENAI_API_KEY is set"),
        ({}, {"OPENAI_BASE_URL": HERE}, {HERE: ["m1", "m2"]}, "openai/m1", "OPENAI_BASE_URL is set"),
        ({}, {"OPENAI_BASE_URL": HERE}, RUNNING, "ollama/llama3.2:latest", f"Ollama at {OLLAMA} is running and has it"),
        ({}, {"OPENAI_BASE_URL": AWAY}, RUNNING, "ollama/llama3.2:latest", f"Ollama at {OLLAMA} is running and has it"),
        ({}, {**KEY, "OPENAI_BASE_URL": AWAY, "OPENAI_MODEL": "m"}, {}, "openai/m", "OPENAI_API_KEY is set"),
        ({}, {}, {OLLAMA: ["zephyr"]}, "ollama/zephyr", f"Ollama at {OLLAMA} is running and has it"),
        (
            {},
            {},
            {OLLAMA: ["all-minilm"]},
            None,
            f"Ollama at {OLLAMA}: it has no model to talk to; run: ollama pull qwen3, so plans are made by rules",
        ),
        ({}, {}, {HERE: ["m"]}, None, "no language model was found, so plans are made by rules"),
        ({"detect": "wide"}, {}, {HERE: ["m"]}, "port8080/m", f"found at {HERE} (`detect: wide`)"),
        ({"detect": "off"}, KEY, RUNNING, None, "no model is named, and `detect: off` says not to look for one"),
        ({"default": "ollama/zephyr"}, KEY, RUNNING, "ollama/zephyr", "named by models.default in the settings"),
        ({"default": "ollama/llama3.2"}, {}, RUNNING, "ollama/llama3.2", "named by models.default in the settings"),
        (
            {"default": "ollama/zephyr"},
            {**KEY, "OVERSEER_MODEL": "openai/x"},
            {},
            "openai/x",
            "named by OVERSEER_MODEL",
        ),
        ({}, {"OVERSEER_BASE_URL": HERE}, {HERE: ["m"]}, "openai/m", "named by OVERSEER_BASE_URL"),
        ({}, {"OVERSEER_BASE_URL": HERE, "OVERSEER_MODEL": "x"}, {HERE: ["m"]}, "openai/x", "named by OVERSEER_MODEL"),
    ],
)
def test_what_was_named_goes_before_keys_and_those_before_servers(
    section: Any, environment: dict[str, str], servers: dict[str, list[str]], model: str | None, reason: str
) -> None:
    choice, _ = detected(section, environment, servers)
    assert (choice.model and str(choice.model), choice.reason) == (model, reason)
    assert (choice.provider is None) is (model is None)


def test_an_option_goes_before_all_else() -> None:
    environment = {**KEY, "OVERSEER_MODEL": "openai/x"}
    choice, _ = detected({"default": "openai/y"}, environment, RUNNING, wanted=Wanted("--model", "ollama/zephyr"))
    assert (str(choice.model), choice.reason) == ("ollama/zephyr", "named by --model")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted("--model", "zephir"), "no server has it; did you mean 'ollama/zephyr'?"),
        (
            Wanted("--model", "gpt-5"),
            "has it (near at http://127.0.0.1:9/v1: connection refused); there are: ollama/ze",
        ),
        (Wanted("--model", "olama/x"), "there is no provider 'olama'; did you mean 'ollama/x'?"),
        (Wanted("--model", "ollama/qwen3"), "run: ollama pull qwen3 (installed: nomic-embed-text, zephyr, llama3.2"),
        (Wanted("--model", "openai/gpt-5"), "it needs a key: set OPENAI_API_KEY in the environment"),
        (Wanted("--model", "near/m"), "connection refused"),
        (Wanted("--model", "scripted/none.yaml"), "there is no script none.yaml"),
        (Wanted("--base-url", base_url=HERE), "connection refused"),
        (Wanted("--base-url", base_url="127.0.0.1:8080"), "must begin with http"),
        (Wanted("--base-url", base_url=AWAY), "it needs a key: set OPENAI_API_KEY in the environment"),
    ],
)
def test_what_was_named_and_cannot_be_used_is_an_error_and_no_reason_to_go_on(wanted: Wanted, words: str) -> None:
    section = {"providers": {"near": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1"}}}
    with pytest.raises(ModelUnavailable) as caught:
        detected(section, {}, RUNNING, wanted=wanted)
    assert str(caught.value).startswith(f"{wanted.source} names ")
    assert words in str(caught.value)
    assert caught.value.probes[-1].outcome == "unusable"


@pytest.mark.parametrize("name", ["llama3.2:3b", "hf.co/some/model-GGUF:Q4_K_M", "meta-llama/Llama-3.1-8B", "llama3.2"])
def test_a_model_without_a_provider_is_that_of_the_one_server_that_has_it(name: str) -> None:
    servers = {OLLAMA: ["zephyr", "llama3.2:latest"], HERE: [name, "other"]}
    if name == "llama3.2":
        servers[HERE].remove(name)
    section = {"providers": {"near": {"kind": "openai", "base_url": HERE}}}
    choice, _ = detected(section, {}, servers, wanted=Wanted("--model", name))
    provider = "ollama" if name == "llama3.2" else "near"
    assert (str(choice.model), choice.provider and choice.provider.name) == (f"{provider}/{name}", provider)
    assert choice.reason == f"named by --model, and {provider} has it"
    assert choice.was_found  # so that it is told


def test_a_model_that_several_servers_have_is_not_guessed_at() -> None:
    section = {"providers": {"near": {"kind": "openai", "base_url": HERE}}}
    with pytest.raises(ModelUnavailable, match="2 servers have it; write ollama/zephyr or near/zephyr"):
        detected(section, {}, {**RUNNING, HERE: ["zephyr"]}, wanted=Wanted("--model", "zephyr"))


def test_a_server_that_goes_by_two_names_is_one() -> None:
    near = {"kind": "openai", "base_url": HERE}
    choice, sight = detected(
        {"providers": {"near": near, "here": near}}, {}, {HERE: ["zephyr"]}, wanted=Wanted("--model", "zephyr")
    )
    assert str(choice.model) == "near/zephyr"
    assert sight.looked_at.count(HERE) == 1


def test_for_a_name_alone_servers_elsewhere_are_asked_with_their_own_keys() -> None:
    away = {"kind": "openai", "base_url": AWAY}
    section = {"providers": {"away": {**away, "key": "AWAY_KEY"}}}
    choice, sight = detected(section, {"AWAY_KEY": "sk-2"}, {AWAY: ["zephyr"]}, wanted=Wanted("--model", "zephyr"))
    assert (str(choice.model), sight.keys) == ("away/zephyr", ["sk-2"])
    with pytest.raises(ModelUnavailable, match="no server was found that has it") as caught:
        detected(section, {}, {AWAY: ["zephyr"]}, wanted=Wanted("--model", "zephyr"))
    assert "write its provider in front: ollama/zephyr" in str(caught.value)


def test_servers_elsewhere_are_not_called() -> None:
    away = {"kind": "openai", "base_url": AWAY}
    section = {"providers": {"away": {**away, "key": "AWAY_KEY"}, "keyless": away}}
    environment = {"AWAY_KEY": "sk-2", "OPENAI_API_KEY": "sk-1"}
    for wanted in (
        None,
        Wanted("--model", "away/m"),
        Wanted("--model", "keyless/m"),
        Wanted("--model", "openai/gpt-5"),
    ):
        _, sight = detected(section, environment, wanted=wanted)
        assert not sight.looked_at


def test_strangers_get_no_key() -> None:
    _, sight = detected({"detect": "wide"}, {"OPENAI_BASE_URL": AWAY})
    assert sight.looked_at[0] == OLLAMA
    assert len(sight.looked_at) == 5
    assert not any(sight.keys)


def test_every_place_that_was_looked_at_is_told() -> None:
    choice, _ = detected({}, {"OPENAI_BASE_URL": AWAY}, {OLLAMA: []})
    assert [(probe.place, probe.outcome) for probe in choice.probes] == [
        ("OPENAI_BASE_URL", "unusable"),
        (f"Ollama at {OLLAMA}", "unusable"),
    ]
    assert "ollama pull" in choice.probes[1].detail


def test_a_script_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text("[hello]", encoding="utf-8")
    choice, _ = detected({"default": "scripted/demo.yaml"}, folder=tmp_path)
    assert choice.provider is not None
    assert choice.provider.kind == "scripted"


def test_what_was_chosen_answers() -> None:
    with ModelServer(["hello"], models=["zephyr"]) as server:
        environment = {"OLLAMA_HOST": server.url}
        settings = parse_models({}, environment)
        choice = detect(settings, environment, environment.get, HttpLook(timeout_s=20))
        assert not server.questions()  # looking asks nothing
        assert choice.model is not None
        assert choice.provider is not None
        models = ModelRoles(settings.with_default(choice.model, choice.provider), connector(environment.get))
        assert models.ask(Question("?")).text == "hello"


def test_a_server_on_a_port_of_others_is_found_only_where_that_is_wished(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer(["hello"], models=["text-embed", "m"]) as server:
        monkeypatch.setattr(detection, "WIDE_PORTS", (9, int(server.url.rpartition(":")[2])))
        environment = {"OLLAMA_HOST": "127.0.0.1:9"}
        usual = detect(parse_models({}, environment), environment, environment.get, HttpLook(timeout_s=20))
        assert (usual.model, server.calls) == (None, [])
        settings = parse_models({"detect": "wide"}, environment)
        wide = detect(settings, environment, environment.get, HttpLook(timeout_s=20))
        assert wide.reason == f"found at {server.openai_url} (`detect: wide`)"
        assert [probe.outcome for probe in wide.probes] == ["absent", "absent", "absent", "found"]
        assert [call.path for call in server.calls] == ["/v1/models"]  # and no question
        assert wide.model is not None
        assert wide.provider is not None
        models = ModelRoles(settings.with_default(wide.model, wide.provider), connector(environment.get))
        assert models.ask(Question("?")).text == "hello"
        assert server.questions()[0]["model"] == "m"


def test_servers_are_looked_at_as_they_are() -> None:
    look = HttpLook(timeout_s=20)
    with ModelServer(models=["a", "b"]) as server:
        assert look.ollama_models(server.url) == look.openai_models(server.openai_url, "sk-1") == ["a", "b"]
        assert server.calls[-1].headers["authorization"] == "Bearer sk-1"
        with pytest.raises(LookFailed, match="status 404"):
            look.openai_models(f"{server.url}/nowhere", "")
    with pytest.raises(LookFailed, match="refused"):
        look.ollama_models(server.url)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n<html>", "not JSON"),
        (b"HTTP/1.0 200 OK\r\n\r\n[1]", "no list of models"),
        (b'HTTP/1.0 200 OK\r\n\r\n{"data": {}}', "no list of models"),
        (b"HTTP/1.0 302 Found\r\nlocation: http://elsewhere/\r\n\r\n", "status 302"),
        (b"SSH-2.0\r\n", "SSH"),
        (b"", "closed connection"),
    ],
)
def test_servers_of_other_kinds_are_passed_over(answer: bytes, words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve_once, args=(listening, answer), daemon=True)
        thread.start()
        with pytest.raises(LookFailed, match=words):
            HttpLook(timeout_s=20).openai_models(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", "")
        thread.join()


def _serve_once(listening: socket.socket, answer: bytes, heard: list[bytes] | None = None) -> None:
    connection, _ = listening.accept()
    with connection:
        asked = connection.recv(65536)
        if heard is not None:
            heard.append(asked)
        connection.sendall(answer)


def test_a_server_that_says_nothing_holds_nobody_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        began = time.monotonic()
        with pytest.raises(LookFailed, match=r"no answer within 0\.3 s"):
            HttpLook().ollama_models(f"http://127.0.0.1:{listening.getsockname()[1]}")
        assert time.monotonic() - began < 10


def proxied(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("https_proxy", proxy)


def test_servers_elsewhere_are_looked_at_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"data": [{"id": "far"}]}'
    with socket.create_server(("127.0.0.1", 0)) as listening:
        heard: list[bytes] = []
        answer = b"HTTP/1.0 200 OK\r\n\r\n" + body
        thread = threading.Thread(target=_serve_once, args=(listening, answer, heard), daemon=True)
        thread.start()
        proxied(monkeypatch, f"http://ann:pass%20word@127.0.0.1:{listening.getsockname()[1]}")
        assert HttpLook(timeout_s=20).openai_models("http://models.example/v1", "") == ["far"]
        thread.join()
    assert heard[0].startswith(b"GET http://models.example/v1/models HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic YW5uOnBhc3Mgd29yZA==" in heard[0]


def test_a_proxy_that_is_not_there_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    proxied(monkeypatch, "http://ann:secret@127.0.0.1:9")
    with pytest.raises(LookFailed, match=r"^Connection refused, through the proxy 127\.0\.0\.1:9$"):
        HttpLook(timeout_s=20).openai_models("https://models.example/v1", "")


@pytest.mark.parametrize(
    ("url", "proxy", "words"),
    [
        ("http://example.invalid/v1", "http://ann:secret@[bad", r"^the proxy \[bad cannot be used"),
        ("http://example.invalid/v1", "http://[bad", r"^the proxy http://\[bad cannot be used"),
        (
            "http://example.invalid/v1",
            "http://ann:secret@p:99999",
            "^the address or that of the proxy p:99999 cannot be",
        ),
        ("http://127.0.0.1:99999/v1", "", "^the address cannot be used: Port out of range"),
        ("http://a..b/v1", "", "^the address cannot be used: "),
    ],
)
def test_an_address_that_cannot_be_used_is_told_as_such(
    url: str, proxy: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxied(monkeypatch, proxy)
    with pytest.raises(LookFailed, match=words):
        HttpLook(timeout_s=20).openai_models(url, "")


def test_a_key_that_cannot_be_sent_is_told_without_showing_it() -> None:
    with pytest.raises(LookFailed, match=r"^its key has letters that cannot be sent$"):
        HttpLook(timeout_s=20).openai_models("http://127.0.0.1:9/v1", "sk-1\nsk-2")


class ByKey(Sight):
    """A server that gives each key its own models."""

    def openai_models(self, url: str, key: str) -> list[str]:
        super().openai_models(url, key)
        return [f"of {key}"]


def test_a_place_is_looked_at_once_with_each_key() -> None:
    look = LooksOnce(sight := ByKey({HERE: []}))
    assert [look.openai_models(HERE, key) for key in ("a", "b", "a")] == [["of a"], ["of b"], ["of a"]]
    assert sight.keys == ["a", "b"]


def test_servers_are_told_apart_by_the_keys_that_they_are_given() -> None:
    keyed = {
        name: {"kind": "openai", "base_url": HERE, "key": f"{name.upper()}_KEY"} for name in ("one", "two", "none")
    }
    section = {"providers": {**keyed, "plain": {"kind": "openai", "base_url": HERE}}}
    keys = {"ONE_KEY": "a", "TWO_KEY": "b"}
    found = to_look_at(parse_models(section, {}).providers, keys.get)
    assert [provider.name for provider in found if provider.url == HERE] == ["one", "two", "none"]


def test_a_port_of_others_that_was_set_up_with_a_key_is_not_looked_at_without() -> None:
    section = {"detect": "wide", "providers": {"own": {"kind": "openai", "base_url": HERE, "key": "OWN_KEY"}}}
    choice, _ = detected(section, {"OWN_KEY": "a"}, {HERE: ["m"]}, wanted=Wanted("--model", "m"))
    assert str(choice.model) == "own/m"


def test_the_remedy_names_a_proxy_that_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    proxied(monkeypatch, "http://ann:secret@[bad")
    told = reach(Place("openai", "x", "http://example.invalid/v1"), "start it")
    assert "(the proxy [bad cannot be used: it is no address)" in told
    assert "secret" not in told
