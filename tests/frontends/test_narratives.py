"""Narratives: every form of act and input, the three dialects, carousels, nesting, and what is refused."""

# ruff: noqa: E501 -- a case and what is said of it stand in one line
from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer import Engine
from overseer.broker.broker import Broker
from overseer.broker.permissions import Grants
from overseer.errors import PlanError
from overseer.frontends.files import plan_reader
from overseer.frontends.narrative.tomltext import read_toml
from overseer.models import ModelRoles, ScriptedModel
from overseer.plan import WorkflowPlan, check_plan, input_values
from overseer.running.run import RunResult
from overseer.tool import Question, Services, tool
from overseer.workspace import FolderWorkspace
from tests.fakes import Gate
from tests.frontends.forms import OURS, complaints, document, read

HEAD = '[narrative]\nname = "n"\ndescription = "d"\n'


def run(
    plan: WorkflowPlan,
    answers: Sequence[Any],
    folder: Path | None = None,
    inputs: dict[str, Any] | None = None,
    *,
    more: Sequence[Any] = (),
) -> tuple[RunResult, list[Question]]:
    """How a narrative ends where the model gives these answers, and what the model was asked."""
    model = ScriptedModel(list(answers))
    services = Services(workspace=FolderWorkspace(folder) if folder else None)
    engine = Engine([*OURS.values(), *more], broker=Broker(models=ModelRoles.of(model), services=services))
    return engine.run(plan, inputs or {}), model.questions


def told(text: str, answers: Sequence[Any], folder: Path | None = None, **inputs: Any) -> tuple[Any, list[Question]]:
    checked = read(text, "n.toml", OURS)
    assert [str(fault) for fault in checked.faults] == []
    result, questions = run(checked.plan, answers, folder, inputs)
    assert result.status == "succeeded", result
    return result.output, questions


def test_each_act_knows_what_was_said_before() -> None:
    text = HEAD + '[toc]\norder = ["a", "b", "c"]\n[acts]\na = "One?"\nb = "Two?"\nc = "Three?"'
    output, questions = told(text, ["1", "2", "3"])
    assert output == "3"
    assert [question.prompt for question in questions] == ["One?", "Two?", "Three?"]
    assert [question.history for question in questions] == [(), (("One?", "1"),), (("One?", "1"), ("Two?", "2"))]


def test_acts_never_overlap() -> None:
    text = HEAD + 'toc = ["a", "b", "c"]\n[acts]\na = "A"\nb = ["tables.t", "B"]\nc = "C"\n[tables.t]\ntable_name = "t"'
    text = text.replace('toc = ["a", "b", "c"]\n', "", 1)
    steps = document('toc = ["a", "b", "c"]\n' + text, "n.toml", OURS)["steps"]
    assert [step["step_id"] for step in steps] == ["a", "b_table", "b", "c"]
    for before, step in pairwise(steps):
        assert before["step_id"] in step["depends_on"]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("one", 'toc = ["a", "b"]\n' + HEAD + '[acts]\na = "A"\nb = "B {{a}}"'),
        ("ordered", HEAD + '[toc]\norder = ["a", "b"]\n[acts]\na = "A"\n[[acts.b.input]]\ntype = "text"\ncontent = "B {{previous}}"'),
        ("listed", HEAD + '[[act]]\nname = "a"\n[[act.prompt]]\ntext = "A"\n[[act]]\nname = "b"\n[[act.prompt]]\ntext = "B {{a}}"'),
        ("old", HEAD.replace("[narrative]", "[narration]") + '[toc]\norder = ["a", "b"]\n[acts]\na = "A"\nb = "B {{a}}"'),
        ("several", '[narrative.n]\nname = "n"\ndescription = "d"\ntoc = ["a", "b"]\n[acts]\na = "A"\nb = "B {{a}}"'),
        ("own acts", '[narratives.n]\nname = "n"\ndescription = "d"\ntoc = ["a", "b"]\n[narratives.n.acts]\na = "A"\n[acts]\na = "wrong"\nb = "B {{a}}"'),
    ],
)  # fmt: skip
def test_the_dialects_mean_the_same(dialect: str, text: str) -> None:
    output, questions = told(text, ["x", "y"])
    assert (output, questions[1].prompt) == ("y", "B x")


def test_a_part_of_a_reply_that_is_json() -> None:
    text = HEAD + "toc = 1\n"
    text = 'toc = ["a", "b"]\n' + HEAD + '[acts]\na = "A"\nb = "B {{a.post.title}}"'
    _, questions = told(text, [json.dumps({"post": {"title": "T"}}), "y"])
    assert questions[1].prompt == "B T"


