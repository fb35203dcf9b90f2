"""Every tool that comes along, once in earnest and once with what it cannot take; a tool without a row fails here.

What each does in detail is tested beside this. Here all go through the door, with real files, a real
server, real commands and a scripted model.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from overseer.broker.broker import Broker, Door
from overseer.broker.result import ToolResult
from overseer.models import ModelRoles, ScriptedModel
from overseer.processes import ProcessCommands
from overseer.tool import Cancellation, Services, Tool, ToolContext
from overseer.web import WebClient
from overseer.workspace import FolderWorkspace
from tests.web.servers import Server, answering

Args = dict[str, Any]
Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Row:
    """A use and its result, or what must be true of that; an input that is refused, and which argument is named."""

    use: Args
    gives: Any
    bad: Args
    named: str
    answers: tuple[Any, ...] = ()  # of the model
    needs: str = ""  # a package that is not always there


def holding(*words: str) -> Check:
    return lambda value: all(word in str(value) for word in words)


CSV = "name,n\ntea,3\ncup,12\n"
NOTHING_THERE = "nothing/there.txt"

TABLE = {
    "age": Row({"birth_date": "1990-05-17", "on": "2020-05-17"}, holding("30"), {"birth_date": "soon"}, "birth_date"),
    "append_file": Row({"path": "log.txt", "text": "a"}, holding("log.txt"), {"path": "../x", "text": "a"}, "../x"),
    "bar_chart": Row({"data": {"a": 1}}, holding("<svg", "</svg>"), {"data": {"a": "much"}}, "data"),
    "calculate": Row({"expression": "12 * (3 + 4)"}, 84, {"expression": "12 *"}, "expression"),
    "checksum": Row({"text": "a"}, holding("ca978112ca1bbdca"), {"path": NOTHING_THERE}, NOTHING_THERE),
    "classifier": Row(
        {"text": "great", "labels": ["good", "bad"]}, "good", {"text": "x", "labels": []}, "labels", ('"good"',)
    ),
    "code_writer": Row({"task": "Return 1."}, holding("return 1"), {"task": 5}, "task", ("def f(): return 1",)),
    "content_generator": Row({"prompt": "A joke"}, "Ha.", {"prompt": ["A joke"]}, "prompt", ("Ha.",)),
    "conversation_turn": Row(
        {"prompt": "And now?", "history": [{"prompt": "Hello.", "reply": "Hi."}]},
        "A reply.",
        {"prompt": "And now?", "history": [{"question": "Hello."}]},
        "history[0]",
        ("A reply.",),
    ),
    "convert_table": Row(
        {"path": "data.csv", "to": "json"}, holding("tea", "cup"), {"table": CSV, "to": "csv", "delimiter": "::"},
        "delimiter",
    ),
    "convert_time_zone": Row(
        {"time": "2026-07-01 15:00", "from_zone": "UTC", "to_zone": "Europe/Berlin"}, holding("17:00"),
        {"time": "2026-07-01 15:00", "to_zone": "Atlantis"}, "to_zone",
    ),
    "convert_units": Row(
        {"value": 5, "from_unit": "km", "to_unit": "m"}, holding("5000"),
        {"value": 5, "from_unit": "km", "to_unit": "kg"}, "to_unit",
    ),
    "date_add": Row({"date": "2026-12-24", "days": 8}, holding("2027-01-01"), {"date": "2026-13-01"}, "date"),
    "date_difference": Row(
        {"start": "2026-12-24", "end": "2027-01-01"}, holding("8"), {"start": "2026-12-24", "end": "?"}, "end"
    ),
    "decode_text": Row(
        {"text": "aGVsbG8=", "encoding": "base64"}, "hello", {"text": "a!", "encoding": "base64"}, "text"
    ),
    "diff_texts": Row(
        {"old": "one", "new": "two"}, holding("-one", "+two"), {"old": "a", "new": "b", "context_lines": -1},
        "context_lines",
    ),
    "download": Row(
        {"url": "SERVER", "path": "new/hello.txt"}, holding("'bytes': 5", "new/hello.txt"),
        {"url": "SERVER", "path": "x", "max_bytes": 0}, "max_bytes",
    ),
    "encode_text": Row(
        {"text": "hello", "encoding": "base64"}, "aGVsbG8=", {"text": "hello", "encoding": "rot13"}, "encoding"
    ),
    "extract_from_text": Row(
        {"text": "to ann@example.org", "what": "emails"}, ["ann@example.org"], {"text": "x", "what": "names"}, "what"
    ),
    "extract_keywords": Row(
        {"text": "Solar power is cheap power."}, holding("power"), {"text": "x", "limit": -1}, "limit"
    ),
    "extractive_summary": Row(
        {"text": "One is here. Two is there.", "sentences": 1}, holding("."), {"text": "x", "sentences": 0}, "sentences"
    ),
    "extractor": Row(
        {"text": "Ann is 5", "fields": ["name"]}, {"name": "Ann"}, {"text": "x", "fields": []}, "fields",
        ('{"name": "Ann"}',),
    ),
    "fetch_url": Row({"url": "SERVER"}, "hello", {"url": "ftp://example.org/"}, "ftp://example.org/"),
    "filter_lines": Row({"text": "a\nb", "containing": "a"}, "a", {"text": "a", "containing": 5}, "containing"),
    "format_date": Row(
        {"date": "2026-12-24", "format": "%d.%m."}, "24.12.", {"date": "2026-12-24", "format": "%Q"}, "format"
    ),
    "html_to_text": Row({"html": "<p>a &amp; b"}, holding("a & b"), {"html": None}, "html"),
    "http_request": Row(
        {"url": "SERVER"}, holding("200", "hello"), {"url": "SERVER", "body": "x", "json_body": {}}, "json_body"
    ),
    "json_diff": Row({"old": {"a": 1}, "new": {"a": 2}}, holding("a", "2"), {"old": {"a": 1}}, "new"),
    "json_query": Row({"query": "a[0]", "data": {"a": [7]}}, 7, {"query": "a[", "data": {}}, "query"),
    "line_chart": Row({"data": [3, 5]}, holding("<svg"), {"data": [3, 5], "width": 1}, "width"),
    "list_archive": Row({"path": "a.zip"}, holding("inside.txt"), {"path": "data.csv"}, "data.csv"),
    "list_dates": Row(
        {"start": "2026-01-02", "count": 2, "every": "week"}, holding("2026-01-09"),
        {"start": "2026-01-02", "count": -1}, "count",
    ),
    "list_files": Row({"pattern": "*.csv"}, holding("data.csv"), {"path": "nothing"}, "nothing"),
    "list_units": Row({"quantity": "length"}, holding("km"), {"quantity": "love"}, "quantity"),
    "markdown_to_docx": Row(
        {"markdown": "# A", "path": "a.docx"}, holding("a.docx"), {"markdown": "# A", "path": 5}, "path",
        needs="pypandoc",
    ),
    "markdown_to_html": Row({"markdown": "# A"}, holding("<h1", "A"), {"markdown": 5}, "markdown"),
    "markdown_to_pdf": Row(
        {"markdown": "# A", "path": "a.pdf"}, holding("a.pdf"), {"markdown": "# A", "path": 5}, "path",
        needs="typst",
    ),
    "nmt_translator": Row(
        {"text": "hello", "target_lang": "fr"}, "bonjour", {"text": "hello"}, "target_lang", ("bonjour",)
    ),
    "now": Row({"time_zone": "UTC"}, holding(":"), {"time_zone": "Atlantis"}, "time_zone"),
    "number_sequence": Row(
        {"start": 1, "stop": 7, "step": 3}, [1, 4, 7], {"start": 1, "stop": 7, "step": 0}, "step"
    ),
    "number_statistics": Row(
        {"numbers": [3, 5, 10]}, holding("6"), {"numbers": [1], "percentiles": [101]}, "percentiles"
    ),
    "parse_date": Row({"text": "December 24, 2026"}, holding("2026-12-24"), {"text": "sometime"}, "text"),
    "pie_chart": Row({"data": {"a": 1, "b": 2}}, holding("<svg"), {"data": {"a": -1}}, "data"),
    "read_file": Row({"path": "data.csv"}, CSV, {"path": NOTHING_THERE}, NOTHING_THERE),
    "regex_extract": Row({"text": "7 geese", "pattern": r"\d+"}, ["7"], {"text": "x", "pattern": "("}, "pattern"),
    "regex_replace": Row(
        {"text": "7 geese", "pattern": r"\d+", "replacement": "#"}, "# geese",
        {"text": "7", "pattern": "7", "replacement": r"\9"}, "replacement",
    ),
    "run_command": Row({"command": ["echo", "hi"]}, holding("hi"), {"command": []}, "command"),
    "scatter_chart": Row({"data": [[1, 2], [2, 3.5]]}, holding("<svg"), {"data": [[1]]}, "data"),
    "search_files": Row({"query": "tea"}, holding("data.csv"), {"query": "(", "regex": True}, "query"),
    "sort_lines": Row({"text": "b\na"}, "a\nb", {"text": "b", "by": "colour"}, "by"),
    "summarizer": Row({"text": "long"}, "short", {"text": "long", "sentences": "few"}, "sentences", ("short",)),
    "table_query": Row(
        {"path": "data.csv", "where": [{"column": "n", "op": "gt", "value": 3}]}, holding("cup"),
        {"path": "data.csv", "select": ["colour"]}, "select",
    ),
    "table_statistics": Row({"path": "data.csv"}, holding("'rows': 2", "7.5"), {"path": NOTHING_THERE}, NOTHING_THERE),
    "text_case": Row({"text": "a", "case": "upper"}, "A", {"text": "a", "case": "odd"}, "case"),
    "text_checksum": Row({"text": "a"}, holding("ca978112"), {"text": "a", "algorithm": "crc"}, "algorithm"),
    "text_join": Row({"texts": ["a", "b"], "separator": "-"}, "a-b", {"texts": "ab"}, "texts"),
    "text_replace": Row(
        {"text": "a", "find": "a", "replacement": "b"}, "b", {"text": "a", "find": "", "replacement": "b"}, "find"
    ),
    "text_split": Row({"text": "a,b", "separator": ","}, ["a", "b"], {"text": 5}, "text"),
    "text_statistics": Row({"text": "To be."}, holding("words"), {"text": []}, "text"),
    "unique_lines": Row({"text": "a\na"}, "a", {"text": "a", "keep_empty": "no"}, "keep_empty"),
    "weekday": Row({"date": "2026-12-24"}, holding("Thursday"), {"date": "tomorrowish"}, "date"),
    "word_frequency": Row({"text": "the cat the"}, holding("the"), {"text": "x", "limit": -1}, "limit"),
    "write_file": Row({"path": "new.txt", "text": "a"}, holding("new.txt"), {"path": "/x", "text": "a"}, "/x"),
}  # fmt: skip


@dataclass(frozen=True)
class Bench:
    """All that tools work with, for real."""

    door: Door
    context: ToolContext
    server: Server

    def call(self, name: str, args: Args) -> ToolResult:
        args = {key: self.server.url if value == "SERVER" else value for key, value in args.items()}
        return self.door.call(name, args, self.context)


@pytest.fixture
def bench(request: pytest.FixtureRequest, our: dict[str, Tool], root: Path) -> Iterator[Bench]:
    (root / "data.csv").write_text(CSV)
    with zipfile.ZipFile(root / "a.zip", "w") as archive:
        archive.writestr("inside.txt", "x")
    row: Row = TABLE[request.getfixturevalue("name")]
    model = ScriptedModel(list(row.answers))
    with FolderWorkspace(root) as workspace, Server(answering(b"hello", "Content-Type: text/plain")) as server:
        services = Services(
            workspace=workspace,
            web=WebClient(allow=[server.authority]),
            commands=ProcessCommands(root, {"PATH": os.environ["PATH"]}),
        )
        broker = Broker(services=services, models=ModelRoles.of(model))
        context = ToolContext("run", "step", 1, Cancellation(), services)
        yield Bench(Door(broker, our), context, server)


def test_every_tool_has_its_row(our: dict[str, Tool]) -> None:
    assert set(TABLE) == set(our)


@pytest.mark.parametrize("name", TABLE)
def test_in_earnest(name: str, bench: Bench) -> None:
    row = TABLE[name]
    if row.needs and find_spec(row.needs) is None:
        pytest.skip(f"{name} needs the package {row.needs}, which is not installed")
    result = bench.call(name, row.use)
    assert result.failure is None, result.failure
    assert row.gives(result.value) if callable(row.gives) else result.value == row.gives, result.value


@pytest.mark.parametrize("name", TABLE)
def test_what_it_cannot_take_is_refused_and_named(name: str, bench: Bench) -> None:
    row = TABLE[name]
    failure = bench.call(name, row.bad).failure
    assert failure is not None
    # A refusal in our own words, and not an exception that came through.
    assert failure.kind in ("bad_request", "denied", "tool"), failure
    assert not failure.detail, failure.detail
    assert not re.match(r"\w*(Error|Exception)\b", failure.message)
    assert re.search(rf"(?<!\w){re.escape(row.named)}(?!\w)", failure.message), failure.message


@pytest.mark.parametrize("name", TABLE)
def test_an_argument_that_it_does_not_have_is_named_with_the_tool(name: str, bench: Bench) -> None:
    failure = bench.call(name, {**TABLE[name].use, "no_such_argument": 1}).failure
    assert failure is not None
    assert failure.kind == "bad_request"
    assert f"tool '{name}'" in failure.message
    assert "no_such_argument" in failure.message
