"""What goes wrong with an OpenAI-compatible server, in our words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from overseer.models.model import ModelError
from overseer.models.place import Place
from overseer.models.remedies import LATER, SHORTER, address, again, is_about_length, late, reach
from overseer.models.statuses import meant, refusal
from overseer.plan.suggestions import did_you_mean

if TYPE_CHECKING:
    from openai import OpenAI

_MODELS_TIMEOUT_S = 5.0


class WebPage(Exception):
    """What answers is no model, but something for people with a browser."""


def error_from(error: Exception, place: Place, client: OpenAI, *, was_shown: bool) -> ModelError:
    """What an exception of the SDK, or of what lies beneath it, means for the call."""
    made = _error(error, place, client)
    made.has_streamed = was_shown
    made.was_sent = not _had_no_connection(error)
    return made


def not_json(text: str) -> ValueError:
    return json.JSONDecodeError("no answer of a model", text, 0)


def refused_parameter(error: ModelError, parameters: Iterable[str]) -> str | None:
    """What of a request a server says it does not know, if that is the reason: a parameter, or the system's role."""
    words = str(error)
    if error.status not in (400, 422, 500) or not _UNKNOWN.search(words):
        return None
    return next((name for name in parameters if re.search(rf"\b{_AS_SAID.get(name, name)}\b", words, re.I)), None)


_AS_SAID = {"system": r"(system[ '\"]+(role|message)|role[ :'\"]+system)"}


_UNKNOWN = re.compile(
    r"unsupported|not support|unknown|unrecognized|unexpected|extra (inputs|fields)|not permitted", re.I
)


def _error(error: Exception, place: Place, client: OpenAI) -> ModelError:
    import httpx2
    import openai

    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return ModelError(f"{place.title} at {place.url} did not answer in time; {late(place)}", kind="timeout")
    if isinstance(error, openai.APIStatusError):
        return _refusal(error, place, client)
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError | OSError):
        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
        remedy = reach(place, "is the server running? Start it, or name another one")
        reason = place.quoted(str(cause or "")) or "the connection was lost"
        return ModelError(f"{place.title} at {place.url} cannot be reached: {reason}; {remedy}", kind="transient")
    if isinstance(error, openai.APIError):  # sent in the middle of a stream
        return _complaint(error, place)
    if isinstance(error, WebPage):
        remedy = address(place, "OpenAI's protocol; its address often ends with /v1")
        return ModelError(f"{place.title} at {place.url} answers with a web page; {remedy}", kind="bad_request")
    if isinstance(error, ValueError | TypeError | AttributeError):  # the SDK lets everything through
        remedy = address(place, "OpenAI's protocol")
        return ModelError(f"{place.title} at {place.url} sent something that is no answer; {remedy}", kind="transient")
    return ModelError(f"{place.title}: {place.quoted(str(error))}", kind="bad_request")


def _had_no_connection(error: BaseException | None) -> bool:
    import httpx2

    reasons = httpx2.ConnectError | httpx2.ConnectTimeout
    return isinstance(error, reasons) or (error is not None and isinstance(error.__cause__, reasons))


def _refusal(error: Any, place: Place, client: OpenAI) -> ModelError:
    status: int = error.status_code
    words = place.quoted(_words(error.body) or error.message)
    match status:
        case 401:
            message, kind = f"{place.title} does not accept the key; check {place.key_name}", "denied"
        case 403:
            message, kind = f"{place.title} is closed to the key {place.key_name}: {words}; use another key", "denied"
        case 404:
            message, kind = (
                f"{place.title} was not found at {place.url}: {words}{_offers(place, client)}",
                "bad_request",
            )
        case 429 if error.code == "insufficient_quota":
            message, kind = (
                f"{place.title}: the account of {place.key_name} has no credit left; add some, or use another key",
                "denied",
            )
        case 409 | 425:
            message, kind = f"{place.title}: {words}; {LATER}", "transient"
        case 500 if is_about_length(words):  # some servers take any refusal for a crash
            message, kind = f"{place.title} refused the request: {words}; {SHORTER}", "bad_request"
        case _:
            message, kind = meant(place, status, words)
    return refusal(message, kind, status, error.response.headers)


def _complaint(error: Any, place: Place) -> ModelError:
    code = str(error.code or error.type or "")
    kind = "rate_limited" if "rate_limit" in code else "bad_request" if "invalid" in code else "transient"
    words = place.quoted(_words(error.body) or error.message)
    return ModelError(f"{place.title} broke off: {words}; {again(place)}", kind=kind)


def _words(body: object) -> str:
    """The server's own words, wherever servers put them."""
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    return next((said for key in ("message", "error", "detail") if (said := _words(body.get(key)))), "")


def _offers(place: Place, client: OpenAI) -> str:
    """What a server has instead, if it tells."""
    import openai

    try:
        names = [model.id for model in client.models.list(timeout=_MODELS_TIMEOUT_S).data]
    except (openai.OpenAIError, ValueError, TypeError, AttributeError):
        return "; check the address"
    if not names or place.name in names:
        return "; check the address"
    return f"; {did_you_mean(place.name, names, 'it has')}"
