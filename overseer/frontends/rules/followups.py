"""What a request speaks of without telling it, where results are there already: the latest that fits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from overseer.frontends.earlier import Earlier
from overseer.frontends.rules.calls import Call
from overseer.frontends.rules.phrases import is_said_in_words
from overseer.frontends.rules.slots import Slot
from overseer.frontends.rules.tokens import Token
from overseer.plan.references import Ref, Template, Text

_COULD_BE_A_RESULT = ("content", "any")


def taken_from(earlier: Mapping[str, Earlier], call: Call) -> list[str]:
    """Fill the first argument that is missing with the latest earlier result that it takes; a note of that.

    Only one: which of several results is meant by which word, nobody could tell.
    """
    for slot in call.missing:
        if slot.sort not in _COULD_BE_A_RESULT or slot.options or is_said_in_words(slot):
            continue
        for name in reversed(list(earlier)):
            if (value := _as(slot, name, earlier[name])) is not None:
                call.args[slot.name] = value
                call.missing.remove(slot)
                result = earlier[name]
                what = result.about if result.came_along else f"the earlier result '{name}'"
                return [f"'{slot.name}' of step '{call.step_id}' is {what}"]
    return []


def only_names_another(tokens: Sequence[Token]) -> bool:
    """Whether a request only names something else to which what was asked before is to be done: and in b.txt?"""
    said = " ".join(token.low or f"<{token.kind}>" for token in tokens if token.kind != "mark")
    return _GOING_ON.fullmatch(said) is not None


_GOING_ON = re.compile(
    r"(?:and|but|or|what about|how about|and what about)(?: (?:in|of|for|from))?(?: the file)? <(?:path|url)>"
)


def latest_number(earlier: Mapping[str, Earlier]) -> Ref | None:
    """The latest result, where it is a number that a sum could go on with."""
    name = next(reversed(list(earlier)), None)
    return Ref("inputs", (name,)) if name is not None and earlier[name].type in ("integer", "number") else None


def _as(slot: Slot, name: str, result: Earlier) -> Template:
    """How an argument takes a result, if it can: as it is, or written as text."""
    ref = Ref("inputs", (name,))
    if result.type != "any" and slot.takes(result.type):
        return ref
    return Text((ref,)) if slot.takes("string") else None
