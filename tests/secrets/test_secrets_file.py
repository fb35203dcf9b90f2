"""`secrets.yaml`: what is read, what is refused, and that no refusal shows what is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.errors import UsageError
from overseer.secrets import Secrets
from overseer.secrets.file import read_secrets
from tests.processes import NOBODY
from tests.strategies import unhurried

SECRET = "Zq8xkW2mPf7RtY4v"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "secrets.yaml"


def write(path: Path, content: str | bytes, mode: int = 0o600) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert Secrets.gather({}, tmp_path).names() == ()


def test_values_are_taken_as_they_are_written(path: Path) -> None:
    write(path, "A: abc\nB: 0123\nC: yes\nD: '~'\nE: |\n  two\n  lines\nF-1.x: 'it''s'\n# G: 1\n")
    assert read_secrets(path) == {"A": "abc", "B": "0123", "C": "yes", "D": "~", "E": "two\nlines", "F-1.x": "it's"}


@pytest.mark.parametrize("content", ["", "# only a comment\n", "---\n", "null"])
def test_an_empty_file_holds_none(path: Path, content: str) -> None:
    write(path, content)
    assert read_secrets(path) == {}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (f"- {SECRET}\n", "it is not a mapping; write one line for each, as in NAME: 'value'"),
        (SECRET, "it is not a mapping"),
        (f"A: {SECRET}: {SECRET}\n", "it is not valid YAML near line 1; put each value in quotes"),
        (f"A: 'x'\nB: '{SECRET}\n", "it is not valid YAML near line 3"),
        (f"A: %{SECRET}\n", "it is not valid YAML near line 1"),
        (f"A: @{SECRET}\n", "it is not valid YAML near line 1"),
        (f"A: x\n---\nB: {SECRET}\n", "it is not valid YAML"),
        (f"A: [{SECRET}]\n", "the value on line 1 is not text; write it in quotes behind its name"),
        (f"X: y\nA:\n  B: {SECRET}\n", "the value on line 2 is not text"),
        ("A:\n", "the value on line 1 is not text"),
        ("A: ''\n", "the value on line 1 is not text"),
        ("A: null\n", "the value on line 1 is not text"),
        (f"{SECRET} x: y\n", "line 1 does not start with a name; use letters, digits and '_'"),
        (f"[{SECRET}]: y\n", "line 1 does not start with a name"),
        (f"A: {SECRET}\nA: other\n", "line 2 gives a name for the second time"),
        (SECRET.encode() + b"\xff", "it is not UTF-8 text; save it as UTF-8"),
        (b"A: " + SECRET.encode() + b"\0", "it is not valid YAML"),
        ("A: " + "x" * 1_000_001, "it is larger than 1 MB"),
        ("[" * 100_000, "it is not valid YAML"),
    ],
)
def test_what_cannot_be_used_is_refused_without_being_shown(path: Path, content: str | bytes, complaint: str) -> None:
    write(path, content)
    with pytest.raises(UsageError) as caught:
        read_secrets(path)
    message = str(caught.value)
    assert f"the secrets in {path} are not used: {complaint}" in message
    assert SECRET not in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@unhurried
@given(content=st.text(st.characters(codec="utf-8"), max_size=40))
def test_no_error_quotes_the_file(tmp_path_factory: pytest.TempPathFactory, content: str) -> None:
    path = tmp_path_factory.mktemp("home") / "secrets.yaml"
    write(path, f"{content}\nA: {SECRET} {content} {SECRET}\n{content}")
    said = ""
    try:
        read_secrets(path)
    except UsageError as error:
        said = str(error)
    assert SECRET not in said


@pytest.mark.skipif(os.name != "posix", reason="there are no permissions of this kind on Windows")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620, 0o610])
def test_a_file_that_others_can_open_is_refused_with_the_remedy(path: Path, mode: int) -> None:
    write(path, f"A: {SECRET}\n", mode)
    with pytest.raises(UsageError, match=rf"others can read or change it \(its mode is {mode:04o}\); run: chmod 600 '"):
        read_secrets(path)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no named pipes in folders")
def test_only_a_regular_file_is_read(path: Path, tmp_path: Path) -> None:
    path.mkdir()
    with pytest.raises(UsageError, match="it is not a regular file"):
        read_secrets(path)
    path.rmdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(UsageError, match="it is not a regular file"):
        read_secrets(path)
    path.unlink()
    write(tmp_path / "real", f"A: {SECRET}\n")
    path.symlink_to("real")
    with pytest.raises(UsageError, match="it is a link; put the file itself there"):
        read_secrets(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_another_users_file_is_refused(path: Path) -> None:
    write(path, f"A: {SECRET}\n")
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(UsageError, match="it belongs to another user; make it yours"):
        read_secrets(path)
