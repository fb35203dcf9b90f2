"""Follow-ups by rules: what a request does not tell is the latest result that fits."""

from __future__ import annotations

from typing import Any

from overseer import Engine
from overseer.frontends.draft import Planned, Refused
from overseer.frontends.earlier import Earlier, given_to
from overseer.frontends.rules import plan_by_rules
from tests.frontends.rules import our

EARLIER = {"first": Earlier("one two three"), "numbers": Earlier([3, 1, 2]), "title": Earlier("so be it")}


def outcome(request: str, earlier: dict[str, Earlier]) -> Any:
    draft = plan_by_rules(request, our(), earlier=earlier)
    assert isinstance(draft, Planned), draft
    result = Engine(our().values()).run(draft.plan, given_to(draft.plan, earlier))
    return result.output, draft


def test_it_is_the_latest_result() -> None:
    output, draft = outcome("make it upper case", EARLIER)
    assert output == "SO BE IT"
    assert any("is the earlier result 'title'" in note for note in draft.notes)


def test_a_request_that_tells_its_text_takes_no_result() -> None:
    output, draft = outcome("make 'hello' upper case", EARLIER)
    assert (output, draft.plan.inputs) == ("HELLO", {})


def test_a_result_of_another_type_is_written_as_text() -> None:
    output, _ = outcome("make it upper case", {"word": Earlier({"a": "b"})})
    assert output == '{"A": "B"}'


def test_without_results_it_is_refused_as_ever() -> None:
    assert isinstance(plan_by_rules("make it upper case", our()), Refused)


def test_what_came_with_the_request_is_not_called_an_earlier_result() -> None:
    given = {"stdin": Earlier("so be it", "what was given on standard input", came_along=True)}
    _, draft = outcome("make it upper case", given)
    assert "'text' of step 'text_case' is what was given on standard input" in draft.notes
