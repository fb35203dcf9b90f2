"""Answers that are kept in a file, and what becomes of calls when there is trouble with it."""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from overseer.broker.broker import Broker, Door
from overseer.broker.cache import FileCache
from overseer.broker.result import ToolResult
from overseer.tool import Cancellation, Effect, Tool, ToolContext


def counting(effect: Effect) -> tuple[Tool, list[int]]:
    calls: list[int] = []

    def count(step: int = 1) -> int:
        calls.append(step)
        return len(calls)

    return Tool("count", count, parameters={"properties": {"step": {"type": "integer"}}}, effect=effect), calls


def call(tool: Tool, cache: FileCache, **args: int) -> ToolResult:
    return Door(Broker(cache=cache), {"count": tool}).call("count", args, ToolContext("", "", 1, Cancellation()))


@pytest.mark.parametrize(("effect", "is_kept"), [("pure", True), ("model", False), ("read", False), ("network", False)])
def test_results_of_what_only_computes_are_kept(tmp_path: Path, effect: Effect, is_kept: bool) -> None:
    tool, calls = counting(effect)
    cache = FileCache(tmp_path / "cache.db")
    results = [call(tool, cache, step=1), call(tool, FileCache(tmp_path / "cache.db"), step=1)]
    call(tool, cache, step=2)
    assert len(calls) == (2 if is_kept else 3)
    assert results[1].was_known is is_kept


def test_the_least_used_give_way(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache.db", most_bytes=2 * len('"four"'))
    for key in ("a", "b", "c"):
        cache.keep(partial(str, key), "four")
        time.sleep(0.002)  # times are what tells them apart
        cache.known(partial(str, "a"))
        time.sleep(0.002)
    assert [cache.known(partial(str, key)) for key in ("a", "b", "c")] == [("four",), None, ("four",)]


def test_a_cache_that_is_locked_costs_a_moment_and_no_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tool, calls = counting("pure")
    cache = FileCache(tmp_path / "cache.db")
    call(tool, cache, step=1)
    with closing(sqlite3.connect(tmp_path / "cache.db")) as other, caplog.at_level(logging.WARNING):
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert call(tool, cache, step=1).value == 1  # what is kept can be read
        assert call(tool, cache, step=2).value == 2
        assert time.monotonic() - began < 3
        other.rollback()
    assert len(calls) == 2
    assert ["cannot be used for now" in record.getMessage() for record in caplog.records] == [True]
    call(tool, cache, step=3)
    assert call(tool, cache, step=3).was_known


def test_a_file_that_is_no_cache_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "cache.db").write_text("this is no database, and was never meant to be one" * 20)
    tool, calls = counting("pure")
    cache = FileCache(tmp_path / "cache.db")
    assert [call(tool, cache).value for _ in range(2)] == [1, 2]
    assert len(calls) == 2


def test_a_value_that_is_damaged_is_made_again(tmp_path: Path) -> None:
    tool, calls = counting("pure")
    cache = FileCache(tmp_path / "cache.db")
    call(tool, cache)
    with closing(sqlite3.connect(tmp_path / "cache.db")) as other, other:
        other.execute("UPDATE results SET value = '{'")
    assert call(tool, cache).value == len(calls) == 2
