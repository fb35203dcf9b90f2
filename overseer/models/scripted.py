"""A model that says what a script tells it to, in the time that the script gives it.

    name: demo
    pace_s: 0.02                                  # between the words
    entries:
      - {role: translator, contains: French, text: Bonjour, delay_s: 0.5}
      - {matches: 'joke about (\\w+)', text: A cat walks into a bar.}
      - {system_contains: you are the planner, value: {answer: Hello.}}
      - {contains: cities, value: [Paris, Rome]}
      - {error: {kind: rate_limited, message: slow down, retry_after_s: 2}, times: 1}
      - the answer to the first question that nothing above is meant for

The first entry that matches is the answer. One with conditions serves any number of questions, one
without serves one, so that a plain list is said from top to bottom; `times` says otherwise. `contains` and
`matches` look at the question alone: the rules that go with it may well name the same things as examples.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from overseer.errors import FAILURE_KINDS, UsageError
from overseer.jsonvalue import Json, json_text
from overseer.models.capabilities import Capabilities, Rung
from overseer.models.checks import Faults
from overseer.models.model import (
    Call,
    Heard,
    Message,
    ModelError,
    OnText,
    Turn,
    at_once,
    cancelled,
    tokens_in,
    tokens_of,
)
from overseer.models.structured import Asking, Schema
from overseer.tool import Cancellation, Question, Reply

_LADDER: tuple[Rung, ...] = ("prompt",)
_WORDS = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One answer, and which questions it is meant for."""

    text: str = ""
    role: str | None = None
    contains: str | None = None
    matches: re.Pattern[str] | None = None
    system_contains: str | None = None  # of the rules that go with the question
    error: ModelError | None = None  # after the text, where there is some
    delay_s: float = 0.0
    pace_s: float = 0.0
    times: int | None = None
    is_cut: bool = False

    def is_for(self, question: Question) -> bool:
        return (
            (self.role is None or self.role == question.role)
            and _holds(question.prompt, self.contains)
            and (self.matches is None or self.matches.search(question.prompt) is not None)
            and _holds(question.system, self.system_contains)
        )


def _holds(text: str, words: str | None) -> bool:
    return words is None or words.casefold() in text.casefold()


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    entries: tuple[Entry, ...]


class ScriptedModel:
    """A model that follows a script. `questions` are those it was asked, in order."""

    provider = "scripted"

    def __init__(self, script: Script | Sequence[Json]) -> None:
        self._script = script if isinstance(script, Script) else script_from(list(script))
        self.name = self._script.name
        self._asking = Asking(_LADDER, "", self.name, Capabilities())
        self.questions: list[Question] = []
        self._used = [0] * len(self._script.entries)
        self._lock = threading.Lock()

    @classmethod
    def from_file(cls, path: Path) -> ScriptedModel:
        """The model that follows a YAML or JSON file; UsageError if that is no script."""
        return cls(read_script(path))

    def ask(
        self,
        question: Question,
        *,
        cancellation: Cancellation,
        on_text: OnText | None = None,
        turn: Turn = at_once,
    ) -> Reply:
        with self._lock:
            self.questions.append(question)
        return self._asking.ask(Call(question, cancellation, on_text, turn), self._sent)

    def _sent(self, messages: Sequence[Message], _rung: Rung | None, _schema: Schema, call: Call) -> Reply:
        return call.in_turn(messages, lambda: self._said(messages, call))

    def _said(self, messages: Sequence[Message], call: Call) -> Reply:
        entry = self._entry(call.question)
        heard = Heard(call.on_text)
        if call.cancellation.wait(entry.delay_s):
            raise cancelled()
        for word in _WORDS.findall(entry.text) or [entry.text]:
            if call.cancellation.wait(entry.pace_s) if entry.pace_s else call.cancellation.is_asked:
                raise cancelled(has_streamed=heard.was_shown)
            heard.add(word)
        if entry.error is not None:
            raise _again(entry.error, has_streamed=heard.was_shown)
        return Reply(
            heard.text,
            model=self.name,
            provider=self.provider,
            input_tokens=tokens_of(messages),
            output_tokens=tokens_in(entry.text),
            is_cut=entry.is_cut,
            is_estimated=True,
        )

    def _entry(self, question: Question) -> Entry:
        with self._lock:
            for place, entry in enumerate(self._script.entries):
                is_left = entry.times is None or self._used[place] < entry.times
                if is_left and entry.is_for(question):
                    self._used[place] += 1
                    return entry
        asked = " ".join(question.prompt.split())
        raise ModelError(
            f"the script '{self.name}' has no answer (any more) for the {question.role}'s question: {asked[:120]}",
            kind="bad_request",
        )


