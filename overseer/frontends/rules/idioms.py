"""Questions that several tools answer together, or one by arguments that take more than a value each.

A table is asked for rows, a folder for its largest files, a file for the lines that hold a word. Such a question
is read to its last word, or it is left to what reads single requests. The tools are known by their arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from overseer.frontends.rules.candidates import Candidate
from overseer.frontends.rules.clockwords import clocks_asked
from overseer.frontends.rules.filewords import files_asked, files_holding
from overseer.frontends.rules.linewords import line_asked, lines_asked
from overseer.frontends.rules.parts import Part
from overseer.frontends.rules.slots import ports_of, slots_of
from overseer.frontends.rules.tablewords import chart_of, question_of
from overseer.frontends.rules.wording import Wording
from overseer.tool import Tool


@dataclass(frozen=True, slots=True)
class Told:
    """One call of an answer; `takes` is the argument for what the call before it gave, from `path` on."""

    tool: Tool
    args: dict[str, Any] = field(default_factory=dict)
    takes: str = ""
    path: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it does, as far as the tool and its arguments say so: Read file app.log."""
        words = self.tool.name.replace("_", " ")
        return " ".join(filter(None, [words[:1].upper() + words[1:], str(self.args.get("path", ""))]))


@dataclass(frozen=True, slots=True)
class Before:
    """What was named and asked for before a part: the files, the latest first, and the latest call."""

    files: Sequence[str] = ()
    last: Told | None = None
    tool: Tool | None = None  # of the latest task


Answer = tuple[Told, ...]
_SOURCE = r"(?:(?:in|of|from|inside|does|has) )?(?:the )?(?:(?:csv |json )?(?:file|table) )?(<p\d+>)"
_TABLES = (".csv", ".tsv", ".json", ".jsonl")
_ASKS_TABLES = frozenset({"table", "path", "where", "group_by", "aggregates", "sort", "limit"})
_LONGEST = 50  # tokens of a question
_MOST_FILES = 10_000


def answer_to_question(part: Part, before: Before, tools: Sequence[Tool]) -> Answer | None:
    """The calls that answer what a part asks; None where it is no such question."""
    if len(part.tokens) > _LONGEST:
        return None
    for asked in (_of_table, _as_chart, _as_saved, _of_files, _of_lines, _of_clocks):
        if (answer := asked(part, before, tools)) is not None:
            return answer
    return None


def _of_table(part: Part, before: Before, tools: Sequence[Tool]) -> Answer | None:
    if (asker := _with(tools, _ASKS_TABLES)) is None:
        return None
    wording = Wording(part.said)
    table = _table_in(wording, before, asker)
    args = question_of(wording) if table is not None else None
    if not args:
        return None
    return (Told(asker, args, "table") if table == _RESULT else Told(asker, {"path": table, **args}),)


_RESULT = "<result>"


def _table_in(wording: Wording, before: Before, asker: Tool) -> str | None:
    """The table that is asked; _RESULT is what was asked of one before."""
    if (said := wording.take(_SOURCE)) is not None:
        path = str(wording.value(said[1]))
        return path if path.casefold().endswith(_TABLES) and "*" not in path else None
    is_going_on = re.search(r"\b(?:it|its|them|rows?|those|that (?:table|file)|the (?:table|file))\b", wording.rest)
    if is_going_on is None:
        return None
    if before.last is not None and before.last.tool is asker:
        return _RESULT
    return before.files[0] if before.files and before.files[0].casefold().endswith(_TABLES) else None


def _as_chart(part: Part, before: Before, tools: Sequence[Tool]) -> Answer | None:
    if (asker := _with(tools, _ASKS_TABLES)) is None:
        return None
    wording = Wording(part.said)
    table = _table_in(wording, before, asker)
    asked = chart_of(wording) if table not in (None, _RESULT) else None
    if asked is None:
        return None
    kind, shown, along = asked
    chart = next((tool for tool in tools if tool.name == f"{kind}_chart"), None)
    names = {slot.name for slot in slots_of(chart)} if chart is not None else set()
    ways: tuple[dict[str, Any], ...] = (
        {"labels": along, "values": [shown]}, {"labels": along, "value": shown}, {"x": along, "y": shown},
    )  # fmt: skip
    args = next((way for way in ways if names.issuperset({*way, "data"})), None)
    if chart is None or args is None:
        return None
    return (Told(asker, {"path": table}), Told(chart, args, "data", ("rows",)))


