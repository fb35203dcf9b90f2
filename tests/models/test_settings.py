"""The section `models:` of the settings."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.errors import UsageError
from overseer.models.settings import ModelRef, Price, Provider, RoleSettings, ollama_url, parse_models

SECTION: dict[str, Any] = {
    "default": "openai/gpt-5-mini",
    "roles": {
        "coder": "ollama/qwen3-coder",
        "translator": {"model": "local/meta/llama", "temperature": 0.2, "max_tokens": 2000},
        "summarizer": {"temperature": 0},
    },
    "providers": {
        "local": {"kind": "openai", "base_url": "http://127.0.0.1:8080/v1/", "key": "LOCAL_KEY", "timeout": "5m"},
        "attic": {"kind": "ollama", "host": "attic:11434"},
    },
    "prices": {"local/meta/llama": {"input": 0.1, "output": 0.2}},
    "detect": "wide",
}


def test_everything_that_can_be_said_is_read() -> None:
    settings = parse_models(SECTION, {})
    assert settings.default == RoleSettings(ModelRef("openai", "gpt-5-mini"))
    assert settings.roles == {
        "coder": RoleSettings(ModelRef("ollama", "qwen3-coder")),
        "translator": RoleSettings(ModelRef("local", "meta/llama"), 0.2, 2000),
        "summarizer": RoleSettings(None, 0.0),
    }
    assert settings.providers["local"] == Provider("local", "openai", "http://127.0.0.1:8080/v1", "LOCAL_KEY", 300.0)
    assert settings.providers["attic"].url == "http://attic:11434"
    assert settings.prices == {"local/meta/llama": Price(0.1, 0.2)}
    assert settings.detect == "wide"


@pytest.mark.parametrize("section", [None, {}])
def test_nothing_needs_to_be_said(section: Any) -> None:
    settings = parse_models(section, {})
    assert settings.default.model is None
    assert sorted(settings.providers) == ["gguf", "ollama", "openai", "scripted"]
    assert parse_models({"detect": False}, {}).detect == "off"


def test_the_environment_says_where_servers_are() -> None:
    settings = parse_models({}, {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OLLAMA_HOST": "0.0.0.0"})
    assert settings.providers["openai"].url == "http://127.0.0.1:1/v1"
    assert settings.providers["ollama"].url == "http://127.0.0.1:11434"


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OLLAMA_HOST"])
def test_a_variable_that_is_no_address_is_an_error(variable: str) -> None:
    with pytest.raises(UsageError, match=f"{variable}: must be"):
        parse_models({}, {variable: "http://[half:x"})


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"defualt": "a/b"}, "unknown key 'defualt'; did you mean 'default'?"),
        ({"default": "gpt-5"}, "default: must be written provider/model, such as ollama/gpt-5"),
        ({"default": "opnai/gpt-5"}, "default: there is no provider 'opnai'; did you mean 'openai'?"),
        ({"roles": {"coder": {"modle": "a/b"}}}, "roles.coder: unknown key 'modle'; did you mean 'model'?"),
        ({"roles": {"coder": {"temperature": 3}}}, "roles.coder.temperature: must be a number from 0 to 2, not 3"),
        ({"roles": {"coder": {"max_tokens": 0}}}, "roles.coder.max_tokens: must be a whole number of at least 1"),
        ({"roles": ["coder"]}, "roles: must hold keys and values, not a list"),
        ({"providers": {"x": {"base_url": "http://a"}}}, "providers.x: has no kind"),
        ({"providers": {"x": {"kind": "azure"}}}, "providers.x.kind: must be one of openai, ollama, scripted, gguf"),
        ({"providers": {"x": {"kind": "openai"}}}, "providers.x: has no base_url"),
        ({"providers": {"x": {"kind": "openai", "base_url": "a:1"}}}, "providers.x.base_url: must be an address"),
        ({"providers": {"x": {"kind": "ollama", "base_url": "a"}}}, "providers.x: unknown key 'base_url'"),
        ({"providers": {"x": {"kind": "ollama", "host": "a:b"}}}, "providers.x.host: must be a host"),
        ({"providers": {"x": {"kind": "ollama", "timeout": "soon"}}}, "providers.x.timeout: "),
        ({"providers": {"a/b": {"kind": "ollama"}}}, "must not be empty or have a '/' in it"),
        ({"prices": {"a/b": {"input": 1}}}, "prices.a/b: has no output"),
        ({"detect": "far"}, "detect: must be one of usual, wide, off"),
        ([], "must hold keys and values"),
    ],
)
def test_what_is_wrong_is_named(section: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_models(section, {})
    assert words in str(caught.value)


def test_a_key_itself_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        parse_models({"providers": {"x": {"kind": "openai", "base_url": "http://a", "key": "sk-1-secret"}}}, {})
    assert "must be the name of a secret" in str(caught.value)
    assert "sk-1" not in str(caught.value)


def test_all_faults_are_named_together() -> None:
    with pytest.raises(UsageError) as caught:
        parse_models({"default": "x", "roles": {"a": 1}, "detect": 2}, {})
    assert all(f"{place}: " in str(caught.value) for place in ("default", "roles.a", "detect"))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("attic", "http://attic:11434"),
        ("http://attic", "http://attic:80"),
        ("https://attic/x/", "https://attic:443/x"),
        ("[::1]:55", "http://[::1]:55"),
        ("[::]", "http://[::1]:11434"),
    ],
)
def test_hosts_are_read_as_ollama_reads_them(host: str, url: str) -> None:
    assert ollama_url(host) == url
