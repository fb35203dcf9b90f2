"""The question that asks a model for a plan: the rules, the tools, the conversation, the request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from overseer.frontends.earlier import Earlier, earlier_lines
from overseer.frontends.toolguide import one_line, tool_guide
from overseer.jsonvalue import json_text
from overseer.models.model import tokens_in
from overseer.models.promptfiles import fenced, prompt
from overseer.plan.faults import Fault
from overseer.plan.validation import Limits
from overseer.tool import Question, Tool

Turn: TypeAlias = tuple[str, str]  # who said it, and what

# Who says what stands for all turns before it.
SUMMARY = "summary of what was before"

ROLE = "overseer"

NO_TEXTS: Mapping[str, str] = MappingProxyType({})
PROMPTS = Path(__file__).parent / "prompts"
_NAME = re.compile(r"[^\W_][\w.-]*\w|\w+")
_LINES = "\n"
_LONGEST_TURN = 4000
_LONGEST_GIVEN_PER_TOKEN = 20  # letters; more cannot fit, and need not be counted
_LONGEST_REPLY = 40_000
_MOST_FAULTS = 200


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a prompt what may be long has, in tokens. The request itself is never cut."""

    tools: int = 5000
    conversation: int = 3000
    earlier: int = 1500
    given: int = 8000


@dataclass(frozen=True, slots=True)
class Asking:
    """A question, and what whoever reviews the answer should know of it."""

    question: Question
    notes: tuple[str, ...] = ()

    def again(self, reply: str, faults: Sequence[Fault]) -> Asking:
        """The same question, with what was wrong with the first reply to it."""
        said = fenced(middle_cut(reply, _LONGEST_REPLY))
        again = prompt(PROMPTS / "repair.md", reply=said, faults=fenced(listed(faults)))
        return replace(self, question=replace(self.question, prompt=f"{self.question.prompt}\n\n{again}"))


def asking(
    request: str,
    conversation: Sequence[Turn],
    tools: Mapping[str, Tool],
    *,
    earlier: Mapping[str, Earlier],
    limits: Limits,
    min_steps: int,
    room: Room,
    wording: str = "request.md",
    texts: Mapping[str, str] = NO_TEXTS,
) -> Asking:
    """What a model is asked for a plan. The `wording` is a prompt file; what belongs into it are `texts`."""
    before, is_cut = said_before(conversation, room.conversation)
    said = " ".join((request, *texts.values(), *(text for _, text in conversation)))
    guide = tool_guide(
        list(tools.values()),
        about=" ".join((request, *(text for _, text in conversation[-2:]))),
        used=sorted(set(_NAME.findall(said)) & set(tools)),
        most_tokens=room.tools,
    )
    system = prompt(
        PROMPTS / "plan.md", tools=fenced(guide.text or "(none)"), min_steps=min_steps, max_steps=limits.max_steps
    )
    results, forgotten = earlier_lines(earlier, most_tokens=room.earlier)
    there = f"{prompt(PROMPTS / 'earlier.md', results=fenced(_LINES.join(results)))}\n\n" if results else ""
    there += given_with(earlier, room.given)
    text = prompt(PROMPTS / wording, conversation=before, earlier=there, request=fenced(request), **texts)
    notes = []
    if guide.left_out:
        notes.append(f"the model was shown {len(tools) - guide.left_out} of {len(tools)} tools, those that suit best")
    notes += is_cut
    if forgotten:
        notes.append(f"the model was shown the last {len(results)} of {len(results) + forgotten} earlier results")
    return Asking(Question(text, system, role=ROLE), tuple(notes))


def said_before(conversation: Sequence[Turn], most_tokens: int) -> tuple[str, list[str]]:
    """The conversation as a part of a prompt, and a note if that is not all of it."""
    if not conversation:
        return "", []
    turns = [_turn(speaker, text) for speaker, text in conversation]
    head = turns[:1] if conversation[0][0] == SUMMARY else []  # else all that it stands for would be lost with it
    shown = [*head, *_latest(turns[len(head) :], most_tokens - sum(map(_room_of, head)))]
    text = f"{prompt(PROMPTS / 'conversation.md', turns=fenced(_LINES.join(shown)))}\n\n"
    is_cut = len(shown) < len(turns)
    return text, [f"the model was shown the last {len(shown)} of {len(turns)} turns"] if is_cut else []


def given_with(values: Mapping[str, Earlier], most_tokens: int) -> str:
    """What came with the request as a part of a prompt; the values may also be others."""
    return "".join(_given(name, value, most_tokens) for name, value in values.items() if value.came_along)


def _given(name: str, given: Earlier, most_tokens: int) -> str:
    """What came with the request as a part of a prompt, all of it if there is room."""
    text, wording = given.text, "given.md"
    if len(text) > _LONGEST_GIVEN_PER_TOKEN * most_tokens or tokens_in(text) > most_tokens:
        text, wording = middle_cut(text, _LONGEST_TURN), "given_part.md"
    declared = json_text({"inputs": {name: {"type": given.type}}, "steps": ["..."]})
    said = {"declared": declared, "reference": f"{{{{inputs.{name}}}}}", "letters": len(given.text)}
    return f"{prompt(PROMPTS / wording, **said, text=fenced(text))}\n\n"


def listed(faults: Iterable[Fault]) -> str:
    """Faults as a list, each in a line."""
    lines = list(dict.fromkeys(f"- {one_line(fault)}" for fault in faults))
    rest = len(lines) - _MOST_FAULTS
    return "\n".join(lines if rest <= 0 else [*lines[:_MOST_FAULTS], f"- and {rest} more of the kind"])


def tokens_of(conversation: Sequence[Turn]) -> int:
    """How much room turns take as they are shown, roughly."""
    return sum(_room_of(_turn(speaker, text)) for speaker, text in conversation)


def turn_lines(conversation: Sequence[Turn], most_letters: int) -> list[str]:
    """The last of the turns as they are shown, and before them how many there is no room for."""
    lines = [_turn(speaker, text) for speaker, text in conversation]
    kept = len(lines)
    for line in reversed(lines):
        most_letters -= len(line) + 1
        if most_letters < 0:
            break
        kept -= 1
    return [json_text({"turns_left_out": kept}), *lines[kept:]] if kept else lines


def _room_of(turn: str) -> int:
    return tokens_in(turn) + 1


def _turn(speaker: str, text: str) -> str:
    return json_text({"by": speaker, "text": middle_cut(text, _LONGEST_TURN)})


def _latest(turns: Sequence[str], most_tokens: int) -> list[str]:
    """As many of the last turns as fit, and at least the last one."""
    shown: list[str] = []
    for turn in reversed(turns):
        most_tokens -= _room_of(turn)
        if most_tokens < 0 and shown:
            break
        shown.append(turn)
    return shown[::-1]


def middle_cut(text: str, most: int) -> str:
    """The beginning and the end of a text that is longer than that, and how much there is between them."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} letters left out ...]\n{text[len(text) - half :]}"
