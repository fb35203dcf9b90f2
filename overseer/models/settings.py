"""Which model serves which role, and where: the section `models:` of the settings, read and checked.

models:
  default: openai/gpt-5-mini             # provider/model, or the file of one: ~/models/qwen3.gguf
  roles:
    coder: ollama/qwen3-coder
    translator: {model: openai/gpt-5-mini, temperature: 0.2, max_tokens: 2000}
    summarizer: {temperature: 0}         # of the default model
  providers:
    local: {kind: openai, base_url: http://127.0.0.1:8080/v1, key: LOCAL_KEY, timeout: 5m}
    gguf: {kind: gguf, window: 16384}    # of models in files
  prices:
    openai/gpt-5-mini: {input: 0.25, output: 2}   # per million tokens
  detect: usual                          # wide: also look for servers on ports that others use; off: do not look
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, cast, get_args
from urllib.parse import urlsplit

from overseer.jsonvalue import Json
from overseer.models.checks import Faults
from overseer.models.gguf_file import is_file_name
from overseer.models.ollama_model import OLLAMA_URL
from overseer.models.openai_model import OPENAI_URL
from overseer.plan.durations import seconds_of
from overseer.plan.suggestions import did_you_mean

ProviderKind = Literal["openai", "ollama", "scripted", "gguf"]
Detect = Literal["usual", "wide", "off"]

FILES = "gguf"  # the provider of models that are named by their files


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model by its provider and name, written `provider/name`."""

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


