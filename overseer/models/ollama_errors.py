"""What goes wrong with an Ollama server, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from overseer.models.model import ModelError
from overseer.models.place import Place
from overseer.models.remedies import address, again, late, reach
from overseer.models.statuses import meant, refusal
from overseer.plan.suggestions import listed

if TYPE_CHECKING:
    from ollama import Client


def error_from(
    error: Exception,
    place: Place,
    client: Client,
    headers: Mapping[str, str],
    *,
    was_shown: bool,
) -> ModelError:
    """What an exception of the SDK, or of what lies beneath it, means for the call."""
    import httpx
    import ollama

    made: ModelError
    if isinstance(error, ollama.ResponseError):
        made = _refusal(error, place, client, headers)
    elif isinstance(error, httpx.TimeoutException):
        made = ModelError(f"{place.title} at {place.url} did not answer in time; {late(place)}", kind="timeout")
    elif isinstance(error, httpx.HTTPError | OSError):
        remedy = reach(place, "is Ollama running? Start it with: ollama serve")
        reason = place.quoted(str(error)) or "the connection was lost"
        made = ModelError(f"{place.title} at {place.url} cannot be reached: {reason}; {remedy}", kind="transient")
    elif isinstance(error, ValueError | TypeError | AttributeError):  # not JSON, or not that of an answer
        remedy = address(place, "Ollama's protocol")
        made = ModelError(f"{place.title} at {place.url} sent something that is no answer; {remedy}", kind="transient")
    else:
        made = ModelError(f"{place.title}: {place.quoted(str(error))}", kind="bad_request")
    made.has_streamed = was_shown
    made.was_sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    return made


def _refusal(error: Any, place: Place, client: Client, headers: Mapping[str, str]) -> ModelError:
    status: int = error.status_code
    words = place.quoted(str(error.error))
    match status:
        case 404:
            message, kind = (
                f"{place.title} is not installed; run: ollama pull {place.name}{_installed(client)}",
                "bad_request",
            )
        case 401 | 403:
            message, kind = (
                f"{place.title} is closed to us: {words}; check its address, or what guards it",
                "denied",
            )
        case _ if status < 0:  # sent in the middle of a stream
            message, kind = f"{place.title} broke off: {words}; {again(place)}", "transient"
        case _:
            message, kind = meant(place, status, words)
    return refusal(message, kind, status if status > 0 else None, headers)


def _installed(client: Client) -> str:
    import httpx
    import ollama

    try:
        names = [model.model or "" for model in client.list().models]
    except (ollama.ResponseError, ConnectionError, httpx.HTTPError, ValueError):
        return ""
    return f" (installed: {listed(names)})" if names else " (no model is installed)"
