"""What a model replied when it was asked for a plan: an answer, or a plan as far as it can be read.

The reply is to be one JSON object. Around it may be a fence and a few words, and it may be JSON as models
write it; a plan may also be YAML in a fence. Text without anything of a plan is an answer. Where the reply
could mean two things, or may not be all of what the model had to say, it is refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from overseer.frontends.loosejson import Piece, pieces
from overseer.jsonvalue import Json
from overseer.plan.document import read_document
from overseer.plan.faults import Fault
from overseer.plan.reading import Draft, read_plan
from overseer.plan.suggestions import did_you_mean

LONGEST_REPLY = 1_000_000  # letters; no window of a model is so large

_FORMS = 'answer with one JSON object: {"steps": [...]} or {"answer": "..."}'
_YAML = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*ya?ml[ \t]*\n(.*?)(?:(^[ \t]*\1[ \t]*$)|\Z)", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})", re.MULTILINE)
_ENDS_OPEN = re.compile(r"[{\[]\s*\w*\Z")
_GOES_ON = re.compile(r"\s*[,:}\]\"]")
_OF_A_PLAN = re.compile(r"[\"']steps\b|\bsteps[\"']|\b(?:step_id|depends_on|parallel_group)\b|^\s*steps\s*:", re.M)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class DirectAnswer:
    """The model answered the request itself."""

    text: str


class BadReply(Exception):
    """A reply that is neither an answer nor a plan; `faults` say why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def read_reply(text: str, *, is_cut: bool = False, tools: Collection[str] = ()) -> DirectAnswer | Draft:
    """The answer or the plan in a reply, the plan with all faults of form; BadReply if there is neither.

    `tools` are names that make text a plan in words rather than an answer.
    """
    text = text.strip().strip("\ufeff").strip()
    if is_cut:
        raise _bad("the reply was cut off before its end", "reply with less: a shorter answer, or fewer steps")
    if not text:
        raise _bad("the reply is empty", _FORMS)
    if len(text) > LONGEST_REPLY:
        raise _bad(f"the reply has {len(text):,} letters", f"{LONGEST_REPLY:,} are allowed")
    if text.startswith("<think>"):
        raise _bad("the reply ends while it is still thinking", _FORMS)
    found = list(pieces(text))
    if (block := _yaml_block(text)) is not None and not any(_is_outside(piece, block) for piece in found):
        return _from_yaml(block)
    return _from_json(found, text) if found else _from_prose(text, tools)


def _from_json(found: list[Piece], text: str) -> DirectAnswer | Draft:
    last = found[-1]
    if not last.is_closed:
        raise BadReply(_unclosed(), *_inner_faults(last))
    if _GOES_ON.match(text, last.end):
        raise _bad("there is something after the end of the JSON", "close its brackets where they belong")
    different = list(dict.fromkeys(piece.json.strip() for piece in found))
    if len(different) > 1:
        raise _bad(f"there are {len(different)} different JSON values in the reply", f"give one: {_FORMS}")
    document = read_document(last.json, syntax="json")
    if document.is_broken:
        raise BadReply(*document.faults)
    reply = document.value if isinstance(document.value, dict) else {}
    if "answer" in reply and not reply.get("steps"):
        return _answer(reply, document.faults)
    draft = read_plan(last.json, syntax="json")
    if "answer" not in reply:
        return draft
    faults = tuple(fault for fault in draft.faults if fault.where != ("answer",))
    if reply["answer"] not in (None, ""):
        raise BadReply(Fault("the reply has both an answer and steps", "give one of them"), *faults)
    return replace(draft, faults=faults)


def _answer(reply: dict[str, Json], faults: tuple[Fault, ...]) -> DirectAnswer:
    """The answer in an object; keys that hold nothing count as left out, as they do in a plan."""
    found = list(faults)
    for key, value in reply.items():
        if key != "answer" and value not in (None, []):
            found.append(Fault(f"unknown key '{key}' beside the answer", did_you_mean(key, ("answer", "steps"))))
    text = reply["answer"]
    if not isinstance(text, str):
        found.append(Fault("the answer must be text", "put it in double quotes"))
    elif not text.strip():
        found.append(Fault("the answer is empty", _FORMS))
    if found:
        raise BadReply(*found)
    return DirectAnswer(str(text).strip())


def _from_prose(text: str, tools: Collection[str]) -> DirectAnswer:
    if _ENDS_OPEN.search(text) or len(_FENCE.findall(text)) % 2:
        raise BadReply(_unclosed())
    if _OF_A_PLAN.search(text):
        raise _bad("the reply looks like a plan, but there is no JSON in it", _FORMS)
    names = sorted({word for word in _WORD.findall(text) if "_" in word and word in tools})
    if names:
        raise _bad(f"the reply speaks of the tool '{names[0]}', but there is no JSON in it", _FORMS)
    return DirectAnswer(text)


# --- YAML


@dataclass(frozen=True, slots=True)
class _Block:
    text: str  # with line breaks before it, so that its lines have the numbers that they have in the reply
    start: int
    end: int
    is_closed: bool


def _yaml_block(text: str) -> _Block | None:
    """The fenced block of YAML in a reply, if there is one and no other."""
    blocks = list(_blocks(text))
    return blocks[0] if len(blocks) == 1 else None


def _blocks(text: str) -> Iterator[_Block]:
    for found in _YAML.finditer(text):
        lines = "\n" * text.count("\n", 0, found.start(2))
        yield _Block(lines + found.group(2), found.start(), found.end(), found.group(3) is not None)


def _is_outside(piece: Piece, block: _Block) -> bool:
    return not block.start <= piece.start < block.end


def _from_yaml(block: _Block) -> Draft:
    # Half of it may well be YAML too.
    if not block.is_closed:
        raise BadReply(_unclosed())
    return read_plan(block.text, syntax="yaml")


def _inner_faults(piece: Piece) -> tuple[Fault, ...]:
    return read_document(piece.json, syntax="json").faults


def _unclosed() -> Fault:
    return Fault(
        "the reply ends in the middle of the plan or answer",
        "it was cut off, or a quote or bracket is missing; give all of it",
    )


def _bad(problem: str, help: str) -> BadReply:
    return BadReply(Fault(problem, help))
