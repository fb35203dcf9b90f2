"""Finding lines in files, also with expressions that would never end."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from overseer.tool import Cancellation, ToolError
from tests.tools.conftest import Run


@pytest.fixture
def tree(root: Path) -> Path:
    (root / "src").mkdir()
    (root / "a.txt").write_text("alpha\r\nBeta\ngamma beta\n", newline="")
    (root / "src/b.py").write_text("def beta():\n    return 1\n")
    (root / "src/c.md").write_text("nothing\n")
    (root / ".hidden").write_text("beta\n")
    return root


def where(found: dict[str, Any]) -> list[tuple[str, int]]:
    return [(match["path"], match["line"]) for match in found["matches"]]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"query": "beta"}, [("a.txt", 3), ("src/b.py", 1)]),
        ({"query": "beta", "ignore_case": True}, [("a.txt", 2), ("a.txt", 3), ("src/b.py", 1)]),
        ({"query": "beta", "hidden": True}, [(".hidden", 1), ("a.txt", 3), ("src/b.py", 1)]),
        ({"query": "beta", "pattern": "*.py"}, [("src/b.py", 1)]),
        ({"query": "beta", "path": "src"}, [("src/b.py", 1)]),
        ({"query": "beta", "path": "a.txt"}, [("a.txt", 3)]),
        ({"query": "beta", "pattern": "src/*"}, [("src/b.py", 1)]),
        ({"query": "b.ta"}, []),
        ({"query": "b.ta", "regex": True}, [("a.txt", 3), ("src/b.py", 1)]),
        ({"query": r"^\w+$", "regex": True, "path": "a.txt"}, [("a.txt", 1), ("a.txt", 2)]),
        ({"query": "BETA$", "regex": True, "ignore_case": True}, [("a.txt", 2), ("a.txt", 3)]),
    ],
)
def test_search_files(run: Run, args: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    found = run("search_files", **args)
    assert where(found) == expected
    assert not found["is_cut"]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("regex", [False, True])
def test_lines_around_a_match_are_given(run: Run, regex: bool) -> None:
    found = run("search_files", query="Beta", regex=regex, context_lines=1)
    assert found["matches"] == [
        {"path": "a.txt", "line": 2, "text": "Beta", "before": ["alpha"], "after": ["gamma beta"]}
    ]


@pytest.mark.parametrize("regex", [False, True])
def test_many_matches_are_cut_and_long_lines_shortened(run: Run, root: Path, regex: bool) -> None:
    (root / "a").write_text("x" * 2000 + "\n" + "x\n" * 4)
    (root / "b").write_text("x\n" * 5)
    found = run("search_files", query="x", regex=regex, limit=7)
    assert where(found) == [("a", n) for n in range(1, 6)] + [("b", 1), ("b", 2)]
    assert found["is_cut"]
    assert found["matches"][0]["text"] == "x" * 500 + "…"
    assert not run("search_files", query="x", regex=regex, limit=10)["is_cut"]


def test_what_was_not_searched_is_counted(run: Run, root: Path) -> None:
    (root / "binary").write_bytes(b"x\0x")
    (root / "huge").write_bytes(b"x" * 5_000_001)
    (root / "link").symlink_to("huge")
    os.mkfifo(root / "pipe")
    (root / "old").write_bytes(b"caf\xe9 x")
    (root / "empty").touch()
    found = run("search_files", query="x")
    assert found["skipped"] == {"binary": 1, "too_large": 1, "unreadable": 2}
    assert found["searched"] == 2
    assert where(found) == [("old", 1)]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"query": ""}, "query is empty; say what is to be found"),
        ({"query": "a\nb"}, "query holds a line break"),
        (
            {"query": "(", "regex": True},
            r"query '\(' is not a regular expression: missing \), .*mend it, or use regex=false",
        ),
        ({"query": "(?:a{999}){999}{999}", "regex": True}, "query .* is not a regular expression: multiple repeat"),
        ({"query": "(" * 5000 + ")" * 5000, "regex": True}, "is not a regular expression: maximum recursion depth"),
        ({"query": "x", "path": "nowhere"}, "path 'nowhere' does not exist"),
        ({"query": "x", "pattern": "/etc/../*"}, "pattern .* matches nothing"),
        ({"query": "x", "limit": 0}, "limit is 0; give a number from 1 to 10000"),
        ({"query": "x", "context_lines": -1}, "context_lines is -1; give a number from 0 to 50"),
        ({"query": "x", "seconds": 0}, "seconds is 0; give a number above 0"),
    ],
)
def test_what_search_files_cannot_use(run: Run, args: dict[str, Any], told: str) -> None:
    with pytest.raises(ToolError, match=told) as caught:
        run("search_files", **args)
    assert caught.value.kind == "bad_request"


def test_a_search_does_not_leave_the_workspace(run: Run) -> None:
    with pytest.raises(ToolError, match="leads out of the workspace"):
        run("search_files", query="root", path="../..")


ENDLESS = {"query": r"(a+)+$", "regex": True}


def test_an_expression_without_end_is_stopped(run: Run, root: Path) -> None:
    (root / "a.txt").write_text("a" * 60 + "b\n")
    told = r"not done within 0.3 seconds at 'a.txt', after 1 files; search less .* or raise seconds"
    with pytest.raises(ToolError, match=told) as caught:
        run("search_files", **ENDLESS, seconds=0.3)
    assert caught.value.kind == "timeout"


def test_others_go_on_while_an_expression_does_not_end(run: Run, root: Path) -> None:
    (root / "a.txt").write_text("a" * 60 + "b\n")
    turns, done = 0, threading.Event()

    def work() -> None:
        nonlocal turns
        while not done.wait(0.001):
            turns += 1

    other = threading.Thread(target=work)
    other.start()
    try:
        with pytest.raises(ToolError, match="not done within"):
            run("search_files", **ENDLESS, seconds=0.5)
    finally:
        done.set()
        other.join()
    assert turns > 5


def test_cancelling_ends_an_expression_without_end(run: Run, root: Path, cancellation: Cancellation) -> None:
    (root / "a.txt").write_text("a" * 60 + "b\n")
    canceller = threading.Timer(0.2, cancellation.ask)
    canceller.start()
    started = time.monotonic()
    with pytest.raises(ToolError, match="cancelled") as caught:
        run("search_files", **ENDLESS, seconds=60)
    canceller.join()
    assert caught.value.kind == "cancelled"
    assert time.monotonic() - started < 30


def test_an_expression_that_wants_all_memory_is_stopped(run: Run, root: Path) -> None:
    (root / "a.txt").write_text("ab" * 2_400_000)
    with pytest.raises(ToolError, match=r"query needs more memory than a search may have|not done within"):
        run("search_files", query=r"((?:(a)|(b))*)*c", regex=True, seconds=10)


def test_a_search_leaves_no_process_behind(run: Run, root: Path) -> None:
    def children() -> set[str]:
        return {path.name for path in Path("/proc").glob("[0-9]*") if parent_of(path) == str(os.getpid())}

    def parent_of(process: Path) -> str:
        try:
            return (process / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            return ""

    (root / "a.txt").write_text("a" * 60 + "b\n")
    before = children()
    run("search_files", query="b$", regex=True)
    for args in ({**ENDLESS, "seconds": 0.2}, {"query": "(", "regex": True}):
        with pytest.raises(ToolError):
            run("search_files", **args)
    assert children() <= before
