"""JSON: values taken out by paths, and what differs between two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import FolderWorkspace, call

SHOP = {
    "orders": [
        {"id": 7, "items": [{"name": "tea", "price": 3}, {"name": "cup", "price": 12, "gift": True}]},
        {"id": 8, "items": [], "note": {"to": "Ann"}},
    ],
    "a key": {"x-y": None},
}


@pytest.mark.parametrize(
    ("query", "result"),
    [
        ("orders[0].id", 7),
        ("$.orders[-1].note.to", "Ann"),
        (".orders[0].items[*].price", [3, 12]),
        ("orders[*].items[?price > 10].name", ["cup"]),
        ("orders[0].items[?name == 'tea'].price", [3]),
        ('orders[0].items[?name == "tea"]', [{"name": "tea", "price": 3}]),
        ("orders[0].items[?(@.name != tea)].price", [12]),
        ("orders[0].items[?gift].name", ["cup"]),
        ("orders[0].items[?gift == true].name", ["cup"]),
        ("orders[0].items[?gift == 1].name", []),
        ("orders[0].items[?name contains 'u'].name", ["cup"]),
        ("orders[?note.to = Ann].id", [8]),
        ("orders[0].items[?price <= 3].name", ["tea"]),
        ("orders[0].items[?name >= tea].name", ["tea"]),
        ("orders[1:].id", [8]),
        ("orders[:1].items[0].name", ["tea"]),
        ("..price", [3, 12]),
        ("orders..name", ["tea", "cup"]),
        ('["a key"].x-y', None),
        ("['a key']", {"x-y": None}),
        ("orders[0].items[0].*", ["tea", 3]),
        ("orders[*].nothing", []),
        ("", SHOP),
        ("$", SHOP),
    ],
)
def test_paths_lead_to_values(query: str, result: Any) -> None:
    assert call("json_query", data=SHOP, query=query) == result


def test_json_may_be_text_or_a_file(tmp_path: Path) -> None:
    assert call("json_query", data='{"a": [1, 2]}', query="a[1]") == 2
    (tmp_path / "x.json").write_text('\ufeff{"version": "1.2"}', encoding="utf-8")
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe")
    workspace = FolderWorkspace(tmp_path)
    assert call("json_query", path="x.json", query="version", workspace=workspace) == "1.2"
    with pytest.raises(ToolError, match=r"path 'bad.json' is not UTF-8 text"):
        call("json_query", path="bad.json", query="x", workspace=workspace)


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({"data": SHOP, "query": "orders[0].ids"}, r"query finds no '.ids' after 'orders\[0\]'; did you mean id\?"),
        ({"data": SHOP, "query": "zzz"}, "query finds no 'zzz' at the start; there are: orders, a key"),
        ({"data": SHOP, "query": "orders[5]"}, r"query finds no '\[5\]' after 'orders'; there is a list of 2"),
        ({"data": SHOP, "query": "orders[0].id.x"}, "there is a number or truth value"),
        ({"data": SHOP, "query": "orders[0"}, r"query 'orders\[0' cannot be read from '\[0' on; write it as"),
        ({"data": SHOP, "query": "orders[0]id"}, "cannot be read from 'id' on"),
        ({"data": "{", "query": "a"}, "data is no JSON"),
        ({"data": "[NaN]", "query": "a"}, "NaN is no JSON number"),
        ({"data": "[" * 100_000, "query": "a"}, "data is nested too deep"),
        ({"query": "a"}, "give either data or path"),
    ],
)
def test_what_cannot_be_found_is_said(args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call("json_query", **args)


def test_differences_have_paths() -> None:
    new = {"orders": [{"id": 9, "items": []}], "a key": {"x-y": 0}, "new": 1}
    assert call("json_diff", old=SHOP, new=new) == [
        {"change": "changed", "path": "orders[0].id", "old": 7, "new": 9},
        {"change": "removed", "path": "orders[0].items[0]", "old": {"name": "tea", "price": 3}},
        {"change": "removed", "path": "orders[0].items[1]", "old": {"name": "cup", "price": 12, "gift": True}},
        {"change": "removed", "path": "orders[1]", "old": SHOP["orders"][1]},
        {"change": "changed", "path": '["a key"].x-y', "old": None, "new": 0},
        {"change": "added", "path": "new", "new": 1},
    ]
    assert call("json_diff", old="1", new="true") == [{"change": "changed", "path": "$", "old": 1, "new": True}]
    with pytest.raises(ToolError, match="new is no JSON"):
        call("json_diff", old="1", new="x")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, -2.0]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b c", "é", '"']), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_paths_of_differences_lead_to_what_differs(old: Any, new: Any) -> None:
    differences = call("json_diff", old=old, new=new)
    for difference in differences:
        if "old" in difference and old is not None:
            assert call("json_query", data=old, query=difference["path"]) == difference["old"]
        if "new" in difference and new is not None:
            assert call("json_query", data=new, query=difference["path"]) == difference["new"]
    assert not call("json_diff", old=old, new=old)
