"""What is told of a reply before its end is what its reader makes of it then, however it was cut into pieces."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overseer.frontends.arriving import Arriving
from overseer.frontends.replies import BadReply, DirectAnswer, read_reply
from overseer.plan import Draft, to_document, to_yaml
from overseer.plan.values import WorkflowPlan, WorkflowStep
from tests.plan.strategies import plans
from tests.strategies import unhurried

STEP = {"step_id": "a", "description": "d", "tool": "t", "args": {"x": 'it\'s {"so"}\\', "n": 1}}
INNER = {"step_id": "c", "for_each": "{{b}}", "steps": [{"step_id": "d", "tool": "t", "args": {"x": "{{item}}"}}]}
PLAN: dict[str, Any] = {
    "name": "n",
    "steps": [STEP, {"step_id": "b", "tool": "u", "depends_on": ["a"]}, INNER, {"step_id": "e", "tool": "é\U0001f600"}],
    "output": {"all": "{{c}}", "steps": "{{b}}"},
}
TEXT = json.dumps(PLAN, ensure_ascii=False)
ESCAPED = json.dumps(PLAN)
SPOKEN = ' It is "four" \\ in {braces}, a\ttab, \U0001f600 and é.\n\n'
PROSE = "Cats sleep for most of the day, and nobody knows a better way to live. " * 8

PLANS = [
    TEXT,
    ESCAPED,
    f" \n\ufeff{TEXT}\n",
    json.dumps(PLAN, indent=2),
    f"```json\n{TEXT}\n```",
    f"Here {{it}} is, [1]:\n\n{TEXT}",
    f"Sure! I'd do this:\n```json\n{json.dumps(PLAN, indent=1)}\n```\nShall I?",
    f"{TEXT}\nAgain:\n{TEXT}",
    repr(PLAN),
    f"plan = {PLAN!r}",
    TEXT.replace("]", ",]").replace("}]", "} , ]"),
    TEXT.replace('"args"', '// what it "takes\n/* } and **\nmore */ # so\n"args"').replace("[{", "[ /**/ {"),
    re.sub(r'"(steps|step_id|tool|output)":', r"“\1”:", TEXT),
    re.sub(r'"(steps|step_id|tool|args|output)":', r"‘\1’ :", TEXT),
    re.sub(r'"(steps|step_id|tool|depends_on|output)":', r"\1 :", TEXT),
    TEXT.replace('{"name"', '{"inputs": {"steps": {"default": [{"step_id": "no"}]}}, "name"'),
    TEXT.replace('"name": "n"', '"on_error": "fail_fast"'),
    TEXT.replace("é", "\\x41\\U0001F600"),
]
AT_THE_END = [
    f"```yaml\n{to_yaml(WorkflowPlan((WorkflowStep('a', read_reply(TEXT).plan.steps[0].action),)))}\n```",
    f"```yml\n{TEXT}\n```",
    TEXT.replace('"steps": [{', '"st\\u0065ps": [{'),
    TEXT.replace('{"name"', '{"answer": "", "name"'),
]
ANSWERS = [
    json.dumps({"answer": SPOKEN}),
    json.dumps({"answer": SPOKEN}, ensure_ascii=False),
    f"```json\n{json.dumps({'steps': [], 'answer': SPOKEN}, indent=1)}\n```",
    repr({"answer": SPOKEN}),
    "{answer: “It's so”}",
    '{"answer": "a\nb\\u00e9\\uD83D\\uDE00\\\\", "steps": null}',
    PROSE,
    f"\n {PROSE}\n\n  And [so] on.",
    "Four.",
]
REFUSED = [
    TEXT[:-20],
    f"{TEXT} ]",
    f'{TEXT}\n{{"steps": []}}',
    TEXT.replace('"output"', '"answer": "no", "output"'),
    TEXT.replace('"output"', '"steps": [], "output"'),
    TEXT.replace("{{c}}", "{{c"),
    '{"answer": "half of a pair \\ud83d is nothing"}',
    '{"answer": "there is no \\q"}',
    f"<think>hm {TEXT}",
    f"[{TEXT}]",
    "",
]


def told(reply: str, pieces: Iterable[str]) -> tuple[list[WorkflowStep], str]:
    """The steps and the answer that are told while a reply arrives."""
    steps: list[WorkflowStep] = []
    answer: list[str] = []
    arriving = Arriving(on_step=lambda plan, step: steps.append(step), on_answer=answer.append)
    for piece in pieces:
        arriving.add(piece)
    return steps, "".join(answer)


def read_or_refused(reply: str) -> Draft | DirectAnswer | None:
    """What the reader makes of the whole reply; None where it refuses it."""
    try:
        return read_reply(reply)
    except BadReply:
        return None


def check(read: Draft | DirectAnswer | None, steps: list[WorkflowStep], answer: str) -> None:
    """Whatever was told is the beginning of what was read in the end."""
    if read is None:
        return
    if isinstance(read, DirectAnswer):
        assert not steps
        assert read.text.startswith(answer)
    elif not read.faults:
        assert read.plan.steps[: len(steps)] == tuple(steps)


@pytest.mark.parametrize("reply", PLANS)
def test_every_step_is_told_as_soon_as_it_ends(reply: str) -> None:
    read = read_reply(reply)
    assert isinstance(read, Draft)
    assert not read.faults
    count = 0
    arriving = Arriving(on_step=lambda plan, step: steps.append(step), on_answer=lambda text: None)
    steps: list[WorkflowStep] = []
    for letter in reply:
        arriving.add(letter)
        if len(steps) > count:
            assert letter == "}"
            count += 1
            assert len(steps) == count
    assert tuple(steps) == read.plan.steps


@pytest.mark.parametrize("reply", [*PLANS, *AT_THE_END, *ANSWERS, *REFUSED])
def test_it_makes_no_difference_where_a_reply_is_cut(reply: str) -> None:
    read, whole = read_or_refused(reply), told(reply, [reply])
    check(read, *whole)
    is_fine = reply not in REFUSED
    splits = [[reply[:at], reply[at:]] for at in range(len(reply) + 1)]
    for pieces in ([*reply], [reply[at : at + 7] for at in range(0, len(reply), 7)], *splits):
        cut = told(reply, pieces)
        check(read, *cut)
        assert cut == whole or not is_fine, pieces


@pytest.mark.parametrize("reply", AT_THE_END)
def test_what_is_doubtful_is_left_to_the_end(reply: str) -> None:
    assert isinstance(read_reply(reply), Draft)
    assert told(reply, reply) == ([], "")


@pytest.mark.parametrize("reply", ANSWERS[:-2])
def test_an_answer_is_told_to_its_last_letter(reply: str) -> None:
    read = read_reply(reply)
    assert isinstance(read, DirectAnswer)
    assert told(reply, reply) == ([], read.text)


def test_an_answer_is_told_while_it_comes() -> None:
    pieces: list[str] = []
    arriving = Arriving(on_step=lambda plan, step: None, on_answer=pieces.append)
    heard = []
    for piece in ('{"answer": " Cats', " and \\ud83d", '\\ude00 dogs.\\n"}'):
        arriving.add(piece)
        heard.append("".join(pieces))
    assert heard == ["Cats", "Cats and", "Cats and \U0001f600 dogs."]


def test_prose_with_a_plan_behind_it_is_told_up_to_the_bracket_and_no_further() -> None:
    assert told("", [PROSE, TEXT]) == ([], PROSE.strip())
    assert told("", ["Short. ", TEXT])[1] == ""


def test_of_steps_that_are_there_twice_the_second_are_not_told() -> None:
    steps = '"steps": [{"step_id": "%s", "tool": "t"}]'
    reply = "{" + steps % "a" + ", " + steps % "b" + "}"
    assert [step.step_id for step in told(reply, reply)[0]] == ["a"]


def test_what_stands_before_the_steps_is_told_with_them() -> None:
    heads: list[WorkflowPlan] = []
    reply = '{"name": "n", "on_error": "fail_fast", "output": "{{b}}", "steps": [{"step_id": "b", "tool": "t"}]}'
    Arriving(on_step=lambda plan, step: heads.append(plan), on_answer=lambda text: None).add(reply)
    assert [(head.name, head.on_error, head.output, head.steps) for head in heads] == [("n", "fail_fast", None, ())]


# --- whatever comes

_WORDS = ("steps", "answer", "//", "/*", "*/", "\\u", "d83d", "```", "\ufeff", "null", "yaml")
_SLIPS = [*"{}[]:,\"'“”‘’\\/#*`~\n ab1é\U0001f600", *_WORDS]
_LOOSE = st.sampled_from(_SLIPS)


@given(st.sampled_from([*PLANS, *ANSWERS]), st.integers(0), _LOOSE | st.just(""), st.integers(0, 3), st.integers(1, 9))
@unhurried
def test_one_slip_in_a_reply_makes_nothing_told_that_is_not_so(
    reply: str, at: int, slip: str, lost: int, size: int
) -> None:
    at %= len(reply)
    reply = reply[:at] + slip + reply[at + lost :]
    check(read_or_refused(reply), *told(reply, [reply[start : start + size] for start in range(0, len(reply), size)]))


@given(st.lists(_LOOSE, max_size=40).map("".join), st.integers(1, 9))
@example('{"answer": "a", "answer": "b"}', 1)
@unhurried
def test_nonsense_makes_nothing_told_that_is_not_so(reply: str, size: int) -> None:
    for text in (reply, '{"steps": [' + reply, '{"answer": ' + reply):
        check(read_or_refused(text), *told(text, [text[start : start + size] for start in range(0, len(text), size)]))


@given(plans, st.data())
@unhurried
def test_any_plan_in_any_pieces(plan: WorkflowPlan, data: st.DataObject) -> None:
    reply = json.dumps(to_document(plan), indent=data.draw(st.sampled_from([None, 1])))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(reply)), max_size=20)))
    steps, _ = told(reply, [reply[a:b] for a, b in zip([0, *cuts], [*cuts, len(reply)], strict=True)])
    read = read_reply(reply)
    assert isinstance(read, Draft)
    if not read.faults:
        assert tuple(steps) == read.plan.steps


@pytest.mark.parametrize(
    "reply",
    [
        '{"steps": [' + '{"step_id": "a", "tool": "t", "args": {"text": "lorem ipsum"}},' * 5_000,
        '{"answer": "' + "x\\n" * 110_000,
        '{"' + "\\\\" * 170_000,
        '{"steps": [{"a": ' + "[" * 330_000,
        "{ " + "a" * 330_000,
        "word " * 60_000,
        " " * 330_000,
    ],
    ids=lambda reply: reply[:20].strip(),
)
def test_a_long_reply_in_single_letters_takes_seconds(reply: str) -> None:
    began = time.process_time()
    told(reply, reply)
    assert time.process_time() - began < 30  # anything that looks back again would take hours
