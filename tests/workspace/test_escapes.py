"""Ways out of a workspace, each of which must end at its border."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overseer.tool import ToolError
from overseer.workspace import FolderWorkspace
from overseer.workspace.beneath import Opener

Use = Callable[[FolderWorkspace, str], Any]

USES: dict[str, Use] = {
    "read": lambda workspace, path: workspace.read(path),
    "open": lambda workspace, path: workspace.open(path).close(),
    "write": lambda workspace, path: workspace.write(path, b"changed"),
    "append": lambda workspace, path: workspace.append(path, b"changed"),
}


@pytest.fixture(params=USES.values(), ids=USES)
def use(request: pytest.FixtureRequest) -> Use:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A folder beside the workspace, which is as it was when the test ends."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.txt").write_text("OUTSIDE")
    yield folder
    assert [path.name for path in folder.iterdir()] == ["secret.txt"]
    assert (folder / "secret.txt").read_text() == "OUTSIDE"


def refused(use: Use, workspace: FolderWorkspace, path: str) -> ToolError:
    with pytest.raises(ToolError) as caught:
        use(workspace, path)
    assert str(caught.value).startswith("path ")
    assert caught.value.kind in ("bad_request", "denied")
    return caught.value


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is empty; give a path relative to the workspace"),
        ("..", "leads out of the workspace; give a path inside it, without '..'"),
        ("../outside/secret.txt", "leads out of the workspace"),
        ("a/../../outside/secret.txt", "leads out of the workspace"),
        ("a/b/../../../workspace/x", "leads out of the workspace"),
        ("./.././outside/secret.txt", "leads out of the workspace"),
        ("/etc/passwd", "is absolute and not inside the workspace '.*/workspace'; give a path relative to that"),
        ("//etc/passwd", "is absolute"),
        ("/", "is absolute"),
        ("/proc/self/root/etc/passwd", "is absolute"),
        ("/dev/zero", "is absolute"),
        ("~/.bashrc", "starts in a home folder"),
        ("a\0b", r"path 'a\\x00b' holds the control character U\+0000"),
        ("notes.txt\n", r"holds the control character U\+000A; leave it out \(is it a line break at the end\?\)"),
        ("a\x1b[2Jb", r"path 'a\\x1b\[2Jb' holds the control character U\+001B"),
        ("a\u2028b", r"U\+2028"),
        ("..\\outside\\secret.txt", "holds a backslash; separate folders with '/'"),
        ("C:/Windows/win.ini", "starts with a drive letter"),
        ("c:secret.txt", "starts with a drive letter"),
        ("file:///etc/passwd", "is an address, not a path"),
        ("\ud800", r"path '\\ud800' holds half of a surrogate pair"),
        ("caf\udce9", "holds half of a surrogate pair"),
        ("x" * 256, "holds a name of 256 bytes, and 255 are the most; shorten it"),
        ("ü" * 128, "holds a name of 256 bytes"),
        ("x/" * 2100 + "x", "is 4201 bytes long, and 4095 are the most; shorten it"),
    ],
    ids=lambda value: ascii(value)[:30],
)
@pytest.mark.usefixtures("outside")
def test_paths_that_cannot_be(use: Use, workspace: FolderWorkspace, path: str, reason: str) -> None:
    error = refused(use, workspace, path)
    with pytest.raises(ToolError, match=reason):
        raise error
    assert len(str(error)) < 600
    assert not list(workspace.root.iterdir())


def test_an_absolute_path_cannot_climb_from_inside(use: Use, workspace: FolderWorkspace, outside: Path) -> None:
    assert "leads out" in str(refused(use, workspace, f"{workspace.root}/../outside/secret.txt"))
    assert "is absolute" in str(refused(use, workspace, f"{workspace.root}-other/x"))


def test_the_longest_name_is_a_name(workspace: FolderWorkspace) -> None:
    for name in ("x" * 255, "ü" * 127):
        workspace.write(name, b"1")
        assert workspace.read(name) == b"1"


# --- links


@pytest.mark.parametrize("target", ["../outside/secret.txt", "{outside}/secret.txt", "inside.txt", "missing", "link"])
def test_a_link_to_a_file_is_not_followed(
    use: Use, workspace: FolderWorkspace, root: Path, outside: Path, target: str
) -> None:
    (root / "inside.txt").write_text("inside")
    (root / "link").symlink_to(target.format(outside=outside))
    assert "symbolic link" in str(refused(use, workspace, "link"))
    assert (root / "link").is_symlink()
    assert (root / "inside.txt").read_text() == "inside"


@pytest.mark.parametrize("target", ["../outside", "{outside}", "/proc/self/root{outside}", "/", "."])
def test_a_link_to_a_folder_is_not_followed(
    use: Use, workspace: FolderWorkspace, root: Path, outside: Path, target: str
) -> None:
    (root / "link").symlink_to(target.format(outside=outside))
    for path in ("link/secret.txt", "link/new/file", "link/../link/secret.txt"):
        error = refused(use, workspace, path)
        assert "symbolic link, and links are not followed" in str(error)
        assert error.kind == "denied"
    assert "symbolic link" in str(refused(lambda w, p: list(w.files(p)), workspace, "link"))
    assert [info.path for info in workspace.files()] == ["link"]


def test_a_link_among_the_processes_is_not_followed(use: Use, workspace: FolderWorkspace, outside: Path) -> None:
    """`/proc/self/root` and the like are links that no path spells; a workspace around them gives nothing away."""
    with FolderWorkspace(Path("/proc/self"), opener=workspace._opener) as processes:
        for path in (f"root{outside}/secret.txt", f"cwd/{outside.name}", "fd/0", "exe"):
            with pytest.raises(ToolError):
                use(processes, path)


def test_a_hard_link_is_neither_read_nor_written(
    use: Use, workspace: FolderWorkspace, root: Path, outside: Path
) -> None:
    os.link(outside / "secret.txt", root / "innocent.txt")
    error = refused(use, workspace, "innocent.txt")
    assert "has 2 names (hard links), and the others may lie outside the workspace; make a copy" in str(error)
    assert error.kind == "denied"


# --- what is no file


def test_a_pipe_does_not_block(use: Use, workspace: FolderWorkspace, root: Path) -> None:
    os.mkfifo(root / "pipe")
    error = refused(use, workspace, "pipe")
    assert "is a named pipe; only regular files are read and written here" in str(error)


def test_a_pipe_with_somebody_at_the_other_end_does_not_block(use: Use, workspace: FolderWorkspace, root: Path) -> None:
    os.mkfifo(root / "pipe")
    other = os.open(root / "pipe", os.O_RDWR | os.O_NONBLOCK)
    try:
        refused(use, workspace, "pipe")
        with pytest.raises(BlockingIOError):
            os.read(other, 1)
    finally:
        os.close(other)


def test_a_socket_is_no_file(use: Use, workspace: FolderWorkspace, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # addresses of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        assert "socket" in str(refused(use, workspace, "socket"))


def test_a_device_is_no_file(use: Use, workspace: FolderWorkspace, root: Path) -> None:
    (root / "zero").symlink_to("/dev/zero")
    assert "symbolic link" in str(refused(use, workspace, "zero"))
    try:
        os.mknod(root / "null", 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root may make devices; the link to one was tried")
    assert "device" in str(refused(use, workspace, "null"))


# --- races


def exchange(one: Path, other: Path) -> None:
    """Exchange two names in one moment."""
    rename = ctypes.CDLL(None, use_errno=True).renameat2
    if rename(-100, os.fsencode(one), -100, os.fsencode(other), 2) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@contextmanager
def flipping(one: Path, other: Path) -> Iterator[Callable[[], int]]:
    """Exchanges two names for as long as this lasts, as fast as it can; how often it did so."""
    try:
        exchange(one, other)
    except (OSError, AttributeError) as error:
        pytest.skip(f"names cannot be exchanged here: {error}")
    done, count, interval = threading.Event(), 0, sys.getswitchinterval()

    def flip() -> None:
        nonlocal count
        while not done.is_set():
            exchange(one, other)
            count += 1

    flipper = threading.Thread(target=flip)
    sys.setswitchinterval(1e-5)  # threads take turns between system calls, where the race is
    flipper.start()
    try:
        yield lambda: count
    finally:
        done.set()
        flipper.join()
        sys.setswitchinterval(interval)


@pytest.fixture
def arena(root: Path, outside: Path) -> tuple[Path, Path]:
    """Two names: a folder with a file, and a link to the folder outside, which holds one of the same name."""
    (root / "folder").mkdir()
    (root / "folder/secret.txt").write_text("INSIDE")
    (root / "aside").symlink_to(outside)
    return root / "folder", root / "aside"


ROUNDS = 2000
PATIENCE_S = 60.0


def rounds(is_enough: Callable[[], bool]) -> Iterator[int]:
    """So many rounds, and more where they were not enough: on a busy machine, one side of a race may not get to run."""
    give_up_at = time.monotonic() + PATIENCE_S
    for turn in count():
        if turn >= ROUNDS and (is_enough() or time.monotonic() > give_up_at):
            break
        yield turn
    assert is_enough(), f"not every side of the race was met within {PATIENCE_S:g} s"


def test_an_exchanged_folder_is_never_left_for_reading(workspace: FolderWorkspace, arena: tuple[Path, Path]) -> None:
    found: set[bytes | None] = set()
    with flipping(*arena) as flips:
        for _ in rounds(lambda: len(found) > 1 and flips() > 0):
            try:
                found.add(workspace.read("folder/secret.txt"))
            except ToolError:
                found.add(None)
            with suppress(ToolError):
                assert {info.size for info in workspace.files("folder")} == {len("INSIDE")}
    assert found == {b"INSIDE", None}, "both sides of the race were met, and nothing else"


def test_an_exchanged_folder_is_never_left_for_writing(
    workspace: FolderWorkspace, arena: tuple[Path, Path], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the folder outside is as it was is seen when the test ends."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # the race, not the disk
    met: set[str] = set()
    with flipping(*arena) as flips:
        for turn in rounds(lambda: len(met) > 1 and flips() > 0):
            try:
                workspace.write("folder/secret.txt", b"INSIDE")
                workspace.append("folder/secret.txt", b"")
                workspace.write(f"folder/new/{turn % 10}", b"x")
                workspace.append(f"folder/log{turn % 10}", b"x")
                met.add("inside")
            except ToolError:
                met.add("outside")
    assert not [name for _, _, names in os.walk(root) for name in names if name.endswith(".tmp")]


def test_a_file_that_is_exchanged_for_a_link_is_never_written_through(
    workspace: FolderWorkspace, root: Path, outside: Path
) -> None:
    """The append opens the name anew after it looked at it."""
    (root / "file").write_text("")
    (root / "link").symlink_to(outside / "secret.txt")
    with flipping(root / "file", root / "link") as flips:
        for _ in rounds(lambda: flips() > 0):
            with suppress(ToolError):
                workspace.append("file", b"x")
            with suppress(ToolError):
                assert b"OUTSIDE" not in workspace.read("file")


def test_the_race_is_real(arena: tuple[Path, Path], root: Path) -> None:
    """Whoever looks first and opens afterwards is led out by the same exchange."""
    with flipping(*arena):
        for _ in range(100 * ROUNDS):
            path = root / "folder/secret.txt"
            with suppress(OSError):  # the exchange came while the path was followed
                if path.resolve().is_relative_to(root) and path.read_text() == "OUTSIDE":
                    return
    pytest.skip("the careless way was never caught on this machine")


# --- any text at all

pieces = st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "a",
        "b",
        "deep",
        "link",
        "loop",
        "up",
        "~",
        "C:",
        "\\",
        "\0",
        "é",
        "e\u0301",
        "ﬁ",
        ".GIT",
        "%2e%2e",
    ]
)
paths = st.one_of(
    st.text(st.characters(), max_size=30),  # halves of surrogate pairs as well
    st.lists(pieces, max_size=8).map("/".join),
    st.lists(pieces, max_size=8).map("".join),
)


@pytest.fixture
def trap(tmp_path: Path, opener: Opener) -> Iterator[tuple[FolderWorkspace, Path]]:
    """A workspace full of links, in a folder where it would be seen if one of them were followed."""
    root = tmp_path / "top/middle/workspace"
    (root / "deep/a/b").mkdir(parents=True)
    (root / "deep/a/b/a").write_text("")
    (root / "up").symlink_to("..")
    (root / "deep/up").symlink_to("../../..")
    (root / "link").symlink_to(tmp_path)
    (root / "loop").symlink_to("loop")
    with FolderWorkspace(root, opener=opener) as workspace:
        yield workspace, tmp_path


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=paths, use=st.sampled_from(["write", "append"]))
def test_any_path_is_refused_or_lies_beneath(trap: tuple[FolderWorkspace, Path], path: str, use: str) -> None:
    workspace, top = trap
    mark = os.urandom(8)
    is_refused = True
    with suppress(ToolError):
        getattr(workspace, use)(path, mark)
        is_refused = False
    changed = [found for found in files_beneath(top) if holds(found, mark)]
    assert len(changed) == (0 if is_refused else 1)
    assert all(Path(found).resolve().is_relative_to(workspace.root) for found in changed)
    assert is_refused or mark in workspace.read(path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=paths)
def test_any_path_that_is_read_lies_beneath(trap: tuple[FolderWorkspace, Path], path: str) -> None:
    workspace, _ = trap
    with suppress(ToolError), workspace.open(path) as file:
        assert Path(f"/proc/self/fd/{file.fileno()}").resolve().is_relative_to(workspace.root)


def files_beneath(top: Path) -> Iterator[str]:
    for folder, _, names in os.walk(top):
        yield from (path for name in names if not os.path.islink(path := f"{folder}/{name}"))


def holds(path: str, mark: bytes) -> bool:
    with open(path, "rb") as file:
        return mark in file.read()
