"""Which model to use when a session begins: the one that was named, or else one that is found.

What was named is used or is an error: it never falls through to something else. What is looked for
by default is keys in the environment and servers on this machine; nothing is asked of a model, so no
text goes anywhere before the choice was shown. Looking is left to a `Look`, so that the order is a
function of what it sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_never
from urllib.parse import urlsplit

from overseer.errors import ModelUnavailable
from overseer.models.gguf_file import fault_of
from overseer.models.model import is_loopback
from overseer.models.offers import (
    Look,
    LookFailed,
    Offer,
    Secret,
    for_talking,
    is_among,
    located,
    names_at,
    offer_of,
    to_look_at,
)
from overseer.models.openai_model import OPENAI_URL
from overseer.models.remedies import to_give
from overseer.models.settings import ModelRef, ModelSettings, Provider, is_whole, model_ref
from overseer.plan.suggestions import listed

NONE_FOUND = "no language model was found"

USUAL_OPENAI_MODEL = "gpt-5-mini"

# The first of these that is installed is used, or else any that is made for talking.
PREFERRED = ("qwen3", "llama3.3", "llama3.2", "llama3.1", "gemma3", "mistral", "phi4", "qwen2.5", "llama3")

# Where other programs serve models: LM Studio, vLLM, llama.cpp, Jan.
WIDE_PORTS = (1234, 8000, 8080, 1337)


@dataclass(frozen=True, slots=True)
class Probe:
    """One place that was looked at, and what was there."""

    place: str
    outcome: Literal["found", "absent", "unusable"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model that was named, by whoever did so: `--model`, say. Either part may be left out."""

    source: str
    model: str = ""
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to use and why. Without a model, plans are made by rules."""

    model: ModelRef | None
    provider: Provider | None
    reason: str
    probes: tuple[Probe, ...] = ()
    offers: tuple[Offer, ...] = ()  # of the servers that were looked at on the way
    was_found: bool = True  # and not named as it is, so that who uses it says which it is
    in_vain: str = ""  # what somebody has set up, and why it is of no use

    @property
    def because(self) -> str:
        return self.reason if self.reason.startswith("named ") else f"since {self.reason}"


def detect(
    settings: ModelSettings,
    environment: Mapping[str, str],
    secret: Secret,
    look: Look,
    *,
    wanted: Wanted | None = None,
    folder: Path | None = None,
) -> Choice:
    """The model to use; ModelUnavailable if one was named that cannot be."""
    search = _Search(settings, environment, secret, look, folder or Path())
    named = wanted or wanted_by(settings, environment)
    if named is not None:
        return search.named(named)
    if settings.detect == "off":
        return Choice(None, None, "no model is named, and `detect: off` says not to look for one")
    places = [search.openai, search.ollama, *([search.wide] if settings.detect == "wide" else [])]
    return next((choice for place in places if (choice := place())), None) or search.without_one()


def wanted_by(settings: ModelSettings, environment: Mapping[str, str]) -> Wanted | None:
    """The model that the environment names, or else the settings; None if it is to be looked for."""
    return _from_environment(environment) or _from_settings(settings)


def _from_environment(environment: Mapping[str, str]) -> Wanted | None:
    model, url = environment.get("OVERSEER_MODEL", ""), environment.get("OVERSEER_BASE_URL", "")
    source = "OVERSEER_MODEL" if model else "OVERSEER_BASE_URL"
    return Wanted(source, model, url) if model or url else None


def _from_settings(settings: ModelSettings) -> Wanted | None:
    model = settings.default.model
    return Wanted("models.default in the settings", str(model)) if model else None


class _Search:
    """One search, with what it has seen so far."""

    def __init__(
        self, settings: ModelSettings, environment: Mapping[str, str], secret: Secret, look: Look, folder: Path
    ) -> None:
        self.probes: list[Probe] = []
        self._providers = settings.providers
        self._detect = settings.detect
        self._environment = environment
        self._secret = secret
        self._look = look
        self._folder = folder
        self._offers: dict[str, Offer] = {}

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What was listed so far, by whom."""
        return tuple(self._offers.values())

    def named(self, wanted: Wanted) -> Choice:
        try:
            if not wanted.base_url and not is_whole(wanted.model, self._providers):
                return self._located(wanted)
            model, provider = self._meant(wanted)
            match provider.kind:
                case "openai":
                    model = self._named_openai(model, provider)
                case "ollama":
                    self._named_ollama(model, provider)
                case "scripted":
                    self._named_script(model)
                case "gguf":
                    self._named_file(model)
                case _:
                    assert_never(provider.kind)
        except (LookFailed, ValueError) as error:
            self._note(wanted.model or wanted.base_url, "unusable", str(error))
            message = f"{wanted.source} names {wanted.model or wanted.base_url}, which cannot be used: {error}"
            raise ModelUnavailable(message, tuple(self.probes)) from error
        return self._chosen(model, provider, f"named by {wanted.source}", was_found=not wanted.model)

    def _located(self, wanted: Wanted) -> Choice:
        """The model of a name without a provider; ValueError if not exactly one server has it."""
        offers = [offer_of(provider, self._secret, self._look) for provider in self._at_hand()]
        self._offers |= {offer.provider.name: offer for offer in offers}
        model = located(wanted.model, offers, self._providers)
        provider = next(offer.provider for offer in offers if offer.provider.name == model.provider)
        return self._chosen(model, provider, f"named by {wanted.source}, and {model.provider} has it")

    def _at_hand(self) -> list[Provider]:
        """The servers whose models may be used."""
        known = {(provider.kind, provider.url) for provider in self._providers.values()}  # with their keys, if any
        found = map(_on_port, WIDE_PORTS if self._detect == "wide" else ())
        on_ports = {provider.name: provider for provider in found if (provider.kind, provider.url) not in known}
        return to_look_at({**self._providers, **on_ports}, self._secret)

    def _meant(self, wanted: Wanted) -> tuple[ModelRef, Provider]:
        if not wanted.base_url:
            model = model_ref(wanted.model, self._providers)
            return model, self._providers[model.provider]
        if urlsplit(wanted.base_url).scheme not in ("http", "https"):
            raise ValueError("a base URL must begin with http:// or https://")
        provider = Provider("openai", "openai", wanted.base_url, "OPENAI_API_KEY")
        return ModelRef("openai", wanted.model.removeprefix("openai/")), provider

    def _named_openai(self, model: ModelRef, provider: Provider) -> ModelRef:
        if not is_loopback(provider.url):
            if provider.key and not self._secret(provider.key):
                raise LookFailed(f"it needs a key: {to_give(provider.key)}")
            if not model.name:
                raise LookFailed("it needs the name of a model as well")
            return model  # a server elsewhere is not called before it has to be
        try:
            names = self._listed(provider)
        except LookFailed as error:
            raise LookFailed(f"{error}; is the server at {provider.url} running?") from error
        if model.name:
            return model  # servers on one's own machine often serve any name
        if not (name := _preferred(names)):
            raise LookFailed("the server there has no model to talk to")
        return ModelRef(model.provider, name)

    def _named_ollama(self, model: ModelRef, provider: Provider) -> None:
        try:
            names = self._listed(provider)
        except LookFailed as error:
            remedy = "start it with: ollama serve" if is_loopback(provider.url) else "check OLLAMA_HOST"
            raise LookFailed(f"{error}; is Ollama running at {provider.url}? If not, {remedy}") from error
        if not is_among(model.name, names):
            there_are = f"installed: {listed(names)}" if names else "no model is installed"
            raise LookFailed(f"run: ollama pull {model.name} ({there_are})")

    def _named_script(self, model: ModelRef) -> None:
        if not (self._folder / model.name).is_file():
            raise LookFailed(f"there is no script {self._folder / model.name}")

    def _named_file(self, model: ModelRef) -> None:
        if fault := fault_of(self._folder / Path(model.name).expanduser()):
            raise LookFailed(fault)

    def openai(self) -> Choice | None:
        provider = self._providers["openai"]
        key = self._secret("OPENAI_API_KEY") or ""
        if not key and not self._environment.get("OPENAI_BASE_URL"):
            self._note("OPENAI_API_KEY, OPENAI_BASE_URL", "absent")
            return None
        if not key and not is_loopback(provider.url):
            self._note("OPENAI_BASE_URL", "unusable", "an address elsewhere needs OPENAI_API_KEY as well")
            return None
        if name := self._environment.get("OPENAI_MODEL") or (USUAL_OPENAI_MODEL if provider.url == OPENAI_URL else ""):
            place = "OPENAI_API_KEY" if key else "OPENAI_BASE_URL"
            return self._chosen(ModelRef("openai", name), provider, f"{place} is set", place)
        return self._first_of(provider, "OPENAI_BASE_URL is set", named_by="OPENAI_BASE_URL")

    def ollama(self) -> Choice | None:
        provider = self._providers["ollama"]
        place = f"Ollama at {provider.url}"
        try:
            names = self._listed(provider)
        except LookFailed as error:
            self._note(place, "absent", str(error))
            return None
        if not (name := _preferred(names)):
            self._note(place, "unusable", f"it has no model to talk to; run: ollama pull {PREFERRED[0]}")
            return None
        return self._chosen(ModelRef("ollama", name), provider, f"{place} is running and has it", place)

    def wide(self) -> Choice | None:
        for port in WIDE_PORTS:
            provider = _on_port(port)
            if (found := self._first_of(provider, f"found at {provider.url} (`detect: wide`)")) is not None:
                return found
        return None

    def _first_of(self, provider: Provider, reason: str, *, named_by: str = "") -> Choice | None:
        try:
            names = self._listed(provider)
        except LookFailed as error:
            if named_by:  # whoever named it expects it to be there
                detail = f"{error}; check {provider.key}" if error.status in (401, 403) else str(error)
                self._note(f"{named_by}, {provider.url}", "unusable", detail)
            else:
                self._note(provider.url, "absent", str(error))
            return None
        if not (name := _preferred(names)):
            self._note(provider.url, "unusable", "the server there has no model to talk to")
            return None
        return self._chosen(ModelRef(provider.name, name), provider, reason, provider.url)

    def without_one(self) -> Choice:
        """What somebody has set up already and cannot be used is the reason, where there is such."""
        in_vain = "; ".join(f"{probe.place}: {probe.detail}" for probe in self.probes if probe.outcome == "unusable")
        reason = f"{in_vain or NONE_FOUND}, so plans are made by rules"
        return Choice(None, None, reason, tuple(self.probes), self.offers, in_vain=in_vain)

    def _listed(self, provider: Provider) -> list[str]:
        names = names_at(provider, self._secret, self._look)
        self._offers[provider.name] = Offer(provider, tuple(names))
        return names

    def _chosen(
        self, model: ModelRef, provider: Provider, reason: str, place: str = "", *, was_found: bool = True
    ) -> Choice:
        self._note(place or str(model), "found", str(model))
        return Choice(model, provider, reason, tuple(self.probes), self.offers, was_found)

    def _note(self, place: str, outcome: Literal["found", "absent", "unusable"], detail: str = "") -> None:
        self.probes.append(Probe(place, outcome, detail))


def _on_port(port: int) -> Provider:
    return Provider(f"port{port}", "openai", f"http://127.0.0.1:{port}/v1")


def _preferred(names: list[str]) -> str | None:
    talking = for_talking(names)
    for wish in PREFERRED:
        if found := next((name for name in talking if name.startswith(wish)), None):
            return found
    return talking[0] if talking else None


def probe_all(settings: ModelSettings, environment: Mapping[str, str], secret: Secret, look: Look) -> tuple[Probe, ...]:
    """What there is at every place that is looked at by default, whichever is chosen in the end."""
    search = _Search(settings, environment, secret, look, Path())
    for place in (search.openai, search.ollama, *([search.wide] if settings.detect == "wide" else [])):
        place()
    return tuple(search.probes)
