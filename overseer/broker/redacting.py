"""What takes secrets out of whatever passes the broker; who knows the secrets is for others to say."""

from __future__ import annotations

from typing import Protocol

from overseer.broker.hearing import AsItComes, Pieces
from overseer.jsonvalue import Json


class Redacts(Protocol):
    """What takes secrets out of whatever passes."""

    @property
    def has_secrets(self) -> bool: ...

    def secret_in(self, text: str) -> str | None: ...

    def redact(self, text: str) -> str: ...

    def redact_json(self, value: Json) -> Json: ...

    def in_pieces(self) -> Pieces: ...


class NothingToRedact:
    """For those who have no secrets."""

    has_secrets = False

    def secret_in(self, text: str) -> str | None:
        return None

    def redact(self, text: str) -> str:
        return text

    def redact_json(self, value: Json) -> Json:
        return value

    def in_pieces(self) -> Pieces:
        return AsItComes()
