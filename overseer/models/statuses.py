"""What a server means by the status of its answer, as far as all servers mean the same by it."""

from __future__ import annotations

from collections.abc import Mapping

from overseer.models.model import ModelError
from overseer.models.place import Place
from overseer.models.remedies import FEWER, LATER, SHORTER, is_about_length
from overseer.models.waiting import retry_after_s


def meant(place: Place, status: int, words: str) -> tuple[str, str]:
    """What to say of a refusal with this status, in these words of the server's, and which kind of failure it is."""
    match status:
        case 429:
            return f"{place.title} has had too many requests: {words}; {FEWER}", "rate_limited"
        case 408 | 504:
            return f"{place.title} took too long: {words}; {LATER}", "timeout"
        case _ if status >= 500:
            return f"{place.title} failed with status {status}: {words}; {LATER}", "transient"
        case _:
            remedy = f"; {SHORTER}" if is_about_length(words) else ""
            return f"{place.title} refused the request: {words}{remedy}", "bad_request"


def refusal(message: str, kind: str, status: int | None, headers: Mapping[str, str]) -> ModelError:
    """The error for it, with how long the server wants to be left alone."""
    wait = retry_after_s(headers) if kind in ("rate_limited", "transient") else None
    return ModelError(message, kind=kind, retry_after_s=wait, status=status)
