"""What a model's reply is taken for: every decoration that leaves its meaning certain, and everything that does not."""

from __future__ import annotations

import json
import random
import re
import textwrap
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from overseer.frontends.replies import LONGEST_REPLY, BadReply, DirectAnswer, read_reply
from overseer.plan import Draft, plan_from, to_document, to_yaml
from overseer.plan.values import Code
from tests.plan.strategies import plans
from tests.strategies import unhurried

STEP = {"step_id": "a", "description": "d", "tool": "t", "args": {"x": 'it\'s "so"', "n": 1}}
PLAN = {"steps": [STEP, {"step_id": "b", "tool": "u", "depends_on": ["a"], "parallel_group": None}], "output": "{{b}}"}
TEXT = json.dumps(PLAN)

# The seed's own reply, as it stands there.
SEED = """
{
  "steps": [
    {
      "step_id": "step1",
      "description": "Write joke about cats",
      "parallel_group": 1,
      "depends_on": []
    },
    {
      "step_id": "step2",
      "description": "Write joke about dogs",
      "parallel_group": 1,
      "depends_on": []
    }
  ]
}
"""


def plan_in(text: str) -> Draft:
    read = read_reply(text)
    assert isinstance(read, Draft), read
    return read


def faults_in(text: str, **options: Any) -> list[str]:
    with pytest.raises(BadReply) as raised:
        read_reply(text, **options)
    return [str(fault) for fault in raised.value.faults]


# --- plans


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"\ufeff{TEXT}",
        json.dumps(PLAN, indent=2),
        f"```json\n{TEXT}\n```",
        f"```\n{TEXT}\n```",
        f"~~~~ JSON\n{TEXT}\n~~~~",
        f"```json\n{TEXT}",  # the object is whole, whatever became of the fence
        f"Here is the plan:\n\n{TEXT}",
        f"{TEXT}\n\nIt writes a joke [1] and then {{waits}}.",
        f"Sure! I'd do this:\n```json\n{json.dumps(PLAN, indent=1)}\n```\nShall I?",
        f"{TEXT}\nAgain:\n{TEXT}",
        repr(PLAN),
        f"plan = {PLAN!r}",
        f"```python\n{PLAN!r}\n```",
        TEXT.replace("]", ",]").replace("}]", "} , ]"),
        TEXT.replace('"args"', '// what it takes\n/* and\nmore */ "args"').replace(
            '"output"', '# at last, {"a": 1}\n"output"'
        ),
        re.sub(r'"(steps|step_id|tool|args|output)":', r"“\1”:", TEXT),
        re.sub(r'"(steps|step_id|tool|args|output)":', r"‘\1’ :", TEXT),
        re.sub(r'"(steps|step_id|tool|depends_on|output)":', r"\1:", TEXT),
        TEXT.replace("null", "None"),
        TEXT.replace("it's", "it\\'s"),
        TEXT.replace(": ", " :\u00a0\n\t"),
        f"```yaml\n{to_yaml(plan_from(PLAN).plan)}\n```",
        TEXT.replace('{"steps"', '{"answer": null, "steps"'),
        TEXT.replace('{"steps"', '{"answer": "", "steps"'),
        f"This will do:\n~~~yml\n{to_yaml(plan_from(PLAN).plan)}\n~~~\nGood luck.",
    ],
)
def test_a_plan_is_read_where_its_meaning_is_certain(text: str) -> None:
    read = plan_in(text)
    assert read.faults == ()
    assert read.plan == plan_from(PLAN).plan


def test_the_seed_s_bare_form_is_a_plan() -> None:
    read = plan_in(SEED)
    assert read.faults == ()
    assert [(step.step_id, step.parallel_group, step.action) for step in read.plan.steps] == [
        ("step1", 1, Code("Write joke about cats")),
        ("step2", 1, Code("Write joke about dogs")),
    ]


def test_words_of_python_are_those_of_json() -> None:
    text = "{'steps': [{'step_id': 'a', 'tool': 't', 'args': {'x': True, 'y': False, 'z': None, 'w': 'None'}}]}"
    assert plan_in(text).plan.steps[0].args == {"x": True, "y": False, "z": None, "w": "None"}


def test_texts_keep_what_looks_like_something_else() -> None:
    hard = [
        "// no comment",
        "# nor this",
        ",]",
        "True",
        "“q”",
        "{'a': 1}",
        "http://x/y#z",
        "a\\nb",
        "```",
        "it's",
        'say "x"',
    ]
    plan = {"steps": [{"step_id": "a", "tool": "t", "args": {"x": hard}}]}
    for text in (json.dumps(plan), repr(plan), f"```json\n{json.dumps(plan, indent=1)}\n```"):
        assert plan_in(text).plan.steps[0].args == {"x": hard}


