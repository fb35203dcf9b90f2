"""The tools for files: each in use, and each with what it cannot use."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from overseer.plan import argument_faults
from overseer.tool import Cancellation, Tool, ToolContext, ToolError
from tests.tools.conftest import Run

NAMES = ("read_file", "write_file", "append_file", "list_files", "checksum", "search_files", "list_archive")


def refused(run: Run, name: str, told: str, **args: Any) -> None:
    with pytest.raises(ToolError, match=told) as caught:
        run(name, **args)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize("name", NAMES)
def test_a_model_can_tell_how_to_use_it(our: dict[str, Tool], name: str) -> None:
    tool = our[name]
    assert len(tool.description) > 60
    assert all(len(schema.get("description", "")) > 15 for schema in tool.parameters["properties"].values())
    assert tool.examples
    for example in tool.examples:
        assert not argument_faults(tool.parameters, dict(example["args"]))
    Draft202012Validator.check_schema(dict(tool.parameters))
    assert tool.output is not None
    Draft202012Validator.check_schema(dict(tool.output))


def test_what_they_change_is_declared(our: dict[str, Tool]) -> None:
    for name in NAMES:
        tool = our[name]
        writes = name in ("write_file", "append_file")
        assert (tool.effect, tool.writes) == (("write", ("file:{path}",)) if writes else ("read", ()))
        assert tool.idempotent is (name != "append_file")


def test_without_a_workspace_they_say_so(our: dict[str, Tool]) -> None:
    with pytest.raises(ToolError, match="needs a workspace"):
        our["read_file"](path="x", context=ToolContext("run", "step", 1, Cancellation()))


# --- read_file


def test_read_file(run: Run, root: Path) -> None:
    (root / "a.txt").write_text("one\r\ntwo\nthree", newline="")
    assert run("read_file", path="a.txt") == "one\r\ntwo\nthree"
    assert run("read_file", path="a.txt", first_line=2) == "two\nthree"
    assert run("read_file", path="a.txt", last_line=1) == "one\r\n"
    assert run("read_file", path="a.txt", first_line=2, last_line=2) == "two\n"
    assert run("read_file", path="a.txt", first_line=3, last_line=99) == "three"


def test_an_empty_file_is_empty_text(run: Run, root: Path) -> None:
    (root / "a.txt").touch()
    assert run("read_file", path="a.txt") == ""


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_text_is_read_as_it_was_written(run: Run, encoding: str) -> None:
    run("write_file", path="a.txt", text="süß\n", encoding=encoding)
    assert run("read_file", path="a.txt", encoding=encoding) == "süß\n"


def test_a_byte_order_mark_is_not_text(run: Run, root: Path) -> None:
    (root / "a.txt").write_bytes(b"\xef\xbb\xbfhi")
    assert run("read_file", path="a.txt") == "hi"


def test_one_line_of_a_large_file_is_read(run: Run, root: Path) -> None:
    (root / "log").write_text("x" * 3_000_000 + "\nwanted\n" + "y" * 3_000_000)
    assert run("read_file", path="log", first_line=2, last_line=2) == "wanted\n"
    refused(run, "read_file", "'log': from line 2 on there are more than 1000000 characters", path="log", first_line=2)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"path": "b.txt"}, "path 'b.txt' does not exist: the workspace has no 'b.txt'; did you mean 'a.txt'"),
        ({"path": "a.txt", "first_line": 0}, "first_line is 0; lines count from 1"),
        ({"path": "a.txt", "first_line": 3, "last_line": 2}, "last_line is 2, before first_line, which is 3"),
        ({"path": "a.txt", "first_line": 4}, "first_line is 4, and path 'a.txt' has 3 lines; give an earlier one"),
        ({"path": "a.txt", "encoding": "klingon"}, "encoding 'klingon' is not known; use utf-8, latin-1"),
        ({"path": "a.txt", "encoding": "hex"}, "encoding 'hex' is not known"),
        ({"path": "a.txt", "encoding": "a\0"}, "is not known"),
        ({"path": "a.txt", "limit": 5}, "'a.txt': from line 1 on there are more than 5 characters; ask for fewer with"),
        ({"path": "a.txt", "limit": 0}, "limit is 0"),
        ({"path": "a.txt", "lines": 3}, "lines"),
        ({"path": 7}, "path"),
    ],
)
def test_what_read_file_cannot_use(run: Run, root: Path, args: dict[str, Any], told: str) -> None:
    (root / "a.txt").write_text("one\ntwo\nthree")
    refused(run, "read_file", told, **args)


def test_nothing_outside_is_touched(run: Run) -> None:
    for name, args in {"read_file": {}, "write_file": {"text": ""}, "list_files": {}, "checksum": {}}.items():
        with pytest.raises(ToolError, match=r"path '\.\./x' leads out of the workspace") as caught:
            run(name, path="../x", **args)
        assert caught.value.kind == "denied"


def test_another_encoding_is_offered(run: Run, root: Path) -> None:
    (root / "old.txt").write_bytes(b"caf\xe9")
    refused(
        run,
        "read_file",
        r"path 'old.txt' is not text in utf-8 \(it holds the byte 0xe9\); give its encoding, such as latin-1",
        path="old.txt",
    )
    (root / "a.bin").write_bytes(b"\0\xff\0")
    refused(run, "read_file", "path 'a.bin' is not text .* but binary data", path="a.bin")


# --- write_file, append_file


def test_write_file(run: Run, root: Path) -> None:
    assert run("write_file", path="new/a.md", text="# ü\n") == {"path": "new/a.md", "bytes": 5}
    assert run("write_file", path="new/a.md", text="") == {"path": "new/a.md", "bytes": 0}
    assert (root / "new/a.md").read_bytes() == b""


def test_what_is_no_text_is_written_as_json(run: Run, root: Path) -> None:
    run("write_file", path="a.json", text={"ü": [1, None]})
    assert (root / "a.json").read_text() == '{\n  "ü": [\n    1,\n    null\n  ]\n}\n'
    run("append_file", path="log.jsonl", text={"n": 1})
    run("append_file", path="log.jsonl", text=[2])
    assert (root / "log.jsonl").read_text() == '{"n": 1}\n[2]\n'


def test_append_file(run: Run, root: Path) -> None:
    assert run("append_file", path="log.txt", text="one") == {"path": "log.txt", "bytes": 4}
    run("append_file", path="log.txt", text="two\n")
    run("append_file", path="log.txt", text="three", end_line=False)
    assert (root / "log.txt").read_text() == "one\ntwo\nthree"


@pytest.mark.parametrize("name", ["write_file", "append_file"])
@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"path": "a/", "text": ""}, "path 'a/' names a folder; give the path of a file in it"),
        (
            {"path": "x", "text": "€", "encoding": "latin-1"},
            r"text holds a letter '\\u20ac' at position 0 that encoding",
        ),
        ({"path": "x", "text": "\ud800"}, r"text holds a letter '\\ud800' at position 0 .* use utf-8, or leave it out"),
        ({"path": "x", "text": "", "encoding": "klingon"}, "encoding 'klingon' is not known"),
        ({"path": "x"}, "text"),
    ],
)
def test_what_they_cannot_write(run: Run, root: Path, name: str, args: dict[str, Any], told: str) -> None:
    refused(run, name, told, **args)
    assert not list(root.iterdir())


def test_a_byte_order_mark_stays_at_the_beginning(run: Run) -> None:
    for encoding, remedy in {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.items():
        refused(run, "append_file", f"use {remedy}$", path="a.txt", text="x", encoding=encoding)


def test_protected_files_are_not_written(run: Run) -> None:
    with pytest.raises(ToolError, match="may not be written") as caught:
        run("write_file", path=".git/hooks/pre-commit", text="#!/bin/sh")
    assert caught.value.kind == "denied"


# --- list_files


@pytest.fixture
def tree(root: Path) -> Path:
    (root / "src/deep").mkdir(parents=True)
    for name in ("a.txt", "b.py", "src/c.py", "src/deep/d.py", ".env"):
        (root / name).write_text("12345")
        os.utime(root / name, (0, 86400))
    return root


@pytest.mark.usefixtures("tree")
def test_list_files(run: Run) -> None:
    def paths(**args: Any) -> list[str]:
        return [entry["path"] for entry in run("list_files", **args)["files"]]

    assert paths() == ["a.txt", "b.py", "src"]
    assert paths(hidden=True) == [".env", "a.txt", "b.py", "src"]
    assert paths(pattern="*.py") == ["b.py"]
    assert paths(pattern="*.py", recursive=True) == ["b.py", "src/c.py", "src/deep/d.py"]
    assert paths(path="src", recursive=True) == ["src/c.py", "src/deep", "src/deep/d.py"]
    assert paths(pattern="src/*.py") == ["src/c.py"]


def test_list_files_tells_what_is_known_of_each(run: Run, tree: Path) -> None:
    (tree / "z").symlink_to("/etc/passwd")
    os.utime(tree / "a.txt", (0, 300_000_000_000))
    found = {entry["path"]: entry for entry in run("list_files")["files"]}
    assert found["b.py"] == {"path": "b.py", "size": 5, "modified": "1970-01-02T00:00:00+00:00", "is_folder": False}
    assert found["src"]["is_folder"]
    assert found["z"]["note"] == "a symbolic link"


@pytest.mark.usefixtures("tree")
def test_a_long_list_is_cut_and_says_so(run: Run) -> None:
    cut = run("list_files", limit=2)
    assert (len(cut["files"]), cut["is_cut"]) == (2, True)
    assert not run("list_files", limit=3)["is_cut"]


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"path": "scr"}, "did you mean 'src'"),
        ({"path": "a.txt"}, "path 'a.txt' .* is a file where a folder is needed"),
        ({"pattern": "../*"}, r"pattern '../\*' matches nothing; give one relative to the folder"),
        ({"limit": 0}, "limit is 0"),
    ],
)
def test_what_list_files_cannot_use(run: Run, args: dict[str, Any], told: str) -> None:
    refused(run, "list_files", told, **args)


def test_a_cancelled_listing_ends(run: Run, root: Path, cancellation: Cancellation) -> None:
    (root / "a").touch()
    cancellation.ask()
    for name, args in {"list_files": {}, "checksum": {"path": "a"}, "search_files": {"query": "x"}}.items():
        (root / "a").write_text("x")
        with pytest.raises(ToolError, match="given up because the call was cancelled") as caught:
            run(name, **args)
        assert caught.value.kind == "cancelled"


# --- checksum


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5", "blake2b"])
def test_checksum(run: Run, root: Path, algorithm: str) -> None:
    data = "größe".encode() * 400_000
    (root / "a").write_bytes(data)
    expected = hashlib.new(algorithm, data).hexdigest()
    assert run("checksum", path="a", algorithm=algorithm) == expected
    assert run("checksum", text=data.decode(), algorithm=algorithm) == expected


def test_sha256_is_meant_unless_said_otherwise(run: Run) -> None:
    assert run("checksum", text="") == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "give either path or text"),
        ({"path": "a", "text": "a"}, "give either path or text"),
        ({"path": "a"}, "path 'a' does not exist"),
        ({"text": "a", "algorithm": "crc32"}, "algorithm"),
        ({"text": "\ud800"}, "text holds a letter"),
    ],
)
def test_what_checksum_cannot_use(run: Run, args: dict[str, Any], told: str) -> None:
    refused(run, "checksum", told, **args)
