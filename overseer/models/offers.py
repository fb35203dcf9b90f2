"""What servers offer: the names of their models, and which server has the model of some name.

How servers are looked at is left to a `Look`. No question is asked, and no server elsewhere that nobody
has set up, or that wants a key and was given none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from overseer.models.model import is_loopback
from overseer.models.openai_model import OPENAI_URL
from overseer.models.settings import ModelRef, Provider
from overseer.plan.suggestions import listed, nearest

Secret = Callable[[str], str | None]  # a key, by its name

MOST_SHOWN = 10  # models of one server

_NOT_FOR_TALKING = ("embed", "minilm", "bge-", "rerank", "whisper", "tts-", "dall-e", "moderation")


class Look(Protocol):
    """Looks at servers, briefly. LookFailed where there is none, or none of that kind."""

    def ollama_models(self, url: str) -> list[str]: ...

    def openai_models(self, url: str, key: str) -> list[str]: ...


class LookFailed(Exception):
    """No such server there; the message says what there is instead. `status` is that of its answer, if it gave one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Offer:
    """The models of one server, as it lists them; or why it lists none."""

    provider: Provider
    names: tuple[str, ...] = ()
    fault: str = ""
    status: int | None = None  # of its answer, where it refused

    def has(self, name: str) -> bool:
        return is_among(name, self.names)

    @property
    def models(self) -> list[ModelRef]:
        """Those that one can talk to."""
        return [ModelRef(self.provider.name, name) for name in for_talking(self.names)]


def is_among(name: str, names: Collection[str]) -> bool:
    """Whether a model is one of these; Ollama takes a name without a tag for the latest."""
    return name in names or f"{name}:latest" in names


def for_talking(names: Iterable[str]) -> list[str]:
    return [name for name in names if not any(word in name.casefold() for word in _NOT_FOR_TALKING)]


def names_at(provider: Provider, secret: Secret, look: Look) -> list[str]:
    """The models that a server lists; LookFailed if it does not."""
    if provider.kind == "ollama":
        return look.ollama_models(provider.url)
    return look.openai_models(provider.url, (secret(provider.key) or "") if provider.key else "")


def offer_of(provider: Provider, secret: Secret, look: Look) -> Offer:
    try:
        return Offer(provider, tuple(names_at(provider, secret, look)))
    except LookFailed as error:
        return Offer(provider, fault=str(error), status=error.status)


def to_look_at(providers: Mapping[str, Provider], secret: Secret) -> list[Provider]:
    """The servers that may be asked which models they have, each once with each key, those on this machine first."""
    may_be = [
        provider
        for provider in providers.values()
        if provider.kind in ("openai", "ollama")
        and (not provider.key or is_loopback(provider.url) or bool(secret(provider.key)))
    ]
    once: dict[tuple[str, str, str], Provider] = {}
    for provider in may_be:
        key = provider.key if provider.key and secret(provider.key) else ""
        once.setdefault((provider.kind, provider.url, key), provider)
    return sorted(once.values(), key=lambda provider: not is_loopback(provider.url))


def to_list(providers: Mapping[str, Provider], secret: Secret) -> list[Provider]:
    """Those of them whose models are of interest to who looks for another one: OpenAI itself has too many."""
    return [provider for provider in to_look_at(providers, secret) if provider.url != OPENAI_URL]


def located(name: str, offers: Sequence[Offer], providers: Iterable[str]) -> ModelRef:
    """The model of this name on the one server that has it; ValueError says what there is instead."""
    having = [ModelRef(offer.provider.name, name) for offer in offers if offer.has(name)]
    if len(having) == 1:
        return having[0]
    if having:
        raise ValueError(f"{len(having)} servers have it; write {' or '.join(map(str, having))}")
    raise ValueError(_nowhere(name, offers, providers))


def _nowhere(name: str, offers: Sequence[Offer], providers: Iterable[str]) -> str:
    prefix, slash, rest = name.partition("/")
    if slash and (guess := nearest(prefix, providers)):
        return f"there is no provider '{prefix}'; did you mean '{guess}/{rest}'?"
    models = {model.name: model for offer in offers for model in offer.models}
    if near := nearest(name, models):
        return f"no server has it; did you mean '{models[near]}'?"
    silent = [f"{offer.provider.name} at {offer.provider.url}: {offer.fault}" for offer in offers if offer.fault]
    aside = f" ({'; '.join(silent)})" if silent else ""
    if models:
        return f"no server has it{aside}; there are: {listed(map(str, models.values()))}"
    return f"no server was found that has it{aside}; start one, or write its provider in front: ollama/{name}"


def lines_of(offers: Iterable[Offer], in_use: Collection[ModelRef]) -> Iterator[tuple[ModelRef | None, str]]:
    """A line for each model, those in use first, and how many are left out of those of a server."""
    for offer in offers:
        models = sorted(offer.models, key=lambda model: not _is_used(model, in_use))
        for model in models[:MOST_SHOWN]:
            yield model, f"{model}{'  (in use)' if _is_used(model, in_use) else ''}"
        if len(models) > MOST_SHOWN:
            yield None, f"and {len(models) - MOST_SHOWN} more of {offer.provider.name}"


def _is_used(model: ModelRef, in_use: Collection[ModelRef]) -> bool:
    return any(model.provider == used.provider and is_among(used.name, (model.name,)) for used in in_use)


class LooksOnce:
    """Looks once at each place with each key."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen: dict[tuple[str, str, str], list[str] | LookFailed] = {}

    def by(self, look: Look) -> LooksOnce:
        """The same with another look, which sees nothing again that was seen by this one."""
        other = LooksOnce(look)
        other._seen = self._seen
        return other

    def ollama_models(self, url: str) -> list[str]:
        return self._once(("ollama", url, ""), lambda: self._look.ollama_models(url))

    def openai_models(self, url: str, key: str) -> list[str]:
        return self._once(("openai", url, key), lambda: self._look.openai_models(url, key))

    def _once(self, place: tuple[str, str, str], look: Callable[[], list[str]]) -> list[str]:
        if place not in self._seen:
            try:
                self._seen[place] = look()
            except LookFailed as error:
                self._seen[place] = error
        seen = self._seen[place]
        if isinstance(seen, LookFailed):
            raise seen
        return seen