def test_a_text_may_have_line_breaks_in_it() -> None:
    read = plan_in('{"steps": [{"step_id": "a", "tool": "t", "args": {"x": "one\n\ttwo"}, "typo": 1}]}')
    assert read.plan.steps[0].args == {"x": "one\n\ttwo"}


def test_lines_are_those_of_the_reply() -> None:
    text = f"Here:\n\n{json.dumps({'steps': [{'step_id': 'a', 'tool': 't', 'typo': 1}]}, indent=1)}"
    (fault,) = plan_in(text).faults
    assert str(fault).startswith("line 8, step 'a': unknown key 'typo'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"steps": [{"step_id": "a", "tool": "t", "tool": "u"}]}', "the key 'tool' is there twice, first in line 1"),
        ("{'steps': [], 'steps': [{'step_id': 'a', 'tool': 't'}]}", "the key 'steps' is there twice"),
        ('[{"step_id": "a", "tool": "t"}]', "a plan must be a mapping, not a list; put the list under 'steps:'"),
        ('{"plan": {"steps": [{"step_id": "a", "tool": "t"}]}}', "unknown key 'plan'"),
        ('{"step": [{"step_id": "a", "tool": "t"}]}', "unknown key 'step'; did you mean 'steps'?"),
        ('{"steps": [{"step_id": "a", "tol": "t", "tool": "t"}]}', "unknown key 'tol'; did you mean 'tool'?"),
        ("{}", "there is no 'steps'"),
    ],
)
def test_a_plan_with_faults_keeps_them(text: str, said: str) -> None:
    assert any(said in str(fault) for fault in plan_in(text).faults)


# --- answers


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"answer": "Hello!"}', "Hello!"),
        ("```json\n{'answer': 'It\\'s \"four\".',}\n```", 'It\'s "four".'),
        ('{"answer": "Grüße 你好 😀", "steps": []}', "Grüße 你好 😀"),
        ('{"steps": null, "answer": "x"}', "x"),
        ("Paris.", "Paris."),
        ("  Hello!\n\nHow are you?  ", "Hello!\n\nHow are you?"),
        ("42", "42"),
        ("Write f(x) = {x | x > 0}, see [1] and [a](b); int main() { return 0; }", None),
        ("1. Boil the water.\n2. Add the pasta.", None),
        ("```c\nint main() { return 0; }\n```", None),
    ],
)
def test_an_answer_is_an_answer(text: str, answer: str | None) -> None:
    assert read_reply(text) == DirectAnswer(answer or text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the reply is empty"),
        (" \n\ufeff ", "the reply is empty"),
        ('{"answer": ""}', "the answer is empty"),
        ('{"answer": 5}', "the answer must be text"),
        ('{"answer": null}', "the answer must be text"),
        ('{"answer": "x", "anwser": "y"}', "unknown key 'anwser' beside the answer; did you mean 'answer'?"),
        ('{"answer": "x", "answer": "y"}', "the key 'answer' is there twice"),
        ('{"answer": "x", "steps": [{"step_id": "a", "tool": "t"}]}', "the reply has both an answer and steps"),
        ('{"answer": "x"} {"answer": "y"}', "there are 2 different JSON values in the reply"),
        ('{"step_id": "a", "tool": "t"}\n{"step_id": "b", "tool": "t"}', "there are 2 different JSON values"),
        ('{"steps": [{"step_id": "a", "tool": "t"}]}, "output": "{{a}}"}', "something after the end of the JSON"),
        ('{"steps": [{"step_id": "a", "tool": "t"}]}}', "something after the end of the JSON"),
        ('{"steps": [{"step_id": "a" "tool": "t"}]}', "a comma or '}' must come here"),
        ('{"steps": [{"step_id": "a", "tool": "t", "args": {"x": NaN}}]}', "JSON has no such number"),
        ('{"steps": [{"step_id": "a", "tool": "t", "args": {"x": "\\d"}}]}', "a backslash before a letter"),
        ('{"steps": [{"step_id": "a", "tool": "t", "args": {"x": "\x00"}}]}', "this is not JSON"),
        ('{"steps": [{"step_id": "a", "tool": "t", "args": {"x": "\\ud800"}}]}', "half of a surrogate pair"),
        (
            "{'steps': [{'step_id': 'a', 'tool': 't', 'args': {'x': 'don't'}}]}",
            "a comma or '}' must come here, not 't'",
        ),
        ("steps:\n  - step_id: a\n    tool: t", "looks like a plan, but there is no JSON in it"),
        ("First I set depends_on to the joke.", "looks like a plan, but there is no JSON in it"),
        ("I would call nmt_translator twice.", "speaks of the tool 'nmt_translator'"),
        ('{"steps": ' + "[" * 5000 + "]" * 5000 + "}", "the nesting is deeper than 100 levels"),
        ("x" * (LONGEST_REPLY + 1), "the reply has 1,000,001 letters"),
        ("<think>I could say {'answer': 'x'}", "while it is still thinking"),
        ("```yaml\nsteps:\n  - {step_id: a, tool: t}\n", "ends in the middle"),
        ("Here it is:\n```json\n", "ends in the middle"),
        ("Here it is: {", "ends in the middle"),
        ("Here it is: {ste", "ends in the middle"),
    ],
)
def test_what_may_mean_something_else_is_refused(text: str, said: str) -> None:
    assert any(said in fault for fault in faults_in(text, tools=("nmt_translator", "t", "write")))


