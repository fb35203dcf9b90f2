"""What would help where a model did not answer: said after the cause, in the same line."""

from __future__ import annotations

from overseer.models.model import ModelError, is_loopback
from overseer.models.place import Place
from overseer.models.proxies import ProxyUnusable, proxy_of, shown

LATER = "try again later, or name another model under models: in config.yaml"
FEWER = "wait a while, or allow fewer requests under limits: in config.yaml"
LONGER = "try again, or raise the server's timeout under models.providers in config.yaml"
SHORTER = "shorten the question, or use a model that reads more"


def to_give(key_name: str) -> str:
    """How a key is given; both places are read once."""
    return f"set {key_name} in the environment, or add it with that name to secrets.yaml, and start Overseer anew"


def again(place: Place) -> str:
    """After an answer that broke off."""
    return f"try again; {'the log of the server' if is_loopback(place.url) else 'its provider'} may tell more"


def address(place: Place, protocol: str) -> str:
    """After something that is no answer of a model: the server may be one of another kind."""
    return f"check that {place.url} is a server that speaks {protocol}"


def reach(place: Place, start: str) -> str:
    """Where no server is reached; on this machine, it has to be started."""
    if is_loopback(place.url):
        return start
    return f"check the network{_and_proxy(place)}, and that {place.url} is its address"


def late(place: Place) -> str:
    """Where a server stays silent for too long."""
    return f"{LONGER}{_and_proxy(place, ', and check ')}"


def _and_proxy(place: Place, before: str = ", ") -> str:
    try:
        proxy = proxy_of(place.url)
    except ProxyUnusable as error:
        return f" ({error})"
    return "" if proxy is None else f"{before}the proxy {shown(proxy)}"


def is_about_length(words: str) -> bool:
    """Whether a server refuses a question because it is too long for its model."""
    said = words.casefold()
    return any(sign in said for sign in ("context_length", "context length", "context size", "context window"))


def ended_early(place: Place, text: str, *, has_streamed: bool) -> ModelError:
    """For an answer that ended without saying that it is whole."""
    ended = f"stopped in the middle of its answer, after {len(text)} letters"
    ended = ended if text else "closed the connection without an answer"
    return ModelError(f"{place.title} {ended}; {again(place)}", kind="transient", has_streamed=has_streamed)
