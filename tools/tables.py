"""Tools that ask tables questions and write them in other forms.

A table is CSV, JSON or Markdown text, a list of objects, the result of another table tool, or a file of the
workspace. The cells of a CSV column become numbers or truth values only if all of them are such, so that
`007` stays as it is. Whatever is odd about a table is listed among the `problems`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from difflib import get_close_matches
from typing import Any, Literal

from overseer.tool import ToolContext, ToolError, tool

_MOST_BYTES = 20_000_000
_MOST_ROWS = 200_000
_MOST_COLUMNS = 1_000

Row = dict[str, Any]
Given = str | list[Any] | dict[str, Any] | None

_SALES = "city,product,amount\nBerlin,tea,3\nParis,tea,5\nBerlin,milk,4\n"


@dataclass(slots=True)
class Table:
    columns: list[str]
    rows: list[Row]
    problems: list[str] = field(default_factory=list)


@tool(
    effect="read",
    output={
        "type": "object",
        "properties": {
            "columns": {"type": "array", "items": {"type": "string"}},
            "rows": {"type": "array", "items": {"type": "object"}},
            "count": {"type": "integer"},
            "problems": {"type": "array", "items": {"type": "string"}},
        },
        "additionalProperties": False,
    },
    tags=["table", "csv", "json", "query", "filter", "sort", "group", "sum", "rows"],
    examples=[
        {
            "request": "rows of sales.csv where the amount is above 3, highest first",
            "args": {"path": "sales.csv", "where": [{"column": "amount", "op": "gt", "value": 3}], "sort": ["-amount"]},
        },
        {
            "request": "total amount for each city",
            "args": {
                "table": _SALES,
                "group_by": ["city"],
                "aggregates": [{"function": "sum", "column": "amount"}],
            },
        },
    ],
)
def table_query(
    context: ToolContext,
    *,
    table: Given = None,
    path: str = "",
    select: list[str] | None = None,
    where: list[dict[str, Any]] | None = None,
    group_by: list[str] | None = None,
    aggregates: list[dict[str, Any]] | None = None,
    sort: list[str] | None = None,
    limit: int = 0,
) -> dict[str, Any]:
    """Filter, group, sum up, sort and cut the rows of a table or CSV file.

    Args:
        table: the table as CSV, JSON or Markdown text, or as a list of objects; give this or path
        path: a file of the workspace that holds the table
        select: which columns to give, in this order; all by default
        where: conditions that must all hold, each {"column", "op", "value"} with an op of eq, ne, lt, le, gt, ge,
            in, contains, starts_with, ends_with (these three ignore case), is_empty, not_empty
        group_by: columns whose equal values make one row of many
        aggregates: what to work out for each group, or for all rows: each {"function", "column", "name"} with a
            function of count, sum, mean, min, max, distinct; the name is optional
        sort: columns to sort by; a minus sign before a name, such as -amount, sorts from high to low
        limit: how many rows at most; 0 means all
    """
    if limit < 0:
        raise _wrong(f"limit is {limit}; give how many rows at most, or 0 for all")
    source = _read(context, table, path)
    keeps = [_condition(source, condition, place) for place, condition in enumerate(where or ())]
    rows = [row for row in source.rows if all(keep(row) for keep in keeps)]
    result = Table(source.columns, rows, source.problems)
    if group_by or aggregates:
        result = _grouped(result, group_by or [], aggregates or [{"function": "count"}])
    for name in reversed(sort or ()):
        _sort(result, name)
    columns = [_column(result, name, "select") for name in select] if select else result.columns
    rows = [{name: row.get(name) for name in columns} for row in result.rows[: limit or None]]
    return {"columns": columns, "rows": rows, "count": len(rows), "problems": result.problems}


@tool(
    effect="read",
    tags=["table", "csv", "statistics", "describe", "columns", "missing"],
    examples=[
        {"request": "describe the columns of data.csv", "args": {"path": "data.csv"}},
        {"request": "which values are missing in this table?", "args": {"table": "a,b\n1,\n2,x\n"}},
        {"request": "how many columns does data.csv have?", "args": {"path": "data.csv"}},
        {"request": "the mean of the column price in data.csv", "args": {"path": "data.csv", "column": "price"}},
    ],
)
def table_statistics(context: ToolContext, *, table: Given = None, path: str = "", column: str = "") -> dict[str, Any]:
    """Describe each column of a table or CSV file: type, missing and distinct values, minimum, maximum and mean.

    Args:
        table: the table as CSV, JSON or Markdown text, or as a list of objects; give this or path
        path: a file of the workspace that holds the table
        column: the only column to describe; all of them if empty
    """
    source = _read(context, table, path)
    names = [_column(source, column, "column")] if column else source.columns
    columns = [_description(name, [row.get(name) for row in source.rows]) for name in names]
    return {"rows": len(source.rows), "columns": columns, "problems": source.problems}


@tool(
    effect="read",
    tags=["table", "csv", "json", "markdown", "convert", "format"],
    examples=[
        {"request": "convert data.csv to JSON", "args": {"path": "data.csv", "to": "json"}},
        {"request": "show this CSV as a Markdown table", "args": {"table": _SALES, "to": "markdown"}},
    ],
)
def convert_table(
    context: ToolContext,
    *,
    table: Given = None,
    path: str = "",
    to: Literal["csv", "json", "markdown"] = "json",
    delimiter: str = ",",
    ragged: Literal["refuse", "fill"] = "refuse",
) -> str:
    """Write a table as CSV, JSON or a Markdown table.

    Args:
        table: the table as CSV, JSON or Markdown text, or as a list of objects; give this or path
        path: a file of the workspace that holds the table
        to: the form to write
        delimiter: what stands between the cells of CSV
        ragged: whether to refuse rows with too few or too many cells, or to fill up what is missing
    """
    if len(delimiter) != 1 or delimiter in '"\r\n ':
        raise _wrong(f"delimiter is {delimiter!r}; give one character such as , or ; or a tab")
    source = _read(context, table, path, as_types=to == "json")
    if source.problems and ragged == "refuse":
        raise _wrong(f"table is uneven: {'; '.join(source.problems[:3])}; mend it, or say ragged: fill")
    if to == "json":
        return json.dumps(source.rows, ensure_ascii=False, indent=2)
    lines = [[_cell_text(row.get(name)) for name in source.columns] for row in source.rows]
    if to == "markdown":
        return _markdown(source, lines)
    return "".join(_csv_line(line, delimiter) for line in [source.columns, *lines])


def _csv_line(cells: list[str], delimiter: str) -> str:
    def written(cell: str) -> str:
        is_plain = not re.search(r'["\r\n]|^\s|\s$', cell) and delimiter not in cell
        return cell if is_plain else '"' + cell.replace('"', '""') + '"'

    # One empty cell alone would be an empty line, which stands for no row at all.
    return (delimiter.join(map(written, cells)) or '""') + "\n"


def _markdown(source: Table, lines: list[list[str]]) -> str:
    def row(cells: Iterable[str]) -> str:
        escaped = ("<br>".join(map(str.strip, cell.splitlines())).replace("|", "\\|") for cell in cells)
        return f"| {' | '.join(escaped)} |"

    is_number = [all(_NUMBER.fullmatch(line[place]) for line in lines) for place in range(len(source.columns))]
    ruler = "|".join("---:" if right and lines else "---" for right in is_number)
    return "\n".join([row(source.columns), f"|{ruler}|", *map(row, lines)])


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# --- reading


def _read(context: ToolContext, table: Given, path: str, *, as_types: bool = True) -> Table:
    if (table is None) == (not path):
        raise _wrong("give either table or path, to say where the table is")
    if path:
        table = _decoded(context.workspace.read(path, limit=_MOST_BYTES), path)
    if isinstance(table, str):
        if len(table) > _MOST_BYTES:
            raise _wrong(f"table has {len(table)} characters; give at most {_MOST_BYTES}")
        source = _from_text(table.removeprefix("\ufeff"), as_types)
    else:
        source = _from_json(table)
    if len(source.rows) > _MOST_ROWS:
        raise _wrong(f"table has {len(source.rows)} rows; give at most {_MOST_ROWS}")
    return source


def _decoded(data: bytes, path: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if b"\0" in data[:1000]:
            raise _wrong(f"path '{path}' is no text file; give a CSV, JSON or Markdown file") from None
        return data.decode("cp1252", errors="replace")  # what spreadsheets write where they do not write UTF-8


def _from_text(text: str, as_types: bool) -> Table:
    start = text.lstrip()
    if not start:
        raise _wrong("table is empty; give at least a line with the names of the columns")
    if start[0] in "[{":
        try:
            return _from_json(json.loads(text))
        except json.JSONDecodeError as error:
            try:  # one object on each line
                return _from_json([json.loads(line) for line in text.splitlines() if line.strip()])
            except json.JSONDecodeError:
                raise _wrong(f"table looks like JSON but cannot be read: {error}") from None
    if start[0] == "|":
        return _from_records(_markdown_records(start), as_types, has_decimal_commas=False)
    delimiter = _delimiter(text)
    return _from_records(_csv_records(text, delimiter), as_types, has_decimal_commas=delimiter == ";")


def _from_json(value: Any) -> Table:
    if isinstance(value, dict) and isinstance(value.get("rows"), list):
        value = value["rows"]
    if isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        length = max(map(len, value.values()))  # a list for each column
        value = [{name: column[i] for name, column in value.items() if i < len(column)} for i in range(length)]
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise _wrong("table is no list of objects; give one such as [{'city': 'Berlin', 'amount': 3}]")
    columns = dict.fromkeys(name for row in value for name in row)
    return Table(list(columns), value)


def _delimiter(text: str) -> str:
    """What separates the cells: what makes the first rows as wide as the first."""
    best, found = (0.0, 0), ","
    for candidate in ("\t", ";", ",", "|"):
        reader = csv.reader(io.StringIO(text[:100_000], newline=""), delimiter=candidate)
        try:
            widths = [len(record) for _, record in zip(range(100), reader, strict=False) if record]
        except csv.Error:
            continue
        if not widths or widths[0] == 1:
            continue
        score = (round(widths.count(widths[0]) / len(widths), 1), widths[0])
        if score > best:
            best, found = score, candidate
    return found


def _csv_records(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """All records that are not empty, with the line they end in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [(reader.line_num, record) for record in reader if record]
    except csv.Error as error:
        remedy = "close or double the quotation marks"
        raise _wrong(f"table cannot be read as CSV at line {reader.line_num}: {error}; {remedy}") from None


