"""Asking a model, and getting JSON that fits a schema out of it, whatever its server understands.

There are several ways to ask for JSON, and servers refuse some, or accept and ignore them. So one is
tried after the other until an answer fits; that one is remembered. Whatever a server promises, every
answer is checked here. One that does not fit is given back once, with what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from overseer.jsonvalue import Json, json_text
from overseer.models.capabilities import Capabilities, Rung
from overseer.models.jsonreply import values_in
from overseer.models.model import Call, Message, ModelError, NotThisWay, Request, Turn, messages_of
from overseer.models.promptfiles import fenced, prompt
from overseer.plan import value_faults
from overseer.tool import Reply

Schema = Mapping[str, Any]
Send = Callable[[Sequence[Message], Rung | None, Schema, Call], Reply]  # asks for JSON in this way, or for any text

# How servers say that they do not understand a way of asking; some crash instead of saying so.
_REFUSALS = frozenset({400, 415, 422, 500, 501})


@dataclass(frozen=True, slots=True)
class Asking:
    """How one model on one server is asked: the ways it may know to ask for JSON, and what is known of it."""

    ladder: Sequence[Rung]
    server: str
    model: str
    capabilities: Capabilities

    def ask(self, call: Call, send: Send) -> Reply:
        """The reply; to a question with a schema, with a value that fits it."""
        if call.question.schema is None:
            return send(messages_of(call.question), None, {}, call)
        form = Form.of(call.question.schema)
        messages = _with_schema(messages_of(call.question), form)
        proven = self.capabilities.of(self.server, self.model).rung
        place = self.ladder.index(proven) if proven in self.ladder else 0
        wish = _Wish(form, call, send, proven)
        place, first = self._accepted(place, messages, wish)
        value, faults = form.read(first)
        if not faults:
            return self._proven(place, replace(first, value=value))
        if self.ladder[place] != proven and place + 1 < len(self.ladder):
            place += 1  # accepted, and then ignored
        place, second = self._accepted(place, _with_faults(messages, first, faults, form), wish)
        value, faults = form.read(second)
        if faults:
            raise ModelError(
                f"{self.model} did not answer with JSON that fits, even when told what was wrong: "
                f"{'; '.join(faults)}. It said: {_beginning(second.text)}",
                kind="invalid_output",
            )
        return self._proven(place, replace(_together(first, second), value=value))

    def _accepted(self, place: int, messages: Sequence[Message], wish: _Wish) -> tuple[int, Reply]:
        """The first answer that the server does not refuse to give, from this place on the ladder downwards."""
        while True:
            try:
                reply = wish.sent(messages, self.ladder[place], is_last=place + 1 == len(self.ladder))
            except NotThisWay:
                place += 1
                continue
            if reply.is_cut:
                raise ModelError(
                    f"the JSON of {self.model} was cut off after {reply.output_tokens} tokens; "
                    "raise max_tokens, or ask for less",
                    kind="invalid_output",
                )
            return place, reply

    def _proven(self, place: int, reply: Reply) -> Reply:
        known = self.capabilities.of(self.server, self.model).rung
        # One schema that a server cannot work with says nothing of the others.
        if known is None:
            self.capabilities.learn_rung(self.server, self.model, self.ladder[place])
        return reply


@dataclass(frozen=True, slots=True)
class _Wish:
    """One call that asks for JSON."""

    form: Form
    call: Call
    send: Send
    proven: Rung | None  # the way that had worked before

    def sent(self, messages: Sequence[Message], rung: Rung, *, is_last: bool) -> Reply:
        """The answer in this way; NotThisWay where the server refuses it and there is another one."""
        turn = self.call.turn if is_last else partial(_unless_refused, self.call.turn, is_proven=rung == self.proven)
        return self.send(messages, rung, self.form.sent, replace(self.call, turn=turn))


def _unless_refused(turn: Turn, request: Request, *, is_proven: bool) -> Reply:
    """The answer to a request in its turn; NotThisWay where it could be asked for in another way."""

    def send() -> Reply:
        try:
            return request.send()
        except NotThisWay:
            raise
        except ModelError as error:
            is_trouble = is_proven and (error.status or 0) >= 500  # it has worked before
            if error.status not in _REFUSALS or is_trouble:
                raise
            raise NotThisWay(error) from error

    return turn(replace(request, send=send))


@dataclass(frozen=True, slots=True)
class Form:
    """A schema as it is sent. Servers want an object at the top, so anything else is put into one."""

    schema: Schema
    sent: Schema
    is_wrapped: bool

    @classmethod
    def of(cls, schema: Schema) -> Form:
        if schema.get("type") == "object":
            return cls(schema, schema, is_wrapped=False)
        inner: dict[str, Any] = dict(schema)
        # References in it start at the top.
        shared: dict[str, Any] = {key: inner.pop(key) for key in ("$defs", "definitions", "$schema") if key in inner}
        wrapping: dict[str, Any] = {"type": "object", "properties": {"value": inner}, "required": ["value"]}
        return cls(schema, {**wrapping, "additionalProperties": False, **shared}, is_wrapped=True)

    def read(self, reply: Reply) -> tuple[Json, list[str]]:
        """The value that was answered, or what is wrong with the answer."""
        candidates = values_in(reply.text)
        if not candidates:
            return self._bare_option(reply.text)
        fitting: list[Json] = []
        for candidate in (unwrapped for value in candidates for unwrapped in self._unwrapped(value)):
            if not value_faults(self.schema, candidate) and candidate not in fitting:
                fitting.append(candidate)
        if len(fitting) == 1:
            return fitting[0], []
        if fitting:
            return None, [f"there are {len(fitting)} different JSON values in it; give one"]
        return None, value_faults(self.sent, candidates[0])

    def _unwrapped(self, value: Json) -> tuple[Json, ...]:
        """What a value may stand for; a model that was not bound may have left the wrapping out."""
        if not self.is_wrapped:
            return (value,)
        if isinstance(value, dict) and set(value) == {"value"}:
            return (value["value"],)
        return (value,)

    def _bare_option(self, text: str) -> tuple[Json, list[str]]:
        said = text.strip().strip("\"'`.").casefold()
        options = [option for option in self.schema.get("enum", ()) if isinstance(option, str)]
        meant = [option for option in options if option.casefold() == said]
        return (meant[0], []) if len(meant) == 1 else (None, ["there is no JSON in it"])


def _with_schema(messages: list[Message], form: Form) -> list[Message]:
    wish = _prompt("answer_as_json", schema=json_text(dict(form.sent)))
    if messages[0]["role"] == "system":
        system, *others = messages
        return [{"role": "system", "content": f"{system['content']}\n\n{wish}"}, *others]
    return [{"role": "system", "content": wish}, *messages]


def _with_faults(messages: Sequence[Message], reply: Reply, faults: Sequence[str], form: Form) -> list[Message]:
    listed = "\n".join(f"- {fault}" for fault in faults)
    complaint = _prompt("repair_json", schema=json_text(dict(form.sent)), faults=fenced(listed))
    said = {"role": "assistant", "content": reply.text or "(nothing)"}
    return [*messages, said, {"role": "user", "content": complaint}]


def _together(first: Reply, second: Reply) -> Reply:
    return replace(
        second,
        input_tokens=first.input_tokens + second.input_tokens,
        output_tokens=first.output_tokens + second.output_tokens,
        is_estimated=first.is_estimated or second.is_estimated,
        warnings=tuple(dict.fromkeys((*first.warnings, *second.warnings))),
    )


def _beginning(text: str) -> str:
    shown = " ".join(text.split())
    return f"{shown[:200]}…" if len(shown) > 200 else shown or "nothing"


def _prompt(name: str, **texts: str) -> str:
    return prompt(_PROMPTS / f"{name}.md", **texts)


_PROMPTS = Path(__file__).parent / "prompts"
