"""What a language model is to the rest of us: something on a server that answers a `Question`.

Whatever goes wrong on the way is a `ModelError`, whose kind says whether asking again could help. No
model asks again by itself because of trouble on the way: that is decided where calls are made, for
each `Request` by itself, since one question may take several.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from overseer.tool import Cancellation, Question, Reply, ToolError

_log = logging.getLogger(__name__)

OnText = Callable[[str], None]
Message = dict[str, str]  # with a role and its content, as all servers have it


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a server, ready to be sent."""

    asked_tokens: int  # roughly
    most_tokens: int | None  # of the answer
    send: Callable[[], Reply]


# Sends a request once its turn has come, and again where that can help.
Turn = Callable[[Request], Reply]


def at_once(request: Request) -> Reply:
    """The turn of those who need not wait."""
    return request.send()


class Model(Protocol):
    """One model on one server."""

    @property
    def provider(self) -> str:
        """Whose model it is, as the settings call it."""
        ...

    @property
    def name(self) -> str: ...

    def ask(
        self,
        question: Question,
        *,
        cancellation: Cancellation,
        on_text: OnText | None = None,
        turn: Turn = at_once,
    ) -> Reply:
        """The whole answer; `on_text` hears it piece by piece as it comes, to be shown. ModelError if there is none.

        Every request that it takes goes through `turn`. Where JSON is asked for and has to be asked for
        a second time, `on_text` hears both answers.
        """
        ...


class ModelError(ToolError):
    """Why there is no answer. With `has_streamed`, part of one was already shown: do not just ask again.

    Unless `was_sent`, there was nobody to take the question.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        retry_after_s: float | None = None,
        status: int | None = None,
        has_streamed: bool = False,
        was_sent: bool = True,
    ) -> None:
        super().__init__(message, kind=kind, retry_after_s=retry_after_s)
        self.status = status  # of the server's answer, where it was one over HTTP
        self.has_streamed = has_streamed
        self.was_sent = was_sent


class NotThisWay(ModelError):
    """The server will not have a request in this form: it is of no use to send it again, but another may do."""

    def __init__(self, refusal: ModelError) -> None:
        super().__init__(str(refusal), kind="bad_request", status=refusal.status, has_streamed=refusal.has_streamed)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a model's `ask`."""

    question: Question
    cancellation: Cancellation
    on_text: OnText | None
    turn: Turn

    def in_turn(self, messages: Sequence[Message], send: Callable[[], Reply]) -> Reply:
        """What these messages are answered with, sent once their turn has come."""
        return self.turn(Request(tokens_of(messages), self.question.max_tokens, send))


class Heard:
    """The text of an answer as it comes in, passed on to whoever wants to see it."""

    def __init__(self, on_text: OnText | None) -> None:
        self.was_shown = False
        self._on_text = on_text
        self._thinking = _Thinking()
        self._pieces: list[str] = []

    def add(self, piece: str) -> None:
        if not piece:
            return
        self._pieces.append(piece)
        if self._on_text is None or not (piece := self._thinking.without(piece)):
            return
        self.was_shown = True
        try:
            self._on_text(piece)
        except Exception:  # trouble with showing an answer is no trouble with the answer
            _log.exception("what was to show the text of an answer raised; it hears no more of it")
            self._on_text = None

    @property
    def text(self) -> str:
        return without_thoughts("".join(self._pieces))


_THOUGHTS = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)


def without_thoughts(text: str) -> str:
    """An answer without the reasoning that some models put before it."""
    thoughts = _THOUGHTS.match(text)
    return text[thoughts.end() :] if thoughts else text


class _Thinking:
    """Keeps the reasoning before an answer from whoever hears the answer as it comes."""

    def __init__(self) -> None:
        self._held: str | None = ""  # None once the answer has begun

    def without(self, piece: str) -> str:
        if self._held is None:
            return piece
        self._held += piece
        text = self._held.lstrip()
        if not text or ("<think>".startswith(text[:7]) and "</think>" not in text):
            return ""
        answer = without_thoughts(self._held)
        if answer is not self._held and not answer:  # blanks may follow
            return ""
        self._held = None
        return answer


def messages_of(question: Question) -> list[Message]:
    """A question as the messages of a conversation."""
    system = [{"role": "system", "content": question.system}] if question.system else []
    before = [
        {"role": role, "content": text}
        for turn in question.history
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
    return [*system, *before, {"role": "user", "content": question.prompt}]


def folded(messages: Sequence[Message]) -> list[Message]:
    """The messages without one from the system: the user says it, before the first question."""
    if messages[0]["role"] != "system":
        return list(messages)
    system, first, *others = messages
    return [{"role": "user", "content": f"{system['content']}\n\n{first['content']}"}, *others]


def tokens_in(text: str) -> int:
    """How many tokens a text has, roughly. Counting them needs the vocabulary of each model."""
    return -(-len(text.encode(errors="replace")) // 4)  # bytes, since scripts with longer letters take more of them


def tokens_of(messages: Sequence[Message]) -> int:
    return sum(tokens_in(message["content"]) for message in messages)


# Below this share of what was sent, a server did not read all of it; short texts are too hard to guess.
_SUSPICIOUS_SHARE = 0.5
_SURE_TOKENS = 500


def read_in_part(name: str, sent: int, read: int | None) -> tuple[str, ...]:
    """A warning where a server counted far fewer tokens than it was sent: it cut the question off without a word."""
    if read is None or sent < _SURE_TOKENS or read >= sent * _SUSPICIOUS_SHARE:
        return ()
    return (f"{name} seems to have read only {read} of about {sent} tokens of the question",)


def is_loopback(url: str) -> bool:
    """Whether a server is on this machine, so that it needs no key and no proxy."""
    host = (urlsplit(url).hostname or "").casefold()
    return (
        host in ("localhost", "::1") or host.endswith(".localhost") or re.fullmatch(r"127(\.\d+){3}", host) is not None
    )


def cancelled(*, has_streamed: bool = False) -> ModelError:
    return ModelError("was given up while the model was answering", kind="cancelled", has_streamed=has_streamed)