def _markdown_records(text: str) -> list[tuple[int, list[str]]]:
    records = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip().startswith("|"):
            break
        if number == 2 and re.fullmatch(r"[\s|:-]+", line):
            continue
        cells = re.split(r"(?<!\\)\|", re.sub(r"^\s*\||(?<!\\)\|\s*$", "", line))
        records.append((number, [cell.strip().replace("\\|", "|").replace("<br>", "\n") for cell in cells]))
    return records


def _from_records(records: list[tuple[int, list[str]]], as_types: bool, has_decimal_commas: bool) -> Table:
    header = [name.strip() for name in records[0][1]]
    width = max(len(record) for _, record in records)
    if width > _MOST_COLUMNS:
        raise _wrong(f"table has {width} columns; give at most {_MOST_COLUMNS}")
    names: list[str] = []
    problems: list[str] = []
    for place in range(width):
        name = plain = (header[place] if place < len(header) else "") or f"column_{place + 1}"
        while name in names:
            name = f"{plain}_{place + 1}"
        if place < len(header) and name != header[place]:
            problems.append(f"column {place + 1} has {'the name of another' if header[place] else 'no name'}: {name}")
        names.append(name)
    uneven = [(line, len(record)) for line, record in records[1:] if len(record) != len(header)]
    problems += [f"line {line} has {cells} cells where the first has {len(header)}" for line, cells in uneven[:10]]
    if len(uneven) > 10:
        problems.append(f"{len(uneven) - 10} more lines are uneven")
    rows: list[Row] = [dict(zip(names, record, strict=False)) for _, record in records[1:]]
    for name in names:
        read = _reader([row[name] for row in rows if name in row], has_decimal_commas) if as_types else str
        for row in rows:
            row[name] = read(row[name]) if name in row else None
    return Table(names, rows, problems)