def read_script(path: Path) -> Script:
    """The script in a file; UsageError names the file and everything that is wrong with it."""
    from overseer.plan.document import read_document

    try:
        document = read_document(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the script {path}: {error}") from error
    if document.faults:
        raise UsageError(f"the script {path} cannot be read: {'; '.join(map(str, document.faults))}")
    return script_from(document.value, name=path.stem, where=f"the script {path}")


def script_from(value: Json, *, name: str = "script", where: str = "the script") -> Script:
    """A script from its plain form: a list of entries, or a mapping that holds one."""
    faults = Faults(where)
    given: Mapping[str, Json] = {"entries": value} if isinstance(value, list) else faults.mapping("", value)
    faults.refuse_unknown("", given, ("name", "pace_s", "entries"))
    name = faults.text("name", given.get("name", name))
    pace_s = faults.number("pace_s", given.get("pace_s", 0))
    listed = given.get("entries")
    if not isinstance(listed, list):
        faults.add("entries", "must be a list of answers")
        listed = []
    entries = [_entry(faults, f"entries[{place}]", each, pace_s) for place, each in enumerate(listed)]
    faults.raise_if_any()
    return Script(name, tuple(entries))


_CONDITIONS = ("role", "contains", "matches", "system_contains")
_KEYS = (*_CONDITIONS, "text", "value", "error", "delay_s", "pace_s", "times", "is_cut")


def _entry(faults: Faults, place: str, value: Json, pace_s: float) -> Entry:
    if isinstance(value, str):
        return Entry(text=value, pace_s=pace_s, times=1)
    given = faults.mapping(place, value)
    faults.refuse_unknown(place, given, _KEYS)
    if not {"text", "value", "error"}.intersection(given):
        faults.add(place, "has no answer; give it text, value or error")
    if "text" in given and "value" in given:
        faults.add(place, "has both text and value; give one")
    conditions = {key: faults.text(f"{place}.{key}", given[key]) for key in _CONDITIONS if key in given}
    times = given.get("times", None if conditions else 1)
    return Entry(
        text=json_text(given["value"]) if "value" in given else faults.text(f"{place}.text", given.get("text", "")),
        role=conditions.get("role"),
        contains=conditions.get("contains"),
        matches=_pattern(faults, f"{place}.matches", conditions.get("matches")),
        system_contains=conditions.get("system_contains"),
        error=_error(faults, f"{place}.error", given["error"]) if "error" in given else None,
        delay_s=faults.number(f"{place}.delay_s", given.get("delay_s", 0)),
        pace_s=faults.number(f"{place}.pace_s", given.get("pace_s", pace_s)),
        times=None if times is None else faults.whole(f"{place}.times", times),
        is_cut=given.get("is_cut") is True,
    )


def _pattern(faults: Faults, place: str, text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text, re.IGNORECASE)
    except re.error as error:
        faults.add(place, f"is no regular expression: {error}")
        return None


def _error(faults: Faults, place: str, value: Json) -> ModelError:
    given = {"message": value} if isinstance(value, str) else faults.mapping(place, value)
    faults.refuse_unknown(place, given, ("kind", "message", "retry_after_s"))
    kind = faults.one_of(f"{place}.kind", given.get("kind", "transient"), FAILURE_KINDS)
    wait = given.get("retry_after_s")
    return ModelError(
        faults.text(f"{place}.message", given.get("message", "told to fail")),
        kind=kind,
        retry_after_s=None if wait is None else faults.number(f"{place}.retry_after_s", wait),
    )


def _again(error: ModelError, *, has_streamed: bool) -> ModelError:
    # An exception that is raised twice at the same time would mix up its tracebacks.
    return ModelError(str(error), kind=error.kind, retry_after_s=error.retry_after_s, has_streamed=has_streamed)
