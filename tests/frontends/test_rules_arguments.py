"""Which values of a request go to which arguments of a tool."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.frontends.draft import Planned, Refused
from overseer.frontends.rules import plan_by_rules
from tests.frontends.rules import NUMBER, TEXT, WHOLE, args_of, made, our, planned

MAIL = made("send_email", "Send an email.", {"to": TEXT, "subject": TEXT, "body": TEXT})
FLIGHT = made("book_flight", "Book a flight.", {"from_city": TEXT, "to_city": TEXT, "date": TEXT})
ROOM = made(
    "book_hotel",
    "Book a hotel room in a city.",
    {
        "city": TEXT,
        "nights": {"type": "integer", "description": "how many nights", "default": 1},
        "kind": {"enum": ["single", "double", "suite"], "default": "single"},
        "with_breakfast": {"type": "boolean", "default": False},
    },
)
LOAN = made(
    "loan_payment",
    "Calculate the monthly payment of a loan.",
    {"principal": NUMBER, "interest_rate": NUMBER, "term_years": WHOLE},
)
TAX = made(
    "sales_tax",
    "Calculate the sales tax on an amount.",
    {"amount": NUMBER, "tax_rate": {"type": "number", "description": "the rate as a decimal"}},
)
FILM = made("get_film", "Get the details of a film.", {"title": TEXT, "release_year": WHOLE})
MEAN = made("average", "Average some numbers.", {"numbers": {"type": "array", "items": NUMBER}})
MEETING = made("plan_meeting", "Plan a meeting.", {"people": {"type": "array", "items": TEXT}, "date": TEXT})


@pytest.mark.parametrize(
    ("request_", "tool", "expected"),
    [
        ("book a flight from New York to Los Angeles on December 15, 2026", FLIGHT,
         {"from_city": "New York", "to_city": "Los Angeles", "date": "December 15, 2026"}),
        ("book a flight to Rome from Oslo on 2026-05-01", FLIGHT,
         {"from_city": "Oslo", "to_city": "Rome", "date": "2026-05-01"}),
        ("book a hotel in Paris for 3 nights", ROOM, {"city": "Paris", "nights": 3}),
        ("book a double hotel room in Paris with breakfast", ROOM,
         {"city": "Paris", "kind": "double", "with_breakfast": True}),
        ("book a hotel in Paris without breakfast", ROOM, {"city": "Paris", "with_breakfast": False}),
        ("monthly payment of a loan with a principal of $10,000, an interest rate of 5% and a term of 6 years", LOAN,
         {"principal": 10000, "interest_rate": 5, "term_years": 6}),
        ("calculate the sales tax on $50 at 8%", TAX, {"amount": 50, "tax_rate": 0.08}),
        ('get the film "Inception" of 2010', FILM, {"title": "Inception", "release_year": 2010}),
        ("average the numbers 3, 5 and 10", MEAN, {"numbers": [3, 5, 10]}),
        ("average the numbers [1, 2.5]", MEAN, {"numbers": [1, 2.5]}),
        ("plan a meeting with Ann Lee and Bo Chan on 2026-03-01", MEETING,
         {"people": ["Ann Lee", "Bo Chan"], "date": "2026-03-01"}),
    ],
)  # fmt: skip
def test_a_value_goes_where_it_suits(request_: str, tool: Any, expected: dict[str, Any]) -> None:
    assert args_of(request_, tool) == [expected]


def test_a_list_of_values_for_one_argument_makes_a_call_for_each() -> None:
    plan = planned("book a hotel in Paris, Rome and Oslo", ROOM)
    assert [step.args["city"] for step in plan.steps] == ["Paris", "Rome", "Oslo"]
    assert [step.parallel_group for step in plan.steps] == [1, 1, 1]
    assert not any(step.depends_on for step in plan.steps)


def test_a_pattern_that_repeats_makes_a_call_for_each_round() -> None:
    found = args_of("convert 5 miles to km and 10 kg to pounds")
    assert found == [
        {"value": 5, "from_unit": "miles", "to_unit": "km"},
        {"value": 10, "from_unit": "kg", "to_unit": "pounds"},
    ]


def test_what_stands_behind_all_rounds_goes_with_each() -> None:
    found = args_of("convert 3 miles, 4 yards and 5 feet to meters")
    assert [(call["value"], call["from_unit"], call["to_unit"]) for call in found] == [
        (3, "miles", "meters"),
        (4, "yards", "meters"),
        (5, "feet", "meters"),
    ]


def test_two_parts_that_tell_the_same_arguments_are_two_calls() -> None:
    said = "Calculate the sales tax. The first amount is $50 at a rate of 8%. The second amount is $70 at a rate of 9%."
    assert [call["amount"] for call in args_of(said, TAX)] == [50, 70]


def test_a_number_of_times_makes_as_many_calls() -> None:
    roll = made("roll_dice", "Roll the dice.")
    assert len(planned("roll the dice 3 times", roll).steps) == 3
    assert len(planned("roll the dice twice", roll).steps) == 2


def test_several_options_make_a_call_for_each() -> None:
    assert [call["algorithm"] for call in args_of("compute sha256 and md5 of a.txt")] == ["sha256", "md5"]


def test_a_count_goes_where_it_is_said_what_it_counts() -> None:
    news = made("get_headlines", "Get news headlines.", {"headlines": WHOLE, "topic": TEXT})
    assert args_of("get five headlines about cats", news) == [{"headlines": 5, "topic": "cats"}]


def test_what_an_example_takes_for_granted_is_taken() -> None:
    assert args_of("how many days until 2030-12-24") == [{"start": "today", "end": "2030-12-24"}]
    assert args_of("find all Python files under src") == [{"path": "src", "pattern": "*.py", "recursive": True}]


def test_the_data_of_an_example_is_nobodys() -> None:
    shape = made(
        "table_shape",
        "Tell how many rows and columns a table has.",
        {"table": {"type": "string", "default": ""}, "path": {"type": "string", "default": ""}},
        examples=({"request": "how many rows and columns has the table", "args": {"table": "a,b\n1,3"}},),
    )
    assert args_of("how many rows and columns has the table a.csv", shape) == [{"path": "a.csv"}]


def test_what_is_missing_is_a_refusal_that_names_it() -> None:
    draft = plan_by_rules("book a flight to Rome", {"book_flight": FLIGHT})
    assert isinstance(draft, Refused)
    assert "'book a flight to Rome'" in draft.reasons[0]
    assert "'from_city'" in draft.reasons[0]
    assert "'date'" in draft.reasons[0]


def test_what_is_missing_can_be_left_open_as_an_input() -> None:
    draft = plan_by_rules("book a flight from Oslo to Rome", {"book_flight": FLIGHT}, leave_open=True)
    assert isinstance(draft, Planned)
    assert list(draft.plan.inputs) == ["date"]
    assert any("'date'" in note for note in draft.notes)


def test_what_has_no_place_is_a_refusal_that_names_it() -> None:
    draft = plan_by_rules("read a.txt with b.csv", our())
    assert isinstance(draft, Refused)
    assert "'b.csv'" in draft.reasons[0]


def test_what_has_no_place_is_noted_where_things_may_be_left_open() -> None:
    draft = plan_by_rules("read a.txt with b.csv", our(), leave_open=True)
    assert isinstance(draft, Planned)
    assert any("b.csv" in note for note in draft.notes)


def test_text_with_braces_stays_text() -> None:
    (args,) = args_of("count the words in '{{joke}} and {{inputs.x}}'")
    assert args == {"text": "{{joke}} and {{inputs.x}}"}


def test_a_mail_takes_its_address_and_its_quotations_by_their_names() -> None:
    said = "send an email to 'bob@example.org' with the subject 'Hi' and the body 'How are you?'"
    assert args_of(said, MAIL) == [{"to": "bob@example.org", "subject": "Hi", "body": "How are you?"}]
