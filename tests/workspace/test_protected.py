"""Files that decide what other programs do later, and our own, are not written by tools."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from overseer.tool import ToolError
from overseer.workspace import NEVER_WRITTEN, FolderWorkspace, Protected, our_own
from tests.workspace.conftest import Make


def is_refused(change: Callable[[str, bytes], object], path: str) -> bool:
    try:
        change(path, b"")
    except ToolError as error:
        return error.kind == "denied" and "decides what other programs do later; write another file" in str(error)
    return False


@pytest.mark.parametrize("form", ["{}", "sub/folder/{}", "{}/inside/it", "sub/{}/x"])
def test_protected_names_are_not_written_anywhere(workspace: FolderWorkspace, root: Path, form: str) -> None:
    paths = [form.format(spelled) for name in NEVER_WRITTEN for spelled in (name, name.upper())]
    for change in (workspace.write, workspace.append):
        assert [path for path in paths if not is_refused(change, path)] == []
    assert not list(root.iterdir())


@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks/pre-commit", ".GIT/config", ".Git/HOOKS/x", "vendor/lib/.git", ".git", ".git./config",
        ".git /config",        ".git:stream/config", "GIT~1/config", ".g\u200cit/config", "．git/config",
        ".gi\u200dt/hooks/x", ".\u017fsh/authorized_keys", ".vscode/tasks.json", ".Config/Fish/config.fish",
        "Library/LaunchAgents/x.plist", "a/../.bashrc", "././/.bashrc",
    ],
)  # fmt: skip
def test_other_spellings_of_protected_names(workspace: FolderWorkspace, root: Path, path: str) -> None:
    with pytest.raises(ToolError, match="may not be written"):
        workspace.write(path, b"")
    assert not list(root.iterdir())


@pytest.mark.parametrize(
    "path",
    [
        "git/config",
        ".gitignore",
        ".github/workflows/ci.yml",
        "gitconfig",
        ".config/app.toml",
        "fish/x",
        "my.git",
        ".env",
    ],
)
def test_harmless_neighbours_are_written(workspace: FolderWorkspace, path: str) -> None:
    workspace.write(path, b"1")
    assert workspace.read(path) == b"1"


def test_protected_names_are_read(workspace: FolderWorkspace, root: Path) -> None:
    (root / ".git").mkdir()
    (root / ".git/config").write_text("[core]")
    assert workspace.read(".git/config") == b"[core]"
    assert ".git/config" in [info.path for info in workspace.files()]


@pytest.fixture
def own(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Overseer's folder, in a workspace that is around it as a home folder might be."""
    folder = root / "data/overseer"
    folder.mkdir(parents=True)
    for name in ("secrets.yaml", "config.yaml", "journal.db"):
        (folder / name).write_text("kept")
    monkeypatch.setenv("OVERSEER_HOME", str(folder))
    return folder


def test_our_own_files_are_not_written(own: Path, workspace: FolderWorkspace) -> None:
    for name in ("config.yaml", "secrets.yaml", "journal.db", "tools/mine.py", "CONFIG.yaml", "new"):
        for change in (workspace.write, workspace.append):
            with pytest.raises(ToolError, match=r"belongs to Overseer itself, which reads.*choose another place"):
                change(f"data/overseer/{name}", b"")
    with pytest.raises(ToolError, match="belongs to Overseer itself"):
        workspace.write("DATA/overseer/config.yaml", b"")
    assert {path.name: path.read_text() for path in own.iterdir()} == dict.fromkeys(
        ("secrets.yaml", "config.yaml", "journal.db"), "kept"
    )


def test_our_secrets_are_not_read(own: Path, workspace: FolderWorkspace) -> None:
    assert workspace.read("data/overseer/config.yaml") == b"kept"
    for path in ("data/overseer/secrets.yaml", "data/overseer/SECRETS.yaml", str(own / "secrets.yaml")):
        for use in (workspace.read, workspace.open, workspace.read_text):
            with pytest.raises(ToolError, match="it holds secrets, which tools get by name instead") as caught:
                use(path)
            assert caught.value.kind == "denied"


def test_our_files_are_known_through_a_link_to_their_folder(
    own: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alias").symlink_to(own)
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "alias"))
    with FolderWorkspace(root) as workspace, pytest.raises(ToolError, match="it holds secrets"):
        workspace.read("data/overseer/secrets.yaml")


def test_a_workspace_within_our_folder_is_free(own: Path) -> None:
    (own / "workspaces/one").mkdir(parents=True)
    with FolderWorkspace(own / "workspaces/one") as workspace:
        workspace.write("config.yaml", b"a project's own")
        with pytest.raises(ToolError, match="leads out of the workspace"):
            workspace.read("../../secrets.yaml")


def test_more_can_be_protected(make: Make, root: Path) -> None:
    (root / "tools").mkdir()
    workspace = make(protected=Protected(names=("keep.txt",), unwritable=(root / "tools",)))
    workspace.write("tool/x", b"")
    workspace.write(".bashrc", b"")
    for path in ("tools/new.py", "tools", "a/KEEP.txt"):
        with pytest.raises(ToolError, match="may not be written"):
            workspace.write(path, b"")


def test_what_is_our_own_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OVERSEER_HOME", os.fspath(tmp_path))
    assert our_own() == Protected(unwritable=(tmp_path,), unreadable=(tmp_path / "secrets.yaml",))


def test_spellings_that_differ_in_unicode_are_two_files(workspace: FolderWorkspace, root: Path) -> None:
    """As on the disk; what is protected is compared in one form."""
    workspace.write("caf\u00e9", b"composed")
    workspace.write("cafe\u0301", b"decomposed")
    workspace.write("Caf\u00e9", b"capital")
    names = len(list(root.iterdir()))
    if names != 3:
        pytest.skip(f"this file system takes some of these names for one: {names} files")
    assert workspace.read("caf\u00e9") == b"composed"