# --- cut off


@pytest.mark.parametrize("text", [TEXT, SEED.strip(), repr(PLAN), '{"answer": "Hello, world"}'])
@pytest.mark.parametrize("around", ["%s", "```json\n%s\n```", "A plan:\n%s"])
def test_no_beginning_of_a_reply_is_a_smaller_one(text: str, around: str) -> None:
    start = around.index("%s")
    whole = around % text
    for cut in range(start + 1, start + len(text)):
        if whole[:cut].strip():
            assert "middle of the plan or answer" in faults_in(whole[:cut])[0], whole[:cut]


def test_a_reply_that_the_server_cut_off_is_refused_whatever_it_looks_like() -> None:
    for text in (TEXT, "Paris is", '{"answer": "x"}', ""):
        assert faults_in(text, is_cut=True) == [
            "the reply was cut off before its end; reply with less: a shorter answer, or fewer steps"
        ]


# --- properties


@unhurried
@given(st.text() | st.text(st.sampled_from("{}[]\"'`:,#/* \nabcsteps“”‘’\\xU0TrueNone~-")))
@example('{"')
@example("{'a\\")
@example("```yaml\n*a\n```")
@example("```yaml\n```\n```yaml\n```")
def test_any_text_is_read_or_refused(text: str) -> None:
    for decorated in (text, f"{{{text}}}", f'{{"steps": [{text}]}}', f"```yaml\n{text}\n```"):
        with suppress(BadReply):
            assert isinstance(read_reply(decorated), DirectAnswer | Draft)


def _with_commas(text: str) -> str:
    """The JSON with a comma too many before every closing bracket that has a value before it."""
    return _outside_of_texts(text, lambda code: re.sub(r"(?<![\[{\s,])(\s*)([\]}])", r"\1,\2", code))


def _with_comments(text: str) -> str:
    return _outside_of_texts(text, lambda code: code.replace(",", ', // {"a": [\'\n').replace(":", ": /* } */"))


def _outside_of_texts(text: str, change: Any) -> str:
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', text)
    # A text is a value as well: what comes after it must see that.
    return "".join(
        piece if at % 2 else change(f"\0{piece}" if at else piece).lstrip("\0") for at, piece in enumerate(pieces)
    )


DECORATIONS = {
    "plain": lambda text: text,
    "fence": lambda text: f"```json\n{text}\n```",
    "prose": lambda text: f"Of course! Here is what I'd do:\n\n{text}\n\nI hope that it's what you wanted.",
    "both": lambda text: f"Well:\n~~~\n{text}\n~~~\nThat is all.",
    "commas": _with_commas,
    "comments": _with_comments,
    "single quotes": lambda text: repr(json.loads(text)),
    "indented": lambda text: textwrap.indent(json.dumps(json.loads(text), indent=2), "    "),
    "escaped": lambda text: json.dumps(json.loads(text), ensure_ascii=True),
}


@unhurried
@given(plans, st.sampled_from(list(DECORATIONS)), st.booleans())
def test_a_decorated_plan_is_the_same_plan(plan: Any, decoration: str, is_fenced: bool) -> None:
    document = to_document(plan)
    expected = plan_from(document)
    text = DECORATIONS[decoration](json.dumps(document, ensure_ascii=False))
    read = plan_in(f"```\n{text}\n```" if is_fenced else text)
    assert read.plan == expected.plan
    assert [fault.problem for fault in read.faults] == [fault.problem for fault in expected.faults]


@unhurried
@given(plans, st.integers(), st.booleans())
def test_no_beginning_of_any_plan_is_a_plan(plan: Any, seed: int, is_python: bool) -> None:
    document = to_document(plan)
    text = repr(document) if is_python else json.dumps(document)
    for cut in {1, len(text) - 1, *random.Random(seed).sample(range(1, len(text)), min(10, len(text) - 1))}:
        with pytest.raises(BadReply):
            read_reply(text[:cut])