@dataclass(frozen=True, slots=True)
class Provider:
    """A server with models. `key` is the name under which its key is kept, not the key."""

    name: str
    kind: ProviderKind
    url: str = ""
    key: str = ""
    timeout_s: float | None = None
    window: int | None = None  # of a model in a file: how many tokens it reads and writes at most


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """What a role gets: a model, where it has one of its own, and how that is to be asked."""

    model: ModelRef | None = None
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The section, read. `providers` has those that need no settings as well."""

    default: RoleSettings = RoleSettings()
    roles: Mapping[str, RoleSettings] = field(default_factory=dict)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    detect: Detect = "usual"

    def with_default(self, model: ModelRef, provider: Provider) -> ModelSettings:
        """The same, with another default model."""
        providers = {**self.providers, provider.name: provider}
        return replace(self, default=replace(self.default, model=model), providers=providers)

    def without_models_of_roles(self) -> ModelSettings:
        """The same, with the default model for every role."""
        return replace(self, roles={name: replace(role, model=None) for name, role in self.roles.items()})

    def without_models(self) -> ModelSettings:
        """The same, with no model for any role."""
        return replace(self.without_models_of_roles(), default=replace(self.default, model=None))

    def names(self, model: ModelRef) -> bool:
        """Whether the model is one of those that the settings give to roles."""
        return any(role.model == model for role in (self.default, *self.roles.values()))


def parse_models(section: Json, environment: Mapping[str, str]) -> ModelSettings:
    """The settings that the section is; UsageError with everything that is wrong with it."""
    faults = Faults("models")
    given = faults.mapping("", section if section is not None else {})
    faults.refuse_unknown("", given, ("default", "roles", "providers", "prices", "detect"))
    providers = dict(built_in(environment))
    for name, value in _entries(faults, "providers", given):
        providers[name] = _provider(faults, name, value)
    roles = {name: _role(faults, f"roles.{name}", value, providers) for name, value in _entries(faults, "roles", given)}
    default = _role(faults, "default", given["default"], providers) if "default" in given else RoleSettings()
    prices = {name: price_of(faults, f"prices.{name}", value) for name, value in _entries(faults, "prices", given)}
    detect = "off" if given.get("detect") is False else given.get("detect", "usual")  # YAML reads off as false
    chosen = cast(Detect, faults.one_of("detect", detect, get_args(Detect)))
    faults.raise_if_any()
    return ModelSettings(default, roles, providers, prices, chosen)


def built_in(environment: Mapping[str, str]) -> dict[str, Provider]:
    """The providers that there are without settings; UsageError if the environment names no address."""
    faults = Faults("the environment")
    openai_url = _address(faults, "OPENAI_BASE_URL", environment.get("OPENAI_BASE_URL") or OPENAI_URL)
    host = _host(faults, "OLLAMA_HOST", environment.get("OLLAMA_HOST", ""))
    faults.raise_if_any()
    return {
        "openai": Provider("openai", "openai", openai_url, "OPENAI_API_KEY"),
        "ollama": Provider("ollama", "ollama", host),
        "scripted": Provider("scripted", "scripted"),
        FILES: Provider(FILES, "gguf"),
    }


def is_whole(text: str, providers: Mapping[str, Provider]) -> bool:
    """Whether a text says on which server a model is, or that it is a file, beside what it is called there."""
    provider, slash, _ = text.strip().partition("/")
    return (bool(slash) and provider in providers) or is_file_name(text.strip())


def model_ref(text: str, providers: Mapping[str, Provider]) -> ModelRef:
    """The model that is written `provider/name`, or is the name of a file; ValueError says what is wrong with that."""
    provider, slash, name = text.strip().partition("/")
    if is_file_name(text.strip()) and provider not in providers:
        return ModelRef(FILES, text.strip())
    if not slash or not name:
        raise ValueError(f"must be written provider/model, such as ollama/{provider or 'qwen3'}, not {text!r}")
    if provider not in providers:
        raise ValueError(f"there is no provider '{provider}'; {did_you_mean(provider, providers, 'there are')}")
    return ModelRef(provider, name)


def ollama_url(host: str) -> str:
    """The address of the server that OLLAMA_HOST means, which may be given without scheme or port."""
    host = host.strip()
    has_scheme = "://" in host
    parts = urlsplit(host if has_scheme else f"http://{host}")
    name = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(parts.hostname or "", parts.hostname)
    usual = {"http": 80, "https": 443}[parts.scheme] if parts.scheme in ("http", "https") and has_scheme else 11434
    shown = f"[{name}]" if name and ":" in name else name
    return f"{parts.scheme}://{shown}:{parts.port or usual}{parts.path.rstrip('/')}" if host else OLLAMA_URL


def price_of(faults: Faults, place: str, value: Json) -> Price:
    given = faults.mapping(place, value)
    faults.refuse_unknown(place, given, ("input", "output"))
    for key in ("input", "output"):
        if key not in given:
            faults.add(place, f"has no {key}; give the price of a million tokens")
    return Price(*(faults.number(f"{place}.{key}", given.get(key, 0)) for key in ("input", "output")))


def _entries(faults: Faults, key: str, given: Mapping[str, Json]) -> list[tuple[str, Json]]:
    value = given.get(key)
    return [] if value is None else list(faults.mapping(key, value).items())


_OWN_KEYS: Final[Mapping[ProviderKind, tuple[str, ...]]] = {
    "openai": ("kind", "base_url", "key", "timeout"),
    "ollama": ("kind", "host", "timeout"),
    "scripted": ("kind",),
    "gguf": ("kind", "window"),
}


def _provider(faults: Faults, name: str, value: Json) -> Provider:
    place = f"providers.{name}"
    given = faults.mapping(place, value)
    if "/" in name or not name:
        faults.add(place, "a provider's name must not be empty or have a '/' in it")
    if "kind" not in given:
        faults.add(place, f"has no kind; there are: {', '.join(_OWN_KEYS)}")
    kind = cast(ProviderKind, faults.one_of(f"{place}.kind", given.get("kind", "openai"), tuple(_OWN_KEYS)))
    faults.refuse_unknown(place, given, _OWN_KEYS[kind])
    if kind == "ollama":
        url = _host(faults, f"{place}.host", faults.text(f"{place}.host", given.get("host", "")))
    elif kind == "openai":
        url = _url(faults, place, given)
    else:
        url = ""
    window = faults.whole(f"{place}.window", given["window"], least=256) if "window" in given else None
    return Provider(name, kind, url, _key_name(faults, place, given), _timeout(faults, place, given), window)


def _url(faults: Faults, place: str, given: Mapping[str, Json]) -> str:
    if "base_url" not in given:
        faults.add(place, "has no base_url; give an address such as http://127.0.0.1:8080/v1")
        return ""
    return _address(faults, f"{place}.base_url", faults.text(f"{place}.base_url", given["base_url"]))


def _address(faults: Faults, place: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, or half of a bracket
        is_one = False
    if not is_one:
        faults.add(place, f"must be an address such as http://127.0.0.1:8080/v1, not {url!r}")
    return url.rstrip("/")


def _host(faults: Faults, place: str, host: str) -> str:
    try:
        return ollama_url(host)
    except ValueError:
        faults.add(place, f"must be a host such as 127.0.0.1:11434, not {host!r}")
        return OLLAMA_URL


def _key_name(faults: Faults, place: str, given: Mapping[str, Json]) -> str:
    if "key" not in given:
        return ""
    name = given["key"]
    if isinstance(name, str) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return name
    # Not shown: it may be the key itself.
    faults.add(f"{place}.key", "must be the name of a secret, such as LOCAL_KEY, and not the key itself")
    return ""


def _timeout(faults: Faults, place: str, given: Mapping[str, Json]) -> float | None:
    if "timeout" not in given:
        return None
    try:
        return seconds_of(given["timeout"])
    except ValueError as error:
        faults.add(f"{place}.timeout", str(error))
        return None


def _role(faults: Faults, place: str, value: Json, providers: Mapping[str, Provider]) -> RoleSettings:
    given = {"model": value} if isinstance(value, str) else faults.mapping(place, value)
    faults.refuse_unknown(place, given, ("model", "temperature", "max_tokens"))
    model, temperature, max_tokens = None, given.get("temperature"), given.get("max_tokens")
    if "model" in given:
        try:
            model = model_ref(faults.text(place, given["model"]), providers)
        except ValueError as error:
            faults.add(place, str(error))
    if temperature is not None:
        temperature = faults.number(f"{place}.temperature", temperature, most=2)
    if max_tokens is not None:
        max_tokens = faults.whole(f"{place}.max_tokens", max_tokens)
    return RoleSettings(model, temperature, max_tokens)