_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?")
_COMMA_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,2}(?:\.\d{3})+|[1-9]\d{0,14})(?:,\d{1,15})?")


def _reader(cells: Sequence[str], has_decimal_commas: bool) -> Callable[[str], Any]:
    """What makes values of the cells of a column: they are all of one type, or text."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if filled and all(map(_NUMBER.fullmatch, filled)):
        return lambda cell: _number(cell.strip())
    if filled and has_decimal_commas and all(map(_COMMA_NUMBER.fullmatch, filled)):
        return lambda cell: _number(cell.strip().replace(".", "").replace(",", "."))
    if filled and all(cell.lower() in ("true", "false") for cell in filled):
        return lambda cell: cell.strip().lower() == "true" if cell.strip() else None
    return lambda cell: cell or None


def _number(text: str) -> int | float | None:
    if not text:
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


# --- asking


def _column(source: Table, name: Any, where: str) -> str:
    if name in source.columns or not (source.columns or source.rows):
        return str(name)  # of an empty list nobody knows the columns, and it has no rows in any
    known = ", ".join(source.columns) or "none"
    near = get_close_matches(str(name), source.columns, 1)
    raise _wrong(
        f"{where} names the unknown column {name!r}; {f'did you mean {near[0]}?' if near else f'there are: {known}'}"
    )


_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda cell, value: cell < value,
    "le": lambda cell, value: cell <= value,
    "gt": lambda cell, value: cell > value,
    "ge": lambda cell, value: cell >= value,
}
_TEXTUAL: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda cell, value: value in cell,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
_OPERATORS = ("eq", "ne", *_ORDERED, "in", *_TEXTUAL, "is_empty", "not_empty")


def _condition(source: Table, condition: dict[str, Any], place: int) -> Callable[[Row], bool]:
    """Whether a row meets a condition."""
    where = f"where[{place}]"
    name = _column(source, condition.get("column"), where)
    operator, value = condition.get("op", "eq"), condition.get("value")
    if operator not in _OPERATORS:
        raise _wrong(f"{where} has the op {operator!r}; use one of: {', '.join(_OPERATORS)}")
    if operator in ("is_empty", "not_empty"):
        return lambda row: (row.get(name) in (None, "")) == (operator == "is_empty")
    if "value" not in condition:
        raise _wrong(f"{where} has no value; say what to compare {name} with")
    if operator in ("eq", "ne"):
        return lambda row: _alike(row.get(name), value) == (operator == "eq")
    if operator == "in":
        if not isinstance(value, list):
            raise _wrong(f"{where} has the op in, so its value must be a list")
        return lambda row: any(_alike(row.get(name), one) for one in value)
    if operator in _TEXTUAL:
        wanted, holds = _cell_text(value).casefold(), _TEXTUAL[operator]
        return lambda row: row.get(name) is not None and holds(_cell_text(row[name]).casefold(), wanted)

    def is_in_order(row: Row) -> bool:
        cell = row.get(name)
        if cell is None:
            return False
        compared = _as_number(value) if _is_number(cell) else value
        if _is_number(cell) != _is_number(compared) or not isinstance(cell, int | float | str):
            raise _wrong(f"{where} compares {name}, which holds {cell!r}, with {value!r}; give a value of its type")
        return _ORDERED[operator](cell, compared)

    return is_in_order


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_number(value: Any) -> Any:
    return _number(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _alike(cell: Any, value: Any) -> bool:
    """Equal, where a number may be written as text."""
    if _is_number(cell) and isinstance(value, str):
        return bool(cell == _as_number(value))
    if isinstance(cell, str) and _is_number(value):
        return cell == str(value)
    return bool(cell == value and isinstance(cell, bool) == isinstance(value, bool))


_FUNCTIONS = ("count", "sum", "mean", "min", "max", "distinct")


def _grouped(source: Table, group_by: list[str], aggregates: list[dict[str, Any]]) -> Table:
    keys = [_column(source, name, "group_by") for name in group_by]
    asked: list[tuple[str, str, str]] = []
    for place, aggregate in enumerate(aggregates):
        where, function = f"aggregates[{place}]", aggregate.get("function")
        if function not in _FUNCTIONS:
            raise _wrong(f"{where} has the function {function!r}; use one of: {', '.join(_FUNCTIONS)}")
        column = aggregate.get("column", "")
        if column or function != "count":
            column = _column(source, column, where)
        asked.append((function, column, str(aggregate.get("name") or "_".join(filter(None, (function, column))))))
    groups: dict[str, list[Row]] = {} if keys else {"": source.rows}
    for row in source.rows if keys else ():
        groups.setdefault(json.dumps([row.get(key) for key in keys]), []).append(row)
    rows = []
    for members in groups.values():
        result = {key: members[0].get(key) for key in keys}
        for function, column, name in asked:
            result[name] = _aggregate(function, column, members)
        rows.append(result)
    return Table([*keys, *(name for _, _, name in asked)], rows, source.problems)


def _aggregate(function: str, column: str, rows: list[Row]) -> Any:
    if not column:
        return len(rows)
    values = [row[column] for row in rows if row.get(column) not in (None, "")]
    match function:
        case "count":
            return len(values)
        case "distinct":
            return len({json.dumps(value) for value in values})
        case "min" | "max":
            return (min if function == "min" else max)(values, key=_rank, default=None)
    if texts := [value for value in values if not _is_number(value)]:
        raise _wrong(
            f"aggregates asks for the {function} of {column}, which holds {texts[0]!r}; give a column of numbers"
        )
    return _total(values) if function == "sum" else _mean(values)


def _total(values: Sequence[float]) -> int | float:
    """The sum as one would work it out by hand: of 0.1 and 0.2 it is 0.3."""
    return sum(values) if all(isinstance(value, int) for value in values) else float(_exact_total(values))


def _mean(values: Sequence[float]) -> float | None:
    with localcontext(prec=60):
        return float(_exact_total(values) / len(values)) if values else None


def _exact_total(values: Sequence[float]) -> Decimal:
    with localcontext(prec=60):
        return sum((Decimal(repr(value)) for value in values), Decimal())


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers come before texts, and both before all else."""
    if isinstance(value, bool):
        return (2, str(value))
    if isinstance(value, int | float):
        return (0, value)
    return (1, value.casefold()) if isinstance(value, str) else (3, json.dumps(value))


def _sort(source: Table, name: str) -> None:
    is_falling = name.startswith("-") and name not in source.columns
    column = _column(source, name[1:] if is_falling else name, "sort")
    filled = [row for row in source.rows if row.get(column) is not None]
    filled.sort(key=lambda row: _rank(row[column]), reverse=is_falling)
    source.rows = filled + [row for row in source.rows if row.get(column) is None]


def _description(name: str, cells: list[Any]) -> dict[str, Any]:
    values = [cell for cell in cells if cell not in (None, "")]
    kinds = {_kind(value) for value in values}
    kind = kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "empty"
    result = {
        "name": name,
        "type": kind,
        "missing": len(cells) - len(values),
        "distinct": len({json.dumps(value) for value in values}),
    }
    if kind in ("number", "text"):
        result |= {"minimum": min(values, key=_rank), "maximum": max(values, key=_rank)}
    if kind == "number":
        result["mean"] = _mean(values)
    return result


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return {int: "number", float: "number", str: "text", list: "list"}.get(type(value), "object")


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
