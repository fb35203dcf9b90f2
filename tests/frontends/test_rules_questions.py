"""Questions that take more than one value for an argument, or several tools: tables, files, lines, clocks, charts."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.frontends.draft import Refused
from overseer.frontends.rules import plan_by_rules
from overseer.plan import Ref
from tests.frontends.rules import args_of, our, outline, planned


def where(column: str, op: str, value: Any) -> dict[str, Any]:
    return {"column": column, "op": op, "value": value}


def work_out(function: str, column: str) -> list[dict[str, Any]]:
    return [{"function": function, "column": column}]


COUNT = [{"function": "count"}]

TABLES: list[tuple[str, dict[str, Any]]] = [
    ("sort data.csv by price", {"sort": ["price"]}),
    ("sort data.csv by price, highest first", {"sort": ["-price"]}),
    ("sort data.csv by the price column in descending order", {"sort": ["-price"]}),
    ("show the rows of data.csv where price > 10", {"where": [where("price", "gt", 10)]}),
    (
        "rows of data.csv where the amount is above 3, highest first",
        {"where": [where("amount", "gt", 3)], "sort": ["-amount"]},
    ),
    ("rows of data.csv with price at most 10", {"where": [where("price", "le", 10)]}),
    ("show the rows of data.csv where city is New York", {"where": [where("city", "eq", "New York")]}),
    ("show the rows of data.csv where id is not 5", {"where": [where("id", "ne", 5)]}),
    ("rows of data.csv where paid is true", {"where": [where("paid", "eq", True)]}),
    ("rows of data.csv where city is not empty", {"where": [{"column": "city", "op": "not_empty"}]}),
    (
        "rows of data.csv where price > 10 and city contains 'a', sorted by city",
        {"where": [where("price", "gt", 10), where("city", "contains", "a")], "sort": ["city"]},
    ),
    ("average price in data.csv", {"aggregates": work_out("mean", "price")}),
    ("what is the total of amount in data.csv?", {"aggregates": work_out("sum", "amount")}),
    ("the highest price in data.csv", {"aggregates": work_out("max", "price")}),
    ("total price per city in data.csv", {"aggregates": work_out("sum", "price"), "group_by": ["city"]}),
    ("total amount for each city in data.csv", {"aggregates": work_out("sum", "amount"), "group_by": ["city"]}),
    (
        "average price in data.csv where city is Berlin",
        {"aggregates": work_out("mean", "price"), "where": [where("city", "eq", "Berlin")]},
    ),
    ("how many rows does data.csv have?", {"aggregates": COUNT}),
    ("how many rows of data.csv have a price above 10?", {"aggregates": COUNT, "where": [where("price", "gt", 10)]}),
    ("show the first 5 rows of data.csv", {"limit": 5}),
    ("top 3 rows of data.csv by price", {"sort": ["-price"], "limit": 3}),
    ("the row with the lowest price in data.csv", {"sort": ["price"], "limit": 1}),
    ("show the columns city and price of data.csv", {"select": ["city", "price"]}),
]


@pytest.mark.parametrize(("request_", "expected"), TABLES)
def test_a_table_is_asked_what_was_said(request_: str, expected: dict[str, Any]) -> None:
    assert args_of(request_) == [{"path": "data.csv", **expected}]


@pytest.mark.parametrize(
    "request_",
    [
        "how many rows in t.csv have the highest age",
        "sum of age and number of rows in t.csv",
        "how many rows of t.csv and the highest age by city",
        "how many rows are in t.csv with the average age",
        "the row with the highest age in t.csv, sorted by name",
    ],
)
def test_of_two_things_asked_of_a_table_none_is_dropped(request_: str) -> None:
    assert isinstance(plan_by_rules(request_, our()), Refused)


def test_a_table_is_asked_once_more() -> None:
    first, second = planned("filter data.csv where price > 10 and sort it by price").steps
    assert second.args == {"table": Ref(first.step_id), "sort": ["price"]}


@pytest.mark.parametrize("asked", ["sort data.csv by price and save it", "rows of data.csv with id > 5, and save them"])
def test_rows_are_saved_in_the_form_that_the_file_is_called_by(asked: str) -> None:
    plan = planned(f"{asked} as sorted.csv")
    assert outline(plan) == "table_query; convert_table < table_query; write_file < convert_table"
    assert plan.steps[1].args == {"to": "csv", "table": Ref("table_query")}
    assert plan.steps[2].args == {"path": "sorted.csv", "text": Ref("convert_table")}


FILES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("which files here are larger than 1 MB", {}, {"where": [where("size", "gt", 1_000_000)], "sort": ["-size"]}),
    ("files under 2 KiB in docs", {"path": "docs"}, {"where": [where("size", "lt", 2048)], "sort": ["-size"]}),
    ("what is the biggest file here?", {}, {"sort": ["-size"], "limit": 1}),
    ("which file is the newest?", {}, {"sort": ["-modified"], "limit": 1}),
    ("list the 5 largest Python files", {"pattern": "*.py"}, {"sort": ["-size"], "limit": 5}),
    ("list the files sorted by size", {}, {"sort": ["-size"]}),
    ("how many files are here?", {}, {"aggregates": COUNT}),
    ("count the markdown files in docs", {"pattern": "*.md", "path": "docs"}, {"aggregates": COUNT}),
]


@pytest.mark.parametrize(("request_", "listed", "asked"), FILES)
def test_files_are_asked_for_as_a_table(request_: str, listed: dict[str, Any], asked: dict[str, Any]) -> None:
    first, second = planned(request_).steps
    assert (first.step_id, second.step_id) == ("list_files", "table_query")
    assert first.args == {**listed, "recursive": True, "limit": 10_000}
    is_file = where("is_folder", "eq", False)
    assert second.args == {
        **asked, "where": [is_file, *asked.get("where", [])], "table": Ref("list_files", ("files",))
    }  # fmt: skip


LINES: list[tuple[str, str, dict[str, Any]]] = [
    ("how many lines mention an error in app.log?", "text_statistics", {"containing": "error"}),
    ("how many lines of app.log contain error?", "text_statistics", {"containing": "error"}),
    ("count the lines in app.log without 'disk full'", "text_statistics", {"containing": "disk full", "invert": True}),
    ("show the lines of app.log that contain error", "filter_lines", {"containing": "error"}),
    ("read app.log and show the lines that contain error", "filter_lines", {"containing": "error"}),
]


@pytest.mark.parametrize(("request_", "last", "kept"), LINES)
def test_lines_are_asked_for_by_what_they_hold(request_: str, last: str, kept: dict[str, Any]) -> None:
    plan = planned(request_)
    assert plan.steps[0].args == {"path": "app.log"}
    assert plan.steps[1].args == {**kept, "text": Ref("read_file")}
    assert plan.steps[-1].step_id == last


OTHERS: list[tuple[str, list[dict[str, Any]]]] = [
    ("line 7 of a.txt", [{"path": "a.txt", "first_line": 7, "last_line": 7}]),
    ("first line of a.txt", [{"path": "a.txt", "first_line": 1, "last_line": 1}]),
    ("find files containing TODO", [{"query": "TODO"}]),
    ("which Python files in src contain 'import os'?", [{"query": "import os", "pattern": "*.py", "path": "src"}]),
    (
        "when it is 3pm in London, what time is it in New York?",
        [{"time": "3pm", "from_zone": "London", "to_zone": "New York"}],
    ),
    (
        "what time is it in Paris when it is 9am in Tokyo?",
        [{"time": "9am", "from_zone": "Tokyo", "to_zone": "Paris"}],
    ),
    (
        "make a bar chart of price by city from data.csv",
        [{"path": "data.csv"}, {"labels": "city", "values": ["price"], "data": Ref("table_query", ("rows",))}],
    ),
]


@pytest.mark.parametrize(("request_", "expected"), OTHERS)
def test_a_question_is_answered_as_it_was_asked(request_: str, expected: list[dict[str, Any]]) -> None:
    assert args_of(request_) == expected


# Each says something that none of the questions has, which must not be left out silently.
NOT_UNDERSTOOD = [
    ("rows of data.csv where price is the highest", "'highest'"),
    ("rows of data.csv where price is not set", "'price'"),
    ("rows of data.csv where city is Berlin or Paris", "'Paris'"),
    ("rows of data.csv where price is between 5 and 10", "no tool does this"),
    ("average of price and cost in data.csv", "'price' and 'cost'"),
    ("which city has the highest price in data.csv?", "'city'"),
    ("median price in data.csv", "'median'"),
    ("average price of the first 5 rows of data.csv", "'first'"),
    ("rows of data.csv where price > 10 or id < 3", "'id'"),
    ("which files are not larger than 1 MB", "'not'"),
    ("show the lines of app.log that contain error or warning", "'warning'"),
    ("list the 5 largest files of my friend", "'largest'"),
    ("find lines containing numbers in app.log", "'containing'"),
    ("the last line of a.txt", "'last'"),
]


@pytest.mark.parametrize(("request_", "named"), NOT_UNDERSTOOD)
def test_what_no_question_has_is_named(request_: str, named: str) -> None:
    draft = plan_by_rules(request_, our())
    assert isinstance(draft, Refused), draft
    assert any(named in reason for reason in draft.reasons), draft.reasons


def test_a_question_is_left_alone_where_no_tool_answers_it() -> None:
    tools = {name: tool for name, tool in our().items() if name in ("read_file", "text_statistics", "list_files")}
    assert isinstance(plan_by_rules("average price in data.csv", tools), Refused)
    assert isinstance(plan_by_rules("which files are larger than 1 MB", tools), Refused)
