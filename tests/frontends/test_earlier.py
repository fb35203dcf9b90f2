"""Results of earlier runs as inputs of a plan: shown by name, given as values, declared where that was forgotten."""

from __future__ import annotations

import json
from typing import Any

from overseer import Engine
from overseer.broker.result import ToolResult
from overseer.frontends.draft import Draft, Planned, Refused
from overseer.frontends.earlier import Earlier, earlier_lines, given_to
from overseer.frontends.planner import Planner
from overseer.tool import Question, Reply, tool


@tool
def shout(text: str) -> str:
    """Say it louder."""
    return text.upper()


LONG = "a joke that is long, " * 1000
EARLIER = {"joke": Earlier(LONG, "of step 'joke'"), "numbers": Earlier([1, 2], "of step 'numbers'")}
STEP = {"step_id": "loud", "tool": "shout", "args": {"text": "{{inputs.joke}}"}}


def drafted(*replies: dict[str, Any]) -> tuple[Draft, list[Question]]:
    questions: list[Question] = []

    def ask(question: Question) -> ToolResult:
        questions.append(question)
        text = json.dumps(replies[len(questions) - 1])
        return ToolResult(text, reply=Reply(text, "tiny"))

    return Planner(ask, {"shout": shout}).draft("the same, louder", earlier=EARLIER), questions


def test_a_plan_takes_a_result_by_its_name_and_the_run_gets_the_value_itself() -> None:
    draft, questions = drafted({"inputs": {"joke": {"type": "string"}}, "steps": [STEP]})
    assert isinstance(draft, Planned)
    assert '"name":"joke"' in questions[0].prompt.replace(": ", ":")
    assert LONG not in questions[0].prompt
    result = Engine([shout]).run(draft.plan, given_to(draft.plan, EARLIER))
    assert result.output == LONG.upper()


def test_a_result_that_is_read_without_being_declared_is_an_input_all_the_same() -> None:
    body = {"step_id": "each", "for_each": "{{inputs.numbers}}", "steps": [STEP]}
    draft, _ = drafted({"steps": [body]})
    assert isinstance(draft, Planned)
    assert {name: declared.type for name, declared in draft.plan.inputs.items()} == {
        "joke": "string",
        "numbers": "array",
    }


def test_a_default_of_the_plans_own_goes_before_an_earlier_result() -> None:
    draft, _ = drafted({"inputs": {"joke": {"type": "string", "default": "mine"}}, "steps": [STEP]})
    assert isinstance(draft, Planned)
    assert given_to(draft.plan, EARLIER) == {}


def test_a_result_of_another_type_and_an_input_that_nobody_knows_are_faults() -> None:
    wrong = {"inputs": {"joke": {"type": "integer"}, "poem": {"type": "string"}}, "steps": [STEP]}
    draft, questions = drafted(wrong, wrong)
    assert isinstance(draft, Refused)
    assert "'joke'" in questions[1].prompt
    assert "'poem' has no value" in questions[1].prompt


def test_the_latest_results_are_shown_as_far_as_there_is_room() -> None:
    many = {f"r{number}": Earlier("x" * 100, "") for number in range(50)}
    lines, left_out = earlier_lines(many, most_tokens=200)
    assert 1 < len(lines) < 10
    assert left_out == 50 - len(lines)
    assert json.loads(lines[-1])["name"] == "r49"
    assert len(earlier_lines(many, most_tokens=0)[0]) == 1