def _as_saved(part: Part, before: Before, tools: Sequence[Tool]) -> Answer | None:
    """The rows that were asked for before, as a file of the form that its name tells."""
    asker, converter = _with(tools, _ASKS_TABLES), _with(tools, {"table", "to", "delimiter"})
    writer = next((tool for tool in tools if tool.name == "write_file"), None)
    if before.last is None or before.last.tool is not asker or converter is None or writer is None:
        return None
    wording = Wording(part.said)
    said = wording.take(rf"{_SAVE} (?:as|to|into|in)(?: the file| a file)?(?: called| named)? (<p\d+>)")
    path = str(wording.value(said[1])) if said is not None else ""
    form = _FORMS.get(path.casefold().rpartition(".")[2])
    if form is None or not wording.is_done():
        return None
    return (Told(converter, {"to": form}, "table"), Told(writer, {"path": path}, "text"))


_SAVE = r"(?:and )?(?:save|write|store|put)(?: (?:it|them|this|these|that|the (?:results?|rows|table)))?"
_FORMS = {"csv": "csv", "json": "json", "md": "markdown"}


def _of_clocks(part: Part, before: Before, tools: Sequence[Tool]) -> Answer | None:
    converter = _with(tools, {"time", "from_zone", "to_zone"})
    asked = clocks_asked(Wording(part.tokens)) if converter is not None else None
    return (Told(converter, asked),) if converter is not None and asked is not None else None


def _of_files(part: Part, before: Before, tools: Sequence[Tool]) -> Answer | None:
    """Which files are larger than 1 MB; the 5 newest files; how many Python files there are."""
    wording = Wording(part.said)
    searcher = _with(tools, {"query", "path", "pattern", "ignore_case"}) if "file" in wording.rest else None
    if searcher is not None and (sought := files_holding(wording)) is not None:
        return (Told(searcher, sought),)
    lister, asker = _with(tools, {"path", "pattern", "recursive", "limit"}, gives="files"), _with(tools, _ASKS_TABLES)
    if lister is None or asker is None:
        return None
    asked = files_asked(Wording(part.said))
    if asked is None:
        return None
    place, question = asked
    is_file = {"column": "is_folder", "op": "eq", "value": False}
    question = {**question, "where": [is_file, *question.get("where", ())]}
    return (
        Told(lister, {**place, "recursive": True, "limit": _MOST_FILES}),
        Told(asker, question, "table", ("files",)),
    )


def _of_lines(part: Part, before: Before, tools: Sequence[Tool]) -> Answer | None:
    """The lines of a file that hold a text, or how many there are."""
    reader, keeper = _with(tools, {"path", "first_line"}), _with(tools, {"text", "containing", "invert"})
    counter = next((tool for tool in tools if tool.name == "text_statistics"), None)
    if reader is None or keeper is None:
        return None
    wording = Wording(part.said)
    said = wording.take(_SOURCE)
    if said is not None and (one := line_asked(wording)) is not None:
        return (Told(reader, {"path": str(wording.value(said[1])), **one}),)
    read = before.files[0] if before.files and before.tool is reader else None
    path = str(wording.value(said[1])) if said is not None else read
    asked = lines_asked(wording) if path is not None and "*" not in path else None
    if asked is None:
        return None
    calls = (Told(reader, {"path": path}), Told(keeper, asked.args, "text"))
    if not asked.is_counted:
        return calls
    return (*calls, Told(counter, {}, "text")) if counter is not None else None


def _with(tools: Iterable[Tool], names: Iterable[str], *, gives: str = "") -> Tool | None:
    """The tool that takes these arguments."""
    wanted = set(names)
    for tool in tools:
        if wanted <= {slot.name for slot in slots_of(tool)} and (
            not gives or any(port.path == (gives,) for port in ports_of(tool))
        ):
            return tool
    return None


def files_named(candidates: Iterable[Sequence[Candidate]]) -> Iterator[str]:
    """The files that were named, the latest first."""
    for values in reversed(list(candidates)):
        yield from (str(value.value) for value in reversed(values) if value.kind == "path")
