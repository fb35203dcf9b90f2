"""What is typed about a plan: words, their first letters, steps by number or id; nothing runs for a slip."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.broker.needs import needs
from overseer.broker.permissions import CAREFUL, Rule
from overseer.chat.choices import HELP, Choice, Dropped, Unclear, read_choice, read_step, read_steps
from overseer.plan.dropping import dependants, without
from overseer.plan.references import parsed
from overseer.review import Proposal, Reject, Replace
from tests.chat.people import TOOLS, Typist, plan, step

PLAN = plan(step("a"), step("b", "think", "a"), step("c", "think", "b"), step("d"), output={"x": "{{c}}", "y": "{{d}}"})


@pytest.mark.parametrize(
    ("typed", "word", "rest"),
    [
        ("r", "run", ""),
        (" RUN ", "run", ""),
        ("yes", "run", ""),
        ("b", "background", ""),
        ("edit", "edit", ""),
        ("c make it  shorter", "change", "make it  shorter"),
        ("change r", "change", "r"),
        ("d 2 with", "drop", "2 with"),
        ("save /srv/x.yaml", "save", "/srv/x.yaml"),
        ("v", "view", ""),
        ("v 3", "view", "3"),
        ("n", "quit", ""),
        ("exit", "quit", ""),
    ],
)
def test_words_and_letters(typed: str, word: str, rest: str) -> None:
    assert read_choice(typed) == Choice(word, rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", HELP[0]),
        ("  ", HELP[0]),
        ("runn", "did you mean 'run'?"),
        ("quitt", "did you mean 'quit'?"),
        ("x", "there is no 'x'; Enter alone shows what there is"),
        ("/jobs", "nothing was done with '/jobs': commands are read once"),
        ("/timeline --html x.html", "commands are read once this plan is decided on"),
        ("/run", "did you mean 'run'?"),
        ("make it shorter", "put c before them: c make it shorter"),
        ("r now please", "'run' takes nothing else, so nothing was done with 'r now please'; to have it changed"),
        ("run 2", "'run' takes nothing else"),
        ("c", "say what is to be different"),
        ("d", "say which steps"),
        ("s", "say under which name"),
    ],
)
def test_what_is_unclear_is_answered_with_what_would_help(typed: str, says: str) -> None:
    found = read_choice(typed)
    assert isinstance(found, Unclear)
    assert says in found.lines[0]


@given(st.text())
def test_only_its_own_words_run_anything(typed: str) -> None:
    found = read_choice(typed)
    if isinstance(found, Choice) and found.word in ("run", "background"):
        assert typed.strip().lower() in ("r", "run", "y", "yes", "b", "background")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("1", Dropped(("a",), False)),
        ("a, 3  d", Dropped(("a", "c", "d"), False)),
        ("2 with", Dropped(("b",), True)),
        ("4 4 d", Dropped(("d",), False)),
    ],
)
def test_steps_by_number_and_by_id(said: str, found: Dropped) -> None:
    assert read_steps(PLAN, said) == found


@pytest.mark.parametrize("said", ["0", "5", "-1", "e", "with", "9" * 5000, "²", "1 e"])
def test_steps_that_there_are_not(said: str) -> None:
    found = read_steps(PLAN, said)
    assert isinstance(found, Unclear)
    assert "there is no step" in found.lines[0]


def test_an_id_goes_before_a_number() -> None:
    made = plan(step("2"), step("1"), step("with"))
    assert read_steps(made, "1") == Dropped(("1",), False)
    assert read_steps(made, "2 with") == Dropped(("2", "with"), False)
    assert read_step(made, "2") == 1
    assert read_step(made, "3") == 3


def test_who_needs_a_step_is_named_and_can_be_dropped_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert dependants(PLAN, {"a"}) == ("b", "c")
    typist = Typist(["d a", "d 1 2", "d a with"], TOOLS)
    decision = typist.reviewing.decide(Proposal(PLAN, "model"), must_ask=True)
    said = capsys.readouterr().err
    assert "b, c would be without what it gives; to drop all of these: d a with" in said
    assert "c would be without what they give; to drop all of these: d 1 2 with" in said
    assert isinstance(decision, Replace)
    assert [each.step_id for each in decision.plan.steps] == ["d"]
    assert decision.plan.output == parsed({"y": "{{d}}"})
    assert decision.notes


def test_a_plan_is_not_dropped_step_by_step_to_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    typist = Typist(["d a d with", "q"], TOOLS)
    typist.reviewing.decide(Proposal(PLAN, "model"), must_ask=True)
    assert "no step would be left; q runs nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "left"),
    [
        ("{{c}}", None),
        (["{{c}}", "{{d}}"], ["{{d}}"]),
        ({"x": "text {{c}}"}, None),
        ({"x": ["{{c}}"], "y": 1}, {"y": 1}),
        ("{{d}}", "{{d}}"),
        (None, None),
    ],
)
def test_the_output_goes_with_what_it_reads(output: object, left: object) -> None:
    made = plan(step("c"), step("d"), **({"output": output} if output is not None else {}))
    rest, notes = without(made, {"c"})
    assert rest.output == (parsed(left) if left is not None else None)
    assert bool(notes) == (output != left)


def test_a_plan_without_its_input_is_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    inputs = {"topic": {"type": "string"}}
    made = plan({"step_id": "x", "tool": "think", "args": {"a": "{{inputs.topic}}"}}, inputs=inputs)
    typist = Typist(["r", "b"], TOOLS)
    assert isinstance(typist.reviewing.decide(Proposal(made, "model"), must_ask=True), Reject)
    assert "the input 'topic' is missing" in capsys.readouterr().err
    assert len(typist.questions) == 3


def test_a_denied_plan_is_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    made = plan(step("x", "start"))
    denied = needs(made, TOOLS, replace(CAREFUL, rules=(Rule("deny", "start"),)))
    typist = Typist(["r", "yes", "b"], TOOLS)
    assert isinstance(typist.reviewing.decide(Proposal(made, "model", needs=tuple(denied)), must_ask=True), Reject)
    said = capsys.readouterr().err
    assert "the settings deny what this plan wants to do:" in said
    assert said.count("so it cannot be run; change it, or drop those steps") == 3
    assert not any("[r]un" in question for question in typist.questions)
