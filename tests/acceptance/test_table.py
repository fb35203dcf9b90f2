"""The page that names, for each promise, the tests that show it: they are all there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.pages import page
from tests.processes import ROOT

PAGE = page("acceptance.md")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


def test_every_promise_has_its_line_and_a_test() -> None:
    lines = re.findall(r"^\| (U\d+) \| .+ \| (.+) \|$", PAGE, re.MULTILINE)
    assert [number for number, _ in lines] == [f"U{number}" for number in range(1, 33)]
    assert all("::" in tests for _, tests in lines)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_what_is_named_is_a_test(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
