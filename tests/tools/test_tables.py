"""Tables: read from what people have, asked questions, written in other forms."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import FolderWorkspace, call

SALES = "city,product,amount\nBerlin,tea,3\nParis,tea,5\nBerlin,milk,0.1\nRome,,\nBerlin,tea,0.2\n"


def rows(table: Any, **args: Any) -> Any:
    return call("table_query", table=table, **args)["rows"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,x\n", [{"a": 1, "b": "x"}]),
        ("a;b\n1,5;x\n2;y\n", [{"a": 1.5, "b": "x"}, {"a": 2, "b": "y"}]),
        ("a;b\n1.234,5;x\n", [{"a": 1234.5, "b": "x"}]),
        ("a\tb\n1,5\tx, y\n", [{"a": "1,5", "b": "x, y"}]),
        ("a|b\n1|2\n", [{"a": 1, "b": 2}]),
        ("\ufeffa,b\r\n1,2\r\n", [{"a": 1, "b": 2}]),
        ('a,b\n"1\n2","x ""y"", z"\n', [{"a": "1\n2", "b": 'x "y", z'}]),
        ("name\nAnn\nBo\n", [{"name": "Ann"}, {"name": "Bo"}]),
        ("zip,ok,n\n01234,TRUE,1\n98765,false,\n", [
            {"zip": "01234", "ok": True, "n": 1},
            {"zip": "98765", "ok": False, "n": None},
        ]),
        ("a,b\n\n1,2\n\n", [{"a": 1, "b": 2}]),
        ("a,b\n", []),
        ('[{"a": 1}, {"b": null}]', [{"a": 1, "b": None}, {"a": None, "b": None}]),
        ('{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ("| a | b |\n|---|--:|\n| x\\|y | 2 |\n\nText", [{"a": "x|y", "b": 2}]),
        ([{"a": 1}], [{"a": 1}]),
        ({"rows": [{"a": 1}], "columns": ["a"]}, [{"a": 1}]),
        ({"a": [1, 2], "b": [3]}, [{"a": 1, "b": 3}, {"a": 2, "b": None}]),
    ],
)  # fmt: skip
def test_tables_of_many_forms(text: Any, expected: list[Any]) -> None:
    assert rows(text) == expected


def test_what_is_odd_about_a_table_is_said() -> None:
    result = call("table_query", table="a,,a\n1,2,3\n4\n5,6,7,8\n")
    assert result["columns"] == ["a", "column_2", "a_3", "column_4"]
    assert result["rows"][2] == {"a": 5, "column_2": 6, "a_3": 7, "column_4": 8}
    assert result["problems"] == [
        "column 2 has no name: column_2",
        "column 3 has the name of another: a_3",
        "line 3 has 1 cells where the first has 3",
        "line 4 has 4 cells where the first has 3",
    ]


@pytest.mark.parametrize(
    ("condition", "amounts"),
    [
        ({"column": "amount", "op": "gt", "value": 3}, [5]),
        ({"column": "amount", "op": "ge", "value": "3"}, [3, 5]),
        ({"column": "amount", "op": "lt", "value": 0.2}, [0.1]),
        ({"column": "amount", "op": "le", "value": 0.2}, [0.1, 0.2]),
        ({"column": "city", "value": "Paris"}, [5]),
        ({"column": "city", "op": "ne", "value": "Berlin"}, [5, None]),
        ({"column": "city", "op": "in", "value": ["Paris", "Rome"]}, [5, None]),
        ({"column": "amount", "op": "eq", "value": "5"}, [5]),
        ({"column": "city", "op": "contains", "value": "ERL"}, [3, 0.1, 0.2]),
        ({"column": "city", "op": "starts_with", "value": "p"}, [5]),
        ({"column": "city", "op": "ends_with", "value": "me"}, [None]),
        ({"column": "product", "op": "is_empty"}, [None]),
        ({"column": "city", "op": "gt", "value": "P"}, [5, None]),
    ],
)
def test_conditions(condition: dict[str, Any], amounts: list[Any]) -> None:
    assert [row["amount"] for row in rows(SALES, where=[condition])] == amounts


def test_all_conditions_must_hold() -> None:
    tea = {"column": "product", "value": "tea"}
    assert rows(SALES, where=[tea, {"column": "city", "op": "not_empty"}], select=["amount"], limit=2) == [
        {"amount": 3},
        {"amount": 5},
    ]


def test_groups_and_their_sums() -> None:
    aggregates = [{"function": name, "column": "amount"} for name in ("sum", "mean", "min", "max")]
    assert rows(SALES, group_by=["city"], aggregates=[{"function": "count", "name": "n"}, *aggregates]) == [
        {"city": "Berlin", "n": 3, "sum_amount": 3.3, "mean_amount": 1.1, "min_amount": 0.1, "max_amount": 3},
        {"city": "Paris", "n": 1, "sum_amount": 5, "mean_amount": 5, "min_amount": 5, "max_amount": 5},
        {"city": "Rome", "n": 1, "sum_amount": 0, "mean_amount": None, "min_amount": None, "max_amount": None},
    ]
    assert rows(SALES, group_by=["product"], sort=["-count"])[0] == {"product": "tea", "count": 3}
    distinct = [{"function": "distinct", "column": "city"}, {"function": "count", "column": "product"}]
    assert rows(SALES, aggregates=distinct) == [{"distinct_city": 3, "count_product": 4}]


def test_sorting_puts_what_is_missing_last() -> None:
    assert [row["amount"] for row in rows(SALES, sort=["-amount"])] == [5, 3, 0.2, 0.1, None]
    assert [row["amount"] for row in rows(SALES, sort=["product", "city", "-amount"])] == [0.1, 3, 0.2, 5, None]
    mixed = [{"a": "b"}, {"a": 2}, {"a": None}, {"a": True}, {"a": [1]}, {"a": "A"}]
    assert [row["a"] for row in rows(mixed, sort=["a"])] == [2, "A", "b", True, [1], None]


def test_columns_are_described() -> None:
    result = call("table_statistics", table="n,t,b,e\n0.1,x,true,\n0.2,,false,\n,y,true,\n")
    assert result == {
        "rows": 3,
        "columns": [
            {"name": "n", "type": "number", "missing": 1, "distinct": 2, "minimum": 0.1, "maximum": 0.2, "mean": 0.15},
            {"name": "t", "type": "text", "missing": 1, "distinct": 2, "minimum": "x", "maximum": "y"},
            {"name": "b", "type": "boolean", "missing": 0, "distinct": 2},
            {"name": "e", "type": "empty", "missing": 3, "distinct": 0},
        ],
        "problems": [],
    }
    mixed = call("table_statistics", table=[{"a": 1}, {"a": "x"}, {"a": {"b": 1}}])
    assert mixed["columns"][0]["type"] == "mixed"
    only = call("table_statistics", table="n,t\n1,x\n3,y\n", column="n")
    assert [(column["name"], column["mean"]) for column in only["columns"]] == [("n", 2.0)]
    with pytest.raises(ToolError, match="column names the unknown column 'm'"):
        call("table_statistics", table="n,t\n1,x\n", column="m")


def test_tables_are_written_in_other_forms() -> None:
    text = 'a,b\n1.50,"x|y\nz"\n2,\n'
    assert call("convert_table", table=text, to="csv", delimiter=";") == 'a;b\n1.50;"x|y\nz"\n2;\n'
    assert call("convert_table", table=text, to="markdown") == (
        "| a | b |\n|---:|---|\n| 1.50 | x\\|y<br>z |\n| 2 |  |"
    )
    assert json.loads(call("convert_table", table=text)) == [{"a": 1.5, "b": "x|y\nz"}, {"a": 2, "b": None}]
    assert call("convert_table", table=[{"a": [1, "é"]}], to="csv") == 'a\n"[1, ""é""]"\n'
    assert call("convert_table", table="a,b\n1\n", to="csv", ragged="fill") == "a,b\n1,\n"


CELLS = st.text(alphabet="ab1,;\t\"'\n\r |é", max_size=6)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_what_was_written_as_csv_reads_the_same(cells: list[tuple[str, str]], delimiter: str) -> None:
    table = [{"one": first, "two": second} for first, second in cells]
    text = call("convert_table", table=table, to="csv", delimiter=delimiter)
    read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    assert read == [["one", "two"], *map(list, cells)]
    assert call("convert_table", table=text, to="csv", delimiter=delimiter) == text


def test_files_of_the_workspace_are_read(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("stadt;n\nKöln;1\n".encode("cp1252"))
    (tmp_path / "wide.csv").write_bytes("stadt\tn\nKöln\t1\n".encode("utf-16"))
    (tmp_path / "raw.csv").write_bytes(b"\x89PNG\0\0\xff\xfe")
    workspace = FolderWorkspace(tmp_path)
    for path in ("latin.csv", "wide.csv"):
        assert call("table_query", path=path, workspace=workspace)["rows"] == [{"stadt": "Köln", "n": 1}]
    with pytest.raises(ToolError, match=r"path 'raw.csv' is no text file"):
        call("table_statistics", path="raw.csv", workspace=workspace)
    with pytest.raises(ToolError, match="needs a workspace"):
        call("convert_table", path="latin.csv")


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({}, "give either table or path"),
        ({"table": " "}, "table is empty"),
        ({"table": [1, 2]}, "table is no list of objects; give one such as"),
        ({"table": "[1, 2"}, "table looks like JSON but cannot be read"),
        ({"table": 'a,b\n"x,y\n'}, "table cannot be read as CSV at line 2: unexpected end of data; close or double"),
        ({"table": SALES, "select": ["citi"]}, "select names the unknown column 'citi'; did you mean city"),
        ({"table": SALES, "sort": ["-zzz"]}, "sort names the unknown column 'zzz'; there are: city, product, amount"),
        ({"table": SALES, "limit": -1}, "limit is -1"),
        ({"table": SALES, "where": [{"column": "city", "op": "like"}]}, r"where\[0\] has the op 'like'; use one of"),
        ({"table": SALES, "where": [{"column": "city"}]}, r"where\[0\] has no value; say what to compare city with"),
        ({"table": SALES, "where": [{"column": "city", "op": "in", "value": "x"}]}, "its value must be a list"),
        ({"table": SALES, "where": [{"column": "city", "op": "gt", "value": 3}]}, "which holds 'Berlin', with 3; give"),
        ({"table": SALES, "where": [{"op": "eq", "value": 3}]}, r"where\[0\] names the unknown column None"),
        ({"table": SALES, "aggregates": [{"function": "avg"}]}, r"aggregates\[0\] has the function 'avg'; use one"),
        ({"table": SALES, "aggregates": [{"function": "sum", "column": "city"}]}, "city, which holds 'Berlin'; give"),
        ({"table": SALES, "aggregates": [{"function": "sum"}]}, r"aggregates\[0\] names the unknown column ''"),
        ({"table": "a," * 1001}, "table has 1002 columns; give at most 1000"),
        ({"table": "a\n" + "1\n" * 200_001}, "table has 200001 rows; give at most 200000"),
    ],
)
def test_what_cannot_be_asked_is_said(args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call("table_query", **args)


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({"delimiter": "ab"}, "delimiter is 'ab'; give one character"),
        ({"table": "a,b\n1\n"}, "table is uneven: line 2 has 1 cells where the first has 2; mend it, or say ragged"),
        ({"table": SALES, "to": "xml"}, "to"),
    ],
)
def test_what_cannot_be_converted_is_said(args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call("convert_table", **args)
