"""Plain requests to the tools that come with the program, with no model: planned, answered or refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from overseer.frontends.draft import Answered, Planned, Refused
from overseer.frontends.rules import plan_by_rules
from overseer.frontends.rules.standing import Standing, to_be_tried
from overseer.plan import validate
from tests.frontends.rules import args_of, our, outline

PLANS = [
    ("what is 2 + 2?", "calculate"),
    ("15% of 80", "calculate"),
    ("read README.md, how many words does it have?", "read_file; text_statistics < read_file"),
    ("read README.md and tell me how many words it has", "read_file; text_statistics < read_file"),
    ("make a summary of README.md", "read_file; extractive_summary < read_file"),
    ("what is the largest of 3, 9, 4", "number_statistics"),
    ("find the python files here", "list_files"),
    ("list all the markdown files", "list_files"),
    ("download https://example.org/ and save it as page.html", "download"),
    ("convert README.md to pdf and save it as README.pdf", "read_file; markdown_to_pdf < read_file"),
    ("convert a.md to html and save it as a.html",
     "read_file; markdown_to_html < read_file; write_file < markdown_to_html"),
    ("fetch https://example.org and extract the links", "fetch_url; extract_from_text < fetch_url"),
    ("create a file a.txt with the text hello and read it", "write_file; read_file < write_file"),
    ("find files in src", "list_files"),
    ("find all numbers in data.txt", "read_file; extract_from_text < read_file"),
    ("merge a.csv and b.csv", "read_file; read_file_2; text_join < read_file, read_file_2"),
    ("what is the date today?", "now"),
    ("how many columns does data.csv have?", "table_statistics"),
    ("calculate 12 * (3 + 4) and 7 / 2", "calculate; calculate_2"),
    ("add 2 and 3", "calculate"),
    ("how much is 17% of 240?", "calculate"),
    ("hello, what is 2+2?", "calculate"),
    ("square root of 144", "calculate"),
    ("add 2 and 3 and multiply the result by 4", "calculate; calculate_2 < calculate"),
    ("sum of 3 and 4", "number_statistics"),
    ("what is the average of 3, 5 and 10?", "number_statistics"),
    ("numbers from 1 to 10 in steps of 3", "number_sequence"),
    ("convert 5 miles to km and 10 kg to pounds", "convert_units; convert_units_2"),
    ("what is 100 °F in Celsius?", "convert_units"),
    ("how many cups are in a liter?", "convert_units"),
    ("calculate 5 * 7 and convert the result from miles to km", "calculate; convert_units < calculate"),
    ("how many meters are in a mile?", "convert_units"),
    ("5 feet in cm", "convert_units"),
    ("10 kg to lbs", "convert_units"),
    ("what day is 2026-12-25", "weekday"),
    ("what day is it?", "now"),
    ("what day is in 3 weeks", "date_add; weekday < date_add"),
    ("what date was 2 weeks ago", "date_add"),
    ("subtract 5 days from 2026-03-10", "date_add"),
    ("90 days from today", "date_add"),
    ("how many days between 2026-01-01 and 2026-12-24?", "date_difference"),
    ("how many days until 2030-12-24", "date_difference"),
    ("what date is 3 weeks after 2026-12-24?", "date_add"),
    ("how old is someone born on 1990-05-17?", "age"),
    ("what time is it in Tokyo?", "now"),
    ("please could you tell me what time it is", "now"),
    ("what is 2026-07-01 15:00 New York time in Berlin?", "convert_time_zone"),
    ("read notes.txt", "read_file"),
    ("open notes.txt", "read_file"),
    ("what is in notes.txt?", "read_file"),
    ("first 5 lines of notes.txt", "read_file"),
    ("how many lines has report.md", "read_file; text_statistics < read_file"),
    ("I want to know how many words are in notes.txt", "read_file; text_statistics < read_file"),
    ("summarise report.md", "read_file; extractive_summary < read_file"),
    ("read a.txt and read b.md and join them", "read_file; read_file_2; text_join < read_file, read_file_2"),
    ("difference between a.txt and b.txt", "read_file; read_file_2; diff_texts < read_file, read_file_2"),
    ("find all csv files", "list_files"),
    ("hey, list the files", "list_files"),
    ("lsit the files", "list_files"),
    ("waht is 2 + 2", "calculate"),
    ("convrt 5 miles to km", "convert_units"),
    ("search for cats in notes.txt", "search_files"),
    ("get name from data.json", "json_query"),
    ("sort sales.csv by amount", "table_query"),
    ("how many letters are in 'hello'?", "text_statistics"),
    ("show lines 10 to 20 of server.log", "read_file"),
    ("read notes.txt and count its words", "read_file; text_statistics < read_file"),
    ("count the words in notes.txt", "read_file; text_statistics < read_file"),
    ("how many words does notes.txt have?", "read_file; text_statistics < read_file"),
    ("the 10 most common words in book.txt", "read_file; word_frequency < read_file"),
    ("which keywords describe notes.txt?", "read_file; extract_keywords < read_file"),
    ("summarize notes.txt in 2 sentences", "read_file; extractive_summary < read_file"),
    ("sort the lines of names.txt alphabetically", "read_file; sort_lines < read_file"),
    (
        "remove the duplicate lines from names.txt, sort them and write the result to clean.txt",
        "read_file; unique_lines < read_file; sort_lines < unique_lines; write_file < sort_lines",
    ),
    (
        "First read notes.txt, then count its words, and finally save the result to out.json",
        "read_file; text_statistics < read_file; write_file < text_statistics",
    ),
    (
        "extract the email addresses from contacts.txt and save them to emails.txt",
        "read_file; extract_from_text < read_file; write_file < extract_from_text",
    ),
    (
        "count the lines of a.txt and b.txt",
        "read_file; text_statistics < read_file; read_file_2; text_statistics_2 < read_file_2",
    ),
    (
        "count the words in a.txt and sort the lines of b.txt",
        "read_file; text_statistics < read_file; read_file_2; sort_lines < read_file_2",
    ),
    ("compare a.txt and b.txt", "read_file; read_file_2; diff_texts < read_file, read_file_2"),
    ("what changed between old.json and new.json?", "read_file; read_file_2; json_diff < read_file, read_file_2"),
    ("the version in package.json", "json_query"),
    ("list the files and then read readme.md", "list_files; read_file"),
    ("list the files in docs recursively", "list_files"),
    ("find all Python files under src", "list_files"),
    ("search for 'TODO' in src", "search_files"),
    ("find TODO in all Python files", "search_files"),
    ("what is in download.zip?", "list_archive"),
    ("list the contents of data.tar.gz", "list_archive"),
    ("sha256 of a.txt and b.txt", "checksum; checksum_2"),
    ("the md5 of hello", "checksum"),
    ("compute sha256 and md5 of a.txt", "checksum; checksum_2"),
    ("encode 'hello' in base64", "encode_text"),
    ("decode 'aGk=' from base64 and write it in capital letters", "decode_text; text_case < decode_text"),
    ("replace 'colour' by 'color' in \"My colour\"", "text_replace"),
    ("split 'red, green, blue' at the commas", "text_split"),
    ("turn readme.md into HTML and save it as readme.html",
     "read_file; markdown_to_html < read_file; write_file < markdown_to_html"),
    ("convert data.csv to markdown", "convert_table"),
    ("describe the columns of data.csv", "table_statistics"),
    ("make a chart of sales.csv", "table_query; bar_chart < table_query"),
    ("make a bar chart of sales.csv", "table_query; bar_chart < table_query"),
    ("make a line chart of temps.csv and save it to chart.svg",
     "table_query; line_chart < table_query; write_file < line_chart"),
    ('draw a pie chart of {"rent": 900, "food": 400}', "pie_chart"),
    ("download https://example.org/report.pdf to reports/2026.pdf", "download"),
    ("fetch https://example.org and extract all links", "fetch_url; extract_from_text < fetch_url"),
    ("fetch https://a.example/x and https://b.example/y", "fetch_url; fetch_url_2"),
    ("save \"hello world\" to out.txt", "write_file"),
    ("append 'done' to log.txt", "append_file"),
    ("run git status", "run_command"),
    ("run ls and then run pwd", "run_command; run_command_2 < run_command"),
    ("extract the numbers from 'I have 3 apples and 5 pears' and compute their average",
     "extract_from_text; number_statistics < extract_from_text"),
]  # fmt: skip

# Each with what a reason must name: the part of the request, the tool or argument in question, or the remedy.
REFUSALS = [
    ("", "empty"),
    ("   \n ", "empty"),
    ("pandas", "'pandas'"),
    ("then", "'then'"),
    ("summarize and translate", "nmt_translator"),
    ("write a joke and translate it to French and Spanish", "'write a joke'"),
    ("write a joke and translate it to French and Spanish", "'translate it to French and Spanish'"),
    ("write a joke and translate it to French and Spanish", "OPENAI_API_KEY"),
    ('translate "good morning" to German', "nmt_translator"),
    ("translate notes.txt to French, Spanish and German", "nmt_translator"),
    ("tell me a joke", "language model"),
    ("write a poem about cats", "language model"),
    ("write a Python function that reverses a list", "code_writer"),
    ("order a pizza", "'order a pizza'"),
    ("book me a flight to Paris", "'book me a flight to Paris'"),
    ("what is the weather in Berlin?", "no tool does this"),
    ("what is the capital of France?", "no tool does this"),
    ("who won the world cup in 2018?", "no tool does this"),
    ("explain quantum mechanics", "no tool does this"),
    ("delete all files", "'delete all files'"),
    ("rename a.txt to b.txt", "'rename a.txt to b.txt'"),
    ("unzip download.zip", "no tool does this"),
    ("send an email to bob@example.org", "'send an email to bob@example.org'"),
    ("read notes.txt and order a pizza", "'order a pizza'"),
    ("count the words", "'text'"),
    ("make a PDF of report.md", "'path'"),
    ("is the sky blue?", "no tool does this"),
    ("Übersetze das ins Deutsche", "only English"),
    ("今日は何曜日ですか", "only English"),
    ("Сколько будет два плюс два", "only English"),
    ("wie viele Dateien sind hier", "only English"),
    ("lis le fichier notes.txt", "only English"),
    ("hola", "only English"),
    ("don't read notes.txt", "'don't'"),
    ("if a.txt is long, summarize a.txt", "'if'"),
    ("read every txt file", "'path'"),
    ("last 3 lines of notes.txt", "'3'"),
    ("write hello to hello.txt", "'write_file' needs 'text'"),
    ("convert report.md to html and save it", "'write_file' needs 'path'"),
    ("read a.txt, sort it and save it", "'write_file' needs 'path'"),
    ("download https://a.example/x and https://b.example/y and save them as z.txt", "'path'"),
    ("run the tests", "It needs 'command'"),
    ("git log", "say: run git log"),
    ("replace tabs with spaces in a.txt", "'replacement'"),
    ("extract phone numbers from contacts.txt", "'phone'"),
    ("join a.csv and b.csv on id", "'id'"),
    ("is data.json valid json?", "no tool does this"),
    ("first 3 words of 'one two three four'", "'first'"),
    ("where is notes.txt?", "'where'"),
    ("search the web for cats", "'web'"),
    ("how many days until christmas", "'end'"),
    ("convert 100 dollars to euros", "no tool does this"),
    ("edit notes.txt", "none comes near"),
    ("zip notes.txt", "'zip'"),
    ("download https://example.org/a.pdf", "'path'"),
    ("list the files and count them", "'text'"),
    ("uppercase hello", "text_case (such as: write 'hello' in capital letters)"),
    ("what is the capital of France?", "a question like this is for a language model"),
    ("order a pizza", "/tools"),
    ("read a.txt. " * 3000, "characters"),
    ("read a.txt and " * 200, "parts"),
]

ANSWERS = ["hello", "Hi there!", "Good morning", "thanks", "Thank you very much!", "what can you do", "Who are you?",
           "help", "How are you?", "bye", "ok", "who made you?", "who are you and what can you do",
           "how do I connect a model?"]  # fmt: skip

# What the steps are given, where that is what a rule decides.
ARGUMENTS: list[tuple[str, list[dict[str, Any]]]] = [
    ("what is 12 times 7", [{"expression": "12 * 7"}]),
    ("how many cups are in 2 liters?", [{"value": 2, "from_unit": "liters", "to_unit": "cups"}]),
    ("how many minutes are in a day", [{"value": 1, "from_unit": "day", "to_unit": "minutes"}]),
    ("what date was 2 weeks ago", [{"weeks": -2, "date": "today"}]),
    ("3 days ago", [{"days": -3, "date": "today"}]),
    ("what date is in 10 days", [{"days": 10, "date": "today"}]),
    ("100 days before 2026-12-24", [{"days": -100, "date": "2026-12-24"}]),
    ("first 5 lines of notes.txt", [{"path": "notes.txt", "last_line": 5}]),
    ("list all the markdown files", [{"pattern": "*.md", "recursive": True}]),
    ("list the python files in src", [{"path": "src", "pattern": "*.py"}]),
    ("search for 'def main' in *.py", [{"query": "def main", "pattern": "*.py"}]),
    ("download https://example.org/a.pdf and store it in docs/a.pdf",
     [{"url": "https://example.org/a.pdf", "path": "docs/a.pdf"}]),
    ("make a bar chart of 3, 5, 2", [{"data": [3, 5, 2]}]),
    ("create a file hello.txt with the text hello world", [{"path": "hello.txt", "text": "hello world"}]),
    ("create a file called todo.txt with 'buy milk'", [{"path": "todo.txt", "text": "buy milk"}]),
    ("replace the word foo with bar in 'a foo'", [{"text": "a foo", "find": "foo", "replacement": "bar"}]),
    ("how many km is 26.2 miles?", [{"value": 26.2, "from_unit": "miles", "to_unit": "km"}]),
    ("convert 10 km/h to mph", [{"value": 10, "from_unit": "km/h", "to_unit": "mph"}]),
    ("what is the date in 2 weeks?", [{"weeks": 2, "date": "today"}]),
    ("run ls in the folder src", [{"command": "ls", "folder": "src"}]),
    ("post {\"a\": 1} to https://example.org/api",
     [{"url": "https://example.org/api", "method": "POST", "json_body": {"a": 1}}]),
    ("what is in the zip file data.zip?", [{"path": "data.zip"}]),
    ("find all csv files", [{"pattern": "*.csv", "recursive": True}]),
    ("search for cats in notes.txt", [{"query": "cats", "path": "notes.txt"}]),
    ("get name from data.json", [{"query": "name", "path": "data.json"}]),
    ("sort sales.csv by amount", [{"path": "sales.csv", "sort": ["amount"]}]),
    ("show sales.csv as a table", [{"path": "sales.csv"}]),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "expected"), ARGUMENTS)
def test_a_step_is_given_what_was_meant(request_: str, expected: list[dict[str, Any]]) -> None:
    assert args_of(request_) == expected


def test_a_slip_of_the_pen_is_noted() -> None:
    draft = plan_by_rules("convrt 5 miles to km", our())
    assert isinstance(draft, Planned), draft
    assert "'convrt' is read as 'convert'" in draft.notes


def test_what_is_offered_as_an_example_can_be_typed() -> None:
    examples = offered()
    assert len(examples) == 6
    for example in examples:
        assert isinstance(plan_by_rules(example, our()), Planned), example
    for name, tool in our().items():  # whichever of them are chosen
        for example in to_be_tried({name: tool}, None):
            assert isinstance(plan_by_rules(example, our()), Planned), example


def offered(root: Path | None = None) -> list[str]:
    draft = plan_by_rules("help", our(), standing=Standing(root))
    assert isinstance(draft, Answered)
    return draft.text.partition("such as: ")[2].split("; ")


def test_what_is_offered_names_no_file_but_those_that_are_there(tmp_path: Path) -> None:
    assert not any(re.search(r"\.[a-z]", example) for example in (*offered(), *offered(tmp_path)))
    for name, size in ((".hidden.txt", 1), ("empty.txt", 0), ("large.txt", 200_000), ("two words.txt", 1)):
        (tmp_path / name).write_text("x" * size)
    (tmp_path / "folder.csv").mkdir()
    assert offered(tmp_path) == offered()
    (tmp_path / "notes.md").write_text("so it is")
    (tmp_path / "prices.csv").write_text("name,price\na,1\n")
    first, second, *rest = offered(tmp_path)
    assert first == "what are the 5 most common words in notes.md?"
    assert second == "describe the columns of prices.csv"
    assert len(rest) == 4
    for example in (first, second):
        assert isinstance(plan_by_rules(example, our()), Planned), example


def test_a_folder_that_cannot_be_read_offers_no_file(tmp_path: Path) -> None:
    assert offered(tmp_path / "gone") == offered()


@pytest.mark.parametrize(("request_", "expected"), PLANS)
def test_a_request_is_planned(request_: str, expected: str) -> None:
    draft = plan_by_rules(request_, our())
    assert isinstance(draft, Planned), draft
    assert outline(draft.plan) == expected
    assert draft.by == "rules"
    assert not any("without a model" in note and "is used" not in note for note in draft.notes)  # `by` says so
    assert not validate(draft.plan, tools=our())


@pytest.mark.parametrize(("request_", "named"), REFUSALS, ids=lambda value: value[:30])
def test_a_request_is_refused_with_the_reason(request_: str, named: str) -> None:
    draft = plan_by_rules(request_, our())
    assert isinstance(draft, Refused), draft
    assert any(named in reason for reason in draft.reasons), draft.reasons


@pytest.mark.parametrize("request_", ANSWERS)
def test_small_talk_is_answered(request_: str) -> None:
    draft = plan_by_rules(request_, our())
    assert isinstance(draft, Answered)
    assert draft.by == "rules"


def test_a_greeting_is_answered_honestly() -> None:
    draft = plan_by_rules("hello", our())
    assert isinstance(draft, Answered)
    assert "No model is connected" in draft.text
    assert str(sum("model" not in tool.effects for tool in our().values())) in draft.text


def test_a_summary_without_a_model_says_what_it_is() -> None:
    draft = plan_by_rules("summarize notes.txt", our())
    assert isinstance(draft, Planned)
    assert any("word for word" in note for note in draft.notes)


WITH_MODELS = [
    ("write a joke and translate it to French and Spanish",
     "content_generator; nmt_translator < content_generator; nmt_translator_2 < content_generator"),
    ('translate "good morning" to German', "nmt_translator"),
    ("summarize notes.txt in 2 sentences", "read_file; summarizer < read_file"),
    ("translate notes.txt to French, Spanish and German",
     "read_file; nmt_translator < read_file; nmt_translator_2 < read_file; nmt_translator_3 < read_file"),
    ("write a poem about cats and save it to cats.txt", "content_generator; write_file < content_generator"),
    ("tell me a joke", "content_generator"),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "expected"), WITH_MODELS)
def test_tools_that_ask_a_model_are_used_where_they_may_be(request_: str, expected: str) -> None:
    draft = plan_by_rules(request_, our(), with_models=True)
    assert isinstance(draft, Planned), draft
    assert outline(draft.plan) == expected


def test_a_fan_out_shares_a_group() -> None:
    draft = plan_by_rules("write a joke and translate it to French and Spanish", our(), with_models=True)
    assert isinstance(draft, Planned)
    joke, french, spanish = draft.plan.steps
    assert joke.parallel_group is None
    assert french.parallel_group == spanish.parallel_group == 1
    assert [french.args["target_lang"], spanish.args["target_lang"]] == ["French", "Spanish"]


def test_the_same_request_gives_the_same_plan() -> None:
    tools: dict[str, Any] = dict(sorted(our().items(), reverse=True))
    for request_, _ in PLANS[:20]:
        assert plan_by_rules(request_, our()) == plan_by_rules(request_, tools)
