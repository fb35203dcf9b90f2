"""Whatever is in a file of settings, and whatever the file is: it is read, or every fault is told with its place."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overseer.settings.entries import Entry, Findings
from overseer.settings.files import MAX_BYTES, read_file
from tests.processes import NOBODY, Child


def read(path: Path) -> tuple[tuple[Entry, ...] | None, Findings]:
    findings = Findings()
    return read_file(path, "user", findings), findings


def read_text(path: Path, content: str | bytes) -> tuple[tuple[Entry, ...] | None, Findings]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


@pytest.mark.parametrize(
    "text", ["", "\n", "# nothing\n", "\ufeff", "\ufeff# nothing", "---\n", "null", "execution:\n", "{}"]
)
def test_a_file_that_says_nothing_changes_nothing(path: Path, text: str) -> None:
    entries, findings = read_text(path, text)
    assert entries == ()
    assert findings == Findings()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("execution:\n  max_parallel: [\n", ":2: this is not YAML"),
        ("retry:\n  attempts: 2\n  attempts: 3\n", ":3: the key 'attempts' is there twice, first in line 2"),
        ("a: 1\n---\nb: 2\n", ":2: a second document starts here"),
        ("- a\n- b\n", ":1: the file needs keys such as execution, chat, permissions"),
        ("text", ":1: the file needs keys"),
        ("# mine\nretry: fast\n", ":2: retry needs keys such as attempts, first_wait, longest_wait, not a string"),
        ("chat:\n  workflow_mode: on\n", ":2: chat.workflow_mode needs keys such as enabled, detect_keywords"),
        ("limits: [a]", ":1: limits needs keys by name, with their values"),
        ("retry:\n  attempts: a\x00b\n", ":2: the character U+0000 is not allowed"),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe", ": cannot read the settings: it is not text in UTF-8 (byte 8)"),
        ("retry: {}".encode("utf-16"), ": cannot read the settings: it is not text in UTF-8 (byte 0)"),
        (b"#" * (MAX_BYTES + 1), ": cannot read the settings: it is larger than 1 MB"),
        ("a: &a [x]\nb: *c\n", ":2: the alias '*c' names nothing above it"),
        ("retry: {attempts: " + "9" * 5000 + "}", ":1: 99999999999999999999... has 5000 digits"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_a_fault_with_its_place(path: Path, content: str | bytes, fault: str) -> None:
    _, findings = read_text(path, content)
    assert findings.faults[0].startswith(f"{path}{fault}")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("exeuction: {}", ":1: unknown setting 'exeuction' is left out; did you mean 'execution'?"),
        ("retry:\n  atempts: 3", ":2: unknown setting 'retry.atempts' is left out; did you mean 'attempts'?"),
        ("retry: {Attempts: 3}", ":1: unknown setting 'retry.Attempts' is left out; did you mean 'attempts'?"),
        ("journal: off", ":1: unknown setting 'journal' is left out; did you mean 'execution.journal'?"),
        ("models: {zzz: x}", ":1: unknown setting 'models.zzz' is left out; known: default, roles, providers"),
        ("web: {übersetzer: x}", ":1: unknown setting 'web.übersetzer' is left out; known: allow"),
        ("chat:\n  workflow_mode:\n    min_step: 1", ":3: unknown setting 'chat.workflow_mode.min_step' is left out"),
    ],
)
def test_an_unknown_key_is_left_out_with_a_warning(path: Path, text: str, warning: str) -> None:
    entries, findings = read_text(path, text)
    assert entries == ()
    assert findings.faults == []
    assert findings.warnings[0].startswith(f"{path}{warning}")


def test_what_stands_beside_a_fault_is_read(path: Path) -> None:
    entries, findings = read_text(path, "retry:\n  attempts: 0\n  first_wait: 2s\n  longest: 1\n")
    assert entries is not None
    assert [(entry.key, entry.value, entry.origin.line) for entry in entries] == [("retry.first_wait", 2.0, 3)]
    assert (len(findings.faults), len(findings.warnings)) == (1, 1)


def test_letters_of_all_kinds_are_kept(path: Path) -> None:
    entries, findings = read_text(path, "\ufeffchat: {editor: 'schön 編集 🖊'}\nworkspace: {folder: données}")
    assert entries is not None
    assert [entry.given for entry in entries] == ["schön 編集 🖊", "données"]
    assert findings == Findings()


def test_a_file_that_is_not_there_is_none(path: Path) -> None:
    assert read(path) == (None, Findings())
    path.write_text("")
    assert read(path / "config.yaml") == (None, Findings())


def test_a_folder_in_its_place_is_a_fault(path: Path) -> None:
    path.mkdir()
    assert read(path)[1].faults == [f"{path}: cannot read the settings: Is a directory"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_file_that_may_not_be_read_is_a_fault(path: Path) -> None:
    path.write_text("permissions: {exec: deny}")
    path.chmod(0)
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom overseer.settings.entries import Findings\n"
        "from overseer.settings.files import read_file\nimport overseer.secrets\nfindings = Findings()\n"
        f"if os.getuid() == 0: os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "read_file(Path(sys.argv[1]), 'user', findings)\nprint(findings.faults[0], flush=True)\n"
    )
    with Child(script, path) as child:
        assert "cannot read the settings: Permission denied" in child.hear()


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("retry: {attempts: 2}",))
    writer.start()
    entries, _ = read(pipe)
    writer.join()
    assert entries is not None
    assert entries[0].value == 2


@given(
    content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode(errors="replace")))
)
@settings(max_examples=150, deadline=None)
def test_no_content_breaks_the_reading(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    entries, findings = read_text(path, content)
    assert entries is not None
    assert all(said.startswith(str(path)) for said in (*findings.faults, *findings.warnings))