def test_what_comes_from_outside_is_an_input() -> None:
    text = 'toc = ["a"]\n' + HEAD + '[acts]\na = "For ${env:WHO}, ${state:last_id}"'
    checked = read(text, "n.toml", OURS)
    assert checked.notes == ()  # whoever gives it has no need to be told
    assert checked.plan.inputs["WHO"].description == "what the narrative reads as ${env:WHO}"
    with pytest.raises(PlanError, match=r"'WHO' is missing; it takes text: what the narrative reads as \$\{env:WHO\}"):
        input_values(checked.plan, {"last_id": "7"})
    _, questions = told(text, ["x"], WHO="you", last_id="7")
    assert questions[0].prompt == "For you, 7"


def test_a_table_and_files_are_read_into_the_prompt(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("title,score\nlow,1\nhigh,5\nmiddle,4\n")
    (tmp_path / "note.txt").write_text("a note")
    text = (
        'toc = ["a", "b"]\n' + HEAD + "[tables.old]\n"
        'table_name = "posts"\nwhere = "score > 3"\norder_by = "score DESC"\ncolumns = ["title"]\nformat = "csv"\n'
        '[media.note]\nfile = "note.txt"\n'
        '[acts]\na = ["tables.old", "media.note", "Go on."]\nb = "And now?"'
    )
    _, questions = told(text, ["x", "y"], tmp_path)
    assert questions[0].prompt == "title\nhigh\nmiddle\n\n\na note\n\nGo on."


def test_what_is_left_out_of_the_history(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n\n1\n")
    text = (
        'toc = ["a", "b"]\n'
        + HEAD
        + (
            '[[acts.a.input]]\ntable = "t"\nhistory_retention = "summary"\n'
            '[[acts.a.input]]\ntext = "secret ways"\nhistory_retention = "drop"\n'
            '[[acts.a.input]]\ntext = "Say."\n'
            '[acts]\nb = "And?"'
        )
        .replace("[acts]\n", "[acts.b]\n")
        .replace('b = "And?"', 'prompt = "And?"')
    )
    _, questions = told(text, ["x", "y"], tmp_path)
    assert questions[0].prompt == '[{"n": 1}]\n\nsecret ways\n\nSay.'
    assert questions[1].history == (("(table t)\n\nSay.", "x"),)


def test_a_command_is_a_tool_and_its_arguments_read_acts() -> None:
    text = (
        'toc = ["a", "b"]\n'
        + HEAD
        + (
            '[bots.shout]\ncommand = "text_case"\nargs = {text = "{{a}}", case = "upper"}\n'
            '[acts]\na = "A"\nb = ["bots.shout"]'
        )
    )
    _, questions = told(text, ["quiet", "y"])
    assert questions[1].prompt == "QUIET"


def test_the_nearest_voice_is_heard() -> None:
    text = (
        'toc = ["a", "b"]\n'
        + HEAD
        + ('temperature = 0.5\nmax_tokens = 100\n[acts]\na = "A"\n[acts.b]\ntemperature = 0\nprompt = "B"')
    )
    _, questions = told(text, ["x", "y"])
    assert [(question.temperature, question.max_tokens) for question in questions] == [(0.5, 100), (0, 100)]


def test_a_model_is_chosen_with_its_provider_and_else_there_is_a_note() -> None:
    text = 'toc = ["a", "b"]\n' + HEAD + 'model = "m"\n[acts]\na = "A"\n[acts.b]\nmodel = "ollama/tiny"\nprompt = "B"'
    steps = document(text, "n.toml", OURS)["steps"]
    assert "model" not in steps[0]["args"]
    assert steps[1]["args"]["model"] == "ollama/tiny"
    assert any("'m' is named without its provider" in note for note in read(text, "n.toml", OURS).notes)


# --- carousels


def gated(rounds: int, act: str) -> tuple[Any, list[list[dict[str, str]]]]:
    """A turn that goes through only when so many rounds of an act are inside at once, and what each was told before."""
    gate = Gate(rounds)
    histories: list[list[dict[str, str]]] = []

    @tool
    def conversation_turn(prompt: str, history: list[dict[str, str]] | None = None) -> str:
        """Say something."""
        if prompt.startswith(act):
            histories.append(history or [])
            gate.pass_through()
        return f"re: {prompt}"

    return conversation_turn, histories


def test_rounds_of_an_act_overlap_know_nothing_of_each_other_and_the_next_act_waits() -> None:
    text = (
        'toc = ["a", "b", "c"]\n'
        + HEAD
        + ('[acts]\na = "A"\nc = "C {{b[4]}}"\n[acts.b]\nprompt = "B {{index}}"\ncarousel = {iterations = 5}')
    )
    turn, histories = gated(5, "B")
    plan = read(text, "n.toml", {"conversation_turn": turn}).plan
    assert Engine([turn]).run(plan).output == "re: C re: B 4"
    assert histories == [[{"prompt": "A", "reply": "re: A"}]] * 5


def test_rounds_of_a_whole_narrative_overlap() -> None:
    text = (
        '[carousel]\niterations = 3\n[[act]]\nname = "a"\n[[act.prompt]]\ntext = "A"\n[[act]]\nname = "b"\nprompt = "B"'
    )
    turn, histories = gated(3, "A")
    plan = read(text, "n.toml", {"conversation_turn": turn}).plan
    assert Engine([turn]).run(plan).output == ["re: B"] * 3
    assert histories == [[], [], []]


def test_a_failed_round_ends_the_carousel_unless_it_continues() -> None:
    @tool
    def conversation_turn(prompt: str, history: list[Any] | None = None) -> str:
        """Say something, or fail."""
        if prompt in ("B 1", "B 3"):
            raise ValueError("no")
        return prompt

    for continues in (True, False):
        text = (
            'toc = ["b"]\n'
            + HEAD
            + (
                '[acts.b]\nprompt = "B {{index}}"\n[acts.b.carousel]\niterations = 5\n'
                f"continue_on_error = {str(continues).lower()}\n"
            )
        )
        result = Engine([conversation_turn]).run(read(text, "n.toml", {"conversation_turn": conversation_turn}).plan)
        assert (result.status == "partial") is continues
        if continues:
            assert [isinstance(item, dict) for item in result.output] == [False, True, False, True, False]


def test_budgets_of_narrative_and_carousel() -> None:
    text = (
        'toc = ["a"]\n'
        + HEAD
        + (
            "[narrative.budget]\nrpm_multiplier = 0.5\n"
            '[acts.a]\nprompt = "A"\n[acts.a.carousel]\niterations = 2\nbudget = {tpm_multiplier = 0.25}\n'
        )
    )
    made = document(text, "n.toml", OURS)
    assert made["budget"] == {"rpm_multiplier": 0.5}
    assert made["steps"][0]["budget"] == {"tpm_multiplier": 0.25}


# --- several narratives, in files and beside each other

TWO = '[narrative.one]\ntoc = ["a"]\n[narrative.two]\ntoc = ["b", "c"]\n[acts]\na = "A"\nb = "B"\n[acts.c]\nnarrative = "one"'


def test_one_of_several_is_chosen_by_name() -> None:
    assert complaints(TWO, "n.toml", OURS) == ["there are several narratives; choose one with --narrative: one, two"]
    assert document(TWO, "n.toml", OURS, narrative="one")["name"] == "one"
    assert complaints(TWO, "n.toml", OURS, narrative="three") == ["there is no narrative 'three'; there are one, two"]
    assert complaints("steps: []", "n.yaml", OURS, narrative="x") == [
        "there are no narratives to choose from in it; leave --narrative out"
    ]


def test_a_narrative_runs_as_an_act_and_its_output_is_the_reply() -> None:
    result, questions = run(read(TWO, "n.toml", OURS, narrative="two").plan, ["x", "y"])
    assert result.output == "y"
    assert [question.prompt for question in questions] == ["B", "A"]
    assert questions[1].history == ()


def test_a_nested_file_is_found_beside_the_one_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "main.toml").write_text(
        '[[act]]\nname = "first"\n[[act.prompt]]\nnarrative = "sub/inner"\n'
        '[[act]]\nname = "next"\n[[act.prompt]]\ntext = "Use {{first}}"\n'
    )
    (tmp_path / "sub/inner.toml").write_text('[[act]]\nname = "i"\nprompt = "I"\n')
    checked = check_plan(tmp_path / "main.toml", tools=OURS, read=plan_reader(OURS))
    assert [str(fault) for fault in checked.faults] == []
    _, questions = run(checked.plan, ["inner", "end"])
    assert [question.prompt for question in questions] == ["I", "Use inner"]


def test_a_second_act_reads_the_table_that_a_nested_narrative_wrote(tmp_path: Path) -> None:
    (tmp_path / "main.toml").write_text(
        '[[act]]\nname = "run_nested"\n[[act.prompt]]\nnarrative = "nested.toml"\n'
        '[[act]]\nname = "use"\n[[act.prompt]]\ntable = "nested_table"\n'
    )
    (tmp_path / "nested.toml").write_text(
        '[bots.save]\ncommand = "write_file"\nargs = {path = "nested_table.csv", text = "n\\n7\\n"}\n'
        '[[act]]\nname = "i"\nprompt = ["bots.save", "Done?"]\n'
    )
    checked = check_plan(tmp_path / "main.toml", tools=OURS, read=plan_reader(OURS))
    assert [str(fault) for fault in checked.faults] == []
    model = ScriptedModel(["yes", "end"])
    broker = Broker(models=ModelRoles.of(model), services=Services(workspace=FolderWorkspace(tmp_path)))
    prepared = Engine(OURS.values(), broker=broker).prepare(checked.plan, {}, approve=Grants(frozenset({"write"})))
    result = prepared.carry_out()
    assert result.status == "succeeded", result
    assert model.questions[1].prompt == '[{"n": 7}]'


def test_a_missing_file_is_named_with_the_one_that_asks_for_it(tmp_path: Path) -> None:
    (tmp_path / "main.toml").write_text('[[act]]\nname = "first"\n[[act.prompt]]\nnarrative = "nowhere"\n')
    [fault] = check_plan(tmp_path / "main.toml", tools=OURS, read=plan_reader(OURS)).faults
    assert str(fault) == (
        f"line 1, step 'first': there is no workflow 'nowhere.toml'; looked at {tmp_path / 'nowhere.toml'}"
    )


def test_narratives_that_lead_back_to_themselves_are_refused(tmp_path: Path) -> None:
    text = (
        '[narrative.a]\ntoc = ["x"]\n[narrative.b]\ntoc = ["y"]\n[acts.x]\nnarrative = "b"\n[acts.y]\nnarrative = "a"\n'
    )
    assert complaints(text, "n.toml", OURS, narrative="a") == [
        "line 7, step 'y': the narrative leads back to itself: a -> b -> a"
    ]
    (tmp_path / "main.toml").write_text('[[act]]\nname = "a"\nprompt = {narrative = "main"}\n')
    [fault] = check_plan(tmp_path / "main.toml", tools=OURS, read=plan_reader(OURS)).faults
    assert "the workflow leads back to itself" in str(fault)


# --- what is refused

ACT = 'toc = ["a"]\n' + HEAD  # the acts begin in line 5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: there is no narrative; begin with [narrative] and a name, or with [[act]]"),
        ("x = ", "line 1: this is not TOML: invalid value"),
        ("a = 1\na = 2", "line 2: this is not TOML: cannot overwrite a value"),
        ("[acs]\n[[act]]\nname = \"a\"\nprompt = \"x\"", "line 1: unknown key 'acs'; did you mean 'acts'?"),
        (ACT + '[acts]\nb = "B"', "line 1: there is no act 'a'; the acts are: b"),
        (ACT + '[acts]\na = ""', "line 6, step 'a': the act says nothing; give it a text, an input or a narrative"),
        (ACT + "[acts]\na = []", "line 6, step 'a': the act says nothing; give it a text, an input or a narrative"),
        (ACT + "[acts]\na = 5", "line 6, step 'a': an input must be a text, a reference or a table, not 5"),
        (ACT + '[acts]\na = "{{previous}}"', "line 6, step 'a': reads {{previous}}, but no act comes before it"),
        (ACT + '[acts]\na = "{{b}}"', "line 6, step 'a': reads {{b}}, but there is no act 'b'"),
        (ACT + '[acts]\na = "{{a}}"', "line 6, step 'a': reads {{a}}, which is its own reply"),
        (ACT + '[acts]\na = "${home:x}"', "line 6, step 'a': '${home:x}' cannot be read; write ${env:NAME}"),
        (ACT + '[acts]\na = "tables.x"', "line 6, step 'a': there is no 'tables.x'"),
        (ACT + '[[acts.a.input]]\ntype = "image"\nfile = "a.png"', "line 6, step 'a': an input of the type 'image' is not supported: models are given text only; describe it in words, or add an act whose command makes text of it"),
        (ACT + '[[acts.a.input]]\ntype = "video"\nfile = "a"', "line 6, step 'a': an input of the type 'video' is not supported: models are given text only; describe it in words, or add an act whose command makes text of it"),
        (ACT + '[[acts.a.input]]\ntype = "smell"', "line 6, step 'a': there is no input of the type 'smell'; text, document, table, narrative, bot_command"),
        (ACT + '[[acts.a.input]]\ntype = "document"', "line 5, step 'a': the input has no source; give it one of: text, content, file, ref, narrative, table"),
        (ACT + '[[acts.a.input]]\ntext = "x"\nurl = "http://h/"', "line 7, step 'a': 'url' is not supported: media are not fetched; an act whose command is fetch_url can read a page"),
        (ACT + '[acts.a]\nprompt = "x"\nextract_output = true', "line 7, step 'a': 'extract_output' is not supported: no rows are written from replies; add an act whose command is write_file"),
        (ACT + 'target = "rows"\n[acts]\na = "x"', "line 5: 'target' is not supported: no rows are written from replies; add an act whose command is write_file"),
        (ACT + 'template = "rows"\n[acts]\na = "x"', "line 5: 'template' is not supported: no rows are written from replies; add an act whose command is write_file"),
        (ACT + '[acts.a]\nprompt = "x"\ntemperature = 3', "line 7, step 'a': 'acts.a.temperature' must be a number from 0 to 2, not 3"),
        (ACT + '[acts.a]\nprompt = "x"\ncarousel = {iterations = 0}', "line 7, step 'a': 'acts.a.carousel.iterations' must be a whole number of at least 1, not 0"),
        (ACT + '[acts.a]\nprompt = "x"\ncarousel = {}', "line 7, step 'a': the carousel has no 'iterations'; say how many rounds there are to be"),
        (ACT + '[narrative.budget]\nrpm_multiplier = 1.5\n[acts]\na = "x"', "line 6: 'narrative.budget.rpm_multiplier' must be a number above 0 and up to 1, not 1.5"),
        (ACT + '[narrative.budget]\nrpm_multiplier = 0\n[acts]\na = "x"', "line 6: 'narrative.budget.rpm_multiplier' must be a number above 0 and up to 1, not 0"),
        (ACT + '[tables.t]\ntable_name = "t"\nwhere = "1=1; DROP TABLE t"\n[acts]\na = "tables.t"', "line 9, step 'a': 'where' cannot be read from '; DROP TABLE t': write comparisons such as score > 3, joined by 'and'"),
        (ACT + '[tables.t]\ntable_name = "t"\npull_and_delete = true\n[acts]\na = "tables.t"', "line 7, step 'a': 'pull_and_delete' is not supported: reading a table never deletes its rows"),
        (ACT + '[security]\nallow = []\n[acts]\na = "x"', "line 5: 'security' is not supported: what may be done without asking is said in config.yaml, under permissions"),
        (ACT + '[acts]\na = "tables.t"\n[tables.t]\nwhere = "x > 1"', "line 7, step 'a': 'tables.t' has no 'table_name'"),
        ('toc = ["a", "a"]\n' + HEAD + '[acts]\na = "x"', "line 1: the act 'a' is in the order twice; an act that is repeated is a carousel"),
        ('[[act]]\nprompt = "x"', "line 1: the act has no 'name'"),
        ('[[act]]\nname = "a"\nprompt = "x"\n[[act]]\nname = "a"\nprompt = "x"', "line 1: there are two acts 'a'; give each a name of its own"),
        (ACT + "when = 2026-01-01\n[acts]\na = \"x\"", "line 5: unknown key 'narrative.when'; the keys here are: name, description, toc, acts, carousel, budget, skip_content_generation, model, temperature, max_tokens"),
        (ACT + "[acts.a]\nprompt = 'x'\nmax_tokens = inf", "there is a number in it that is infinite, or none at all; write another, or text in quotes"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, complaint: str | None) -> None:
    found = complaints(text, "n.toml", OURS)
    assert found == [complaint] if complaint else found


@given(st.text(alphabet="[]=\"a\n.{}$:#'1,", max_size=60))
def test_any_text_is_a_plan_or_a_complaint(text: str) -> None:
    read(text, "n.toml", OURS)


def test_every_key_has_its_line() -> None:
    text = (
        'a = """\nx = 1\n"""\n[b]\nc = [\n  "]",\n  1,\n]\n"d e" = 1\n[[f]]\n[[f.g]]\nh = 1\n[[f.g]]\ni.j = {k = 1}\n'
    )
    lines = read_toml(text).lines
    assert lines["a",] == 1
    assert lines["b", "c"] == 5
    assert lines["b", "d e"] == 9
    assert lines["f", 0, "g", 0, "h"] == 12
    assert lines["f", 0, "g", 1, "i", "j"] == 14
