"""A folder as a workspace: what is written is there, whole or not at all, and no more than allowed."""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from overseer.errors import UsageError
from overseer.tool import FileInfo, ToolError
from overseer.workspace import FolderWorkspace, Old, Quota, beneath
from overseer.workspace.beneath import best_opener, open_by_components
from tests.workspace.conftest import Make


@pytest.fixture
def _bound_by_permissions(tmp_path: Path) -> None:
    """Whoever may open everything, as root mostly may, cannot see that something is forbidden."""
    (tmp_path / "forbidden").touch(mode=0)
    with suppress(PermissionError), (tmp_path / "forbidden").open():
        pytest.skip("permissions do not bind this user")


only_ordinary_users = pytest.mark.usefixtures("_bound_by_permissions")


def everything(root: Path) -> dict[str, bytes]:
    """Every file beneath a folder, unfinished ones as well."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def descriptors(root: Path) -> list[str]:
    """What this process has open in a folder; what tests before this one left open elsewhere may go at any time."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the one that lists them
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return sorted(path for path in found if Path(path).is_relative_to(root))


class Noting:
    """A keeper that notes what it is told."""

    def __init__(self, before: Callable[[str, bytes | None], object]) -> None:
        self._before = before
        self.folders: list[str] = []
        self.sizes: list[int] = []
        self.failures = 0

    def keep(self, path: str, old: Old | None, data: bytes, *, is_added: bool) -> Noting:
        self._before(path, None if old is None else old.read())
        return self

    def keep_folder(self, path: str) -> None:
        self.folders.append(path)

    def done(self, info: os.stat_result) -> None:
        self.sizes.append(info.st_size)

    def failed(self) -> None:
        self.failures += 1


# --- reading


def test_what_was_written_is_read(workspace: FolderWorkspace, root: Path) -> None:
    workspace.write("notes/2024/été.txt", "schön".encode())
    assert workspace.read("notes/2024/été.txt") == "schön".encode()
    assert workspace.read_text("notes/./2024/../2024/été.txt") == "schön"
    assert everything(root) == {"notes/2024/été.txt": "schön".encode()}


def test_an_absolute_path_inside_is_the_relative_one(workspace: FolderWorkspace, root: Path) -> None:
    workspace.write(str(root / "a.txt"), b"1")
    assert workspace.read(f"{root}/b/../a.txt") == b"1"


def test_the_folder_may_be_named_through_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    with FolderWorkspace(tmp_path / "alias") as workspace:
        workspace.write("a.txt", b"1")
        assert workspace.read(str(tmp_path / "alias/a.txt")) == workspace.read(str(root / "a.txt")) == b"1"


def test_a_byte_order_mark_is_not_text(workspace: FolderWorkspace) -> None:
    workspace.write("a.txt", b"\xef\xbb\xbfhi\r\n")
    assert workspace.read_text("a.txt") == "hi\r\n"


def test_text_in_another_encoding_is_refused_with_its_place(workspace: FolderWorkspace) -> None:
    workspace.write("a.txt", b"caf\xe9")
    with pytest.raises(ToolError, match=r"path 'a.txt' is not text in UTF-8 \(byte 0xe9 at position 3\)"):
        workspace.read_text("a.txt")


def test_more_than_the_limit_is_refused(workspace: FolderWorkspace) -> None:
    workspace.write("a.txt", b"x" * 2048)
    assert len(workspace.read("a.txt", limit=2048)) == 2048
    with pytest.raises(ToolError, match="has 2048 bytes, and 2047 bytes may be read at once; read a part of it"):
        workspace.read("a.txt", limit=2047)


def test_an_enormous_file_is_refused_before_it_is_read(workspace: FolderWorkspace, root: Path) -> None:
    with (root / "hole").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ToolError, match="has 1 TiB, and 256 MiB may be read at once"):
        workspace.read("hole")


def test_a_file_is_read_in_pieces(workspace: FolderWorkspace) -> None:
    workspace.write("a.txt", b"one\ntwo\n")
    with workspace.open("a.txt") as file:
        assert file.readline() == b"one\n"
        assert file.seek(0) == 0
        assert file.read() == b"one\ntwo\n"


def test_a_missing_file_is_told_with_what_there_is(workspace: FolderWorkspace) -> None:
    with pytest.raises(ToolError, match=r"path 'x' does not exist: the workspace has no 'x'; it is empty"):
        workspace.read("x")
    workspace.write("reports/summary.txt", b"")
    for path, told in {
        "report/summary.txt": "the workspace has no 'report'; did you mean 'reports'",
        "reports/summry.txt": "the folder 'reports' has no 'summry.txt'; did you mean 'summary.txt'",
        "reports/x/y": "the folder 'reports' has no 'x'; it holds: summary.txt",
    }.items():
        with pytest.raises(ToolError, match=told) as caught:
            workspace.read(path)
        assert caught.value.kind == "bad_request"


# --- writing


def test_a_file_is_replaced_with_its_permissions(workspace: FolderWorkspace, root: Path) -> None:
    for mode in (0o600, 0o755, 0o666):
        (root / "run.sh").write_text("old")
        (root / "run.sh").chmod(mode)
        workspace.write("run.sh", b"new")
        assert stat.S_IMODE((root / "run.sh").stat().st_mode) == mode
    assert everything(root) == {"run.sh": b"new"}


def test_a_new_file_has_the_permissions_of_any_new_file(workspace: FolderWorkspace, root: Path) -> None:
    (root / "plain").write_text("")
    workspace.write("written", b"")
    workspace.append("appended", b"")
    modes = {(root / name).stat().st_mode for name in ("plain", "written", "appended")}
    assert len(modes) == 1


def test_a_file_that_is_replaced_keeps_its_owner(workspace: FolderWorkspace, root: Path) -> None:
    (root / "theirs").write_text("old")
    try:
        os.chown(root / "theirs", 12345, 54321)
    except PermissionError:
        pytest.skip("only root may give files away")
    workspace.write("theirs", b"new")
    info = (root / "theirs").stat()
    assert (info.st_uid, info.st_gid) == (12345, 54321)


def test_readers_see_the_old_or_the_new_content_whole(workspace: FolderWorkspace) -> None:
    contents = [bytes([letter]) * 50_000 for letter in b"ab"]
    workspace.write("f", contents[0])
    done = threading.Event()

    def write() -> None:
        try:
            for turn in range(100):
                workspace.write("f", contents[turn % 2])
        finally:
            done.set()

    seen = set()
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        while not done.is_set():
            seen.add(workspace.read("f"))
        writer.result()
    assert seen <= set(contents)


def test_appending_makes_the_file_and_adds_to_it(workspace: FolderWorkspace) -> None:
    workspace.append("logs/today.log", b"one\n")
    workspace.append("logs/today.log", b"two\n")
    assert workspace.read("logs/today.log") == b"one\ntwo\n"


def test_what_threads_append_is_neither_mixed_nor_lost(workspace: FolderWorkspace) -> None:
    lines = [bytes([ord("a") + thread]) * 5000 + b"\n" for thread in range(8)]

    def work(line: bytes) -> None:
        for _ in range(25):
            workspace.append("log", line)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, lines))
    assert sorted(workspace.read("log").splitlines(keepends=True)) == sorted(lines * 25)


def test_nothing_that_was_appended_is_lost_to_a_replacement(workspace: FolderWorkspace) -> None:
    """Whatever comes after the last replacement is there; what is torn between would be missing."""
    workspace.write("log", b"")
    before: list[bytes] = []
    workspace = workspace.kept_by(Noting(lambda path, old: before.append(old or b"")))

    def append() -> None:
        for _ in range(100):
            workspace.append("log", b"x")

    def replace() -> None:
        for _ in range(50):
            workspace.write("log", b"")

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(append), pool.submit(append), pool.submit(replace)]:
            future.result()
    # Every change saw what the one before it had left: appended letters vanish by replacement alone.
    grown = sum(len(after) > len(old) for old, after in zip(before, [*before[1:], workspace.read("log")], strict=True))
    assert grown == 200


def test_whoever_keeps_the_old_content_is_asked_first(make: Make, root: Path) -> None:
    kept: list[tuple[str, bytes | None]] = []
    keeper = Noting(lambda path, old: kept.append((path, old)))
    workspace = make(keeper=keeper)
    workspace.write("a/b.txt", b"1")
    workspace.write("a/./b.txt", b"2")
    workspace.append("a/b.txt", b"3")
    workspace.append("c.txt", b"4")
    assert kept == [("a/b.txt", None), ("a/b.txt", b"1"), ("a/b.txt", b"2"), ("c.txt", None)]
    assert keeper.folders == ["a"]
    assert keeper.sizes == [1, 1, 2, 1]


def test_whoever_keeps_the_old_content_is_told_of_what_failed(make: Make, root: Path) -> None:
    keeper = Noting(lambda path, old: None)
    with patch.object(os, "rename", side_effect=OSError(errno.EIO, "broken")), pytest.raises(ToolError):
        make(keeper=keeper).write("a.txt", b"new")
    assert (keeper.failures, keeper.sizes) == (1, [])


def test_nothing_is_changed_when_the_old_content_cannot_be_kept(make: Make, root: Path) -> None:
    def refuse(path: str, old: bytes | None) -> None:
        raise OSError(errno.ENOSPC, "the undo store is full")

    (root / "a.txt").write_text("old")
    workspace = make(keeper=Noting(refuse))
    for change in (workspace.write, workspace.append):
        with pytest.raises(ToolError, match="the disk is full"):
            change("a.txt", b"new")
        with pytest.raises(ToolError, match="the disk is full"):
            change("b.txt", b"new")
    assert everything(root) == {"a.txt": b"old"}
    assert workspace.used == Quota(0, 0)


# --- putting back


def test_what_is_put_back_is_bound_by_the_same_rules(make: Make, root: Path, tmp_path: Path) -> None:
    workspace = make(quota=Quota(1, 1))
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a").write_text("outside")
    (root / "link").symlink_to(tmp_path / "outside")
    for path in ("../outside/a", "link/a", ".git/config", ".bashrc", str(tmp_path / "outside" / "a")):
        for data in (b"x", None):
            with pytest.raises(ToolError):
                workspace.put_back(path, data, lambda old: None)
    assert (tmp_path / "outside" / "a").read_text() == "outside"
    assert not workspace.remove_empty("link")
    workspace.put_back("x/y/a.sh", b"more than the quota", lambda old: None, mode=0o700)
    assert stat.S_IMODE((root / "x/y/a.sh").stat().st_mode) == 0o700
    assert workspace.used == Quota(0, 0)
    assert not workspace.remove_empty("x")
    workspace.put_back("x/y/a.sh", None, lambda old: None)
    workspace.put_back("gone/a", None, lambda old: None)
    assert [workspace.remove_empty(path) for path in ("x/y", "x", "gone")] == [True, True, True]
    assert everything(root) == {}


def test_what_may_not_be_put_back_stays(workspace: FolderWorkspace, root: Path) -> None:
    (root / "a.txt").write_text("mine")

    def refuse(old: Old | None) -> None:
        assert old is not None
        assert old.read() == b"mine"
        raise ToolError("it is somebody else's")

    for data in (b"x", None):
        with pytest.raises(ToolError, match="somebody else's"):
            workspace.put_back("a.txt", data, refuse)
    assert everything(root) == {"a.txt": b"mine"}


def test_a_workspace_is_closed_with_the_one_that_it_was_made_from(make: Make) -> None:
    workspace = make()
    kept = workspace.kept_by(Noting(lambda path, old: None))
    kept.write("a", b"1")
    workspace.close()
    with pytest.raises(ToolError):
        kept.write("a", b"2")


# --- when it goes wrong


@pytest.mark.parametrize("change", ["write", "append"])
@pytest.mark.parametrize(
    "expected",
    [
        (errno.ENOSPC, "tool", "path 'a.txt' cannot be written: the disk is full; make room and try again"),
        (errno.EDQUOT, "tool", "the user's share of the disk is used up"),
        (errno.EFBIG, "tool", "it would be larger than files may be there"),
        (errno.EROFS, "denied", "the disk is read-only; choose another place"),
        (errno.EIO, "tool", "path 'a.txt' cannot be written: Input/output error"),
        (errno.EMFILE, "transient", "too many files are open"),
    ],
)
def test_a_write_that_fails_halfway_changes_nothing(
    workspace: FolderWorkspace, root: Path, monkeypatch: pytest.MonkeyPatch, change: str, expected: tuple[int, str, str]
) -> None:
    code, kind, told = expected
    workspace.write("a.txt", b"old")
    used = workspace.used
    written = os.write

    def fail(fd: int, data: Any) -> int:
        if len(data) == 5:  # the first write: half of it is taken
            return written(fd, bytes(data)[:2])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", fail)
    for path in ("a.txt", "new.txt"):
        with pytest.raises(ToolError, match=told.replace("a.txt", path)) as caught:
            getattr(workspace, change)(path, b"other")
        assert caught.value.kind == kind
    assert everything(root) == {"a.txt": b"old"}
    assert workspace.used == used


def test_an_interrupted_write_leaves_nothing_behind(
    workspace: FolderWorkspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", interrupt)
    with pytest.raises(KeyboardInterrupt):
        workspace.write("a.txt", b"new")
    assert everything(root) == {}
    assert workspace.used == Quota(0, 0)


def test_a_file_that_another_program_holds_is_not_waited_for(workspace: FolderWorkspace, root: Path) -> None:
    (root / "held").write_text("old")
    holder = os.open(root / "held", os.O_RDONLY)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # by which the holder is asked to let go
    try:
        fcntl.fcntl(holder, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        with pytest.raises(ToolError, match="path 'held' cannot be written: another program holds it") as caught:
            workspace.append("held", b"x")
        assert caught.value.kind == "transient"
    except OSError as error:
        pytest.skip(f"files cannot be held here: {error}")
    finally:
        os.close(holder)
        signal.signal(signal.SIGIO, before)
    workspace.append("held", b" new")
    assert workspace.read("held") == b"old new"


def test_a_folder_is_not_a_file(workspace: FolderWorkspace, root: Path) -> None:
    (root / "folder").mkdir()
    (root / "file").write_text("")
    for use in (workspace.read, workspace.open, lambda p: workspace.write(p, b""), lambda p: workspace.append(p, b"")):
        for path in (".", "folder", "folder/", "folder/.", "x/.."):
            with pytest.raises(ToolError, match="folder; give the path of a file in it"):
                use(path)
        with pytest.raises(ToolError, match="path 'file/x' goes through a file as if it were a folder"):
            use("file/x")
    assert (root / "folder").is_dir()


@only_ordinary_users
def test_what_permissions_forbid_is_told(workspace: FolderWorkspace, root: Path) -> None:
    (root / "secret").write_text("old")
    (root / "secret").chmod(0)
    (root / "fixed").write_text("old")
    (root / "fixed").chmod(0o444)
    (root / "closed").mkdir(mode=0o555)
    told = "permission denied; choose another place or let the user change its permissions"
    with pytest.raises(ToolError, match=f"path 'secret' cannot be read: {told}"):
        workspace.read("secret")
    for change in (workspace.write, workspace.append):
        for path in ("secret", "fixed", "closed/new", "closed/folder/new"):
            with pytest.raises(ToolError, match=f"path '{path}' cannot be written: {told}"):
                change(path, b"new")
    assert (root / "fixed").read_text() == "old"
    (root / "secret").chmod(0o600)
    assert everything(root) == {"fixed": b"old", "secret": b"old"}


def test_a_file_that_is_read_only_stays(
    workspace: FolderWorkspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an ordinary user would see it; replacing a file needs no permission on the file itself."""
    (root / "fixed").write_text("old")
    monkeypatch.setattr(os, "access", lambda *args, **options: False)
    with pytest.raises(ToolError, match="path 'fixed' cannot be written: permission denied"):
        workspace.write("fixed", b"new")
    assert everything(root) == {"fixed": b"old"}


def test_a_workspace_that_was_deleted_says_so(workspace: FolderWorkspace, root: Path) -> None:
    root.rmdir()
    with pytest.raises(ToolError, match=r"path 'a/b' cannot be written: the workspace .* was deleted"):
        workspace.write("a/b", b"")
    with pytest.raises(ToolError):
        workspace.write("b", b"")
    with pytest.raises(ToolError, match="does not exist"):
        workspace.read("b")


def test_no_descriptor_stays_open(make: Make, root: Path) -> None:
    workspace = make(quota=Quota(100, 5))
    os.mkfifo(root / "pipe")
    (root / "link").symlink_to("x")
    before = descriptors(root)
    for path in ("a/b/c", "pipe", "link", "link/x", "missing/x", "a", "a/b/c/d", "x/y/z/u/v/w/q"):
        for use in (
            lambda p: workspace.write(p, b"1"),
            lambda p: workspace.append(p, b"1"),
            workspace.read,
            lambda p: workspace.open(p).close(),
            lambda p: next(iter(workspace.files(p)), None),
        ):
            with suppress(ToolError):
                use(path)
    assert descriptors(root) == before == [str(root)]


def test_a_workspace_lets_its_folder_go(root: Path) -> None:
    workspace = FolderWorkspace(root)
    assert descriptors(root)
    workspace.close()
    with pytest.raises(ToolError, match="Bad file descriptor"):
        workspace.read("x")
    FolderWorkspace(root)  # forgotten
    gc.collect()
    assert not descriptors(root)


# --- the quota


def test_the_quota_is_what_lies_there_because_of_us(make: Make, root: Path) -> None:
    (root / "theirs").write_bytes(b"x" * 500)
    workspace = make(quota=Quota(100, 4))
    workspace.write("a/b", b"x" * 40)
    assert workspace.used == Quota(40, 2)
    workspace.write("a/b", b"x" * 30)
    workspace.append("a/b", b"x" * 10)
    assert workspace.used == Quota(40, 2)
    with pytest.raises(ToolError, match="61 bytes are to be written, and of the quota of 100 bytes 60 bytes are left"):
        workspace.write("c", b"x" * 61)
    with pytest.raises(ToolError, match="the workspace is full") as caught:
        workspace.append("a/b", b"x" * 61)
    assert caught.value.kind == "budget"
    workspace.append("theirs", b"x" * 60)
    assert workspace.used == Quota(100, 3)
    workspace.write("d", b"")
    with pytest.raises(ToolError, match="4 files and folders were made here, which is the quota"):
        workspace.write("e", b"")
    workspace.append("d", b"")
    assert set(everything(root)) == {"a/b", "d", "theirs"}


def test_folders_count(make: Make, root: Path) -> None:
    workspace = make(quota=Quota(100, 3))
    with pytest.raises(ToolError, match="3 files and folders were made here"):
        workspace.write("a/b/c/d", b"")
    assert not everything(root)
    assert workspace.used == Quota(0, 2)  # the folders `a` and `b` are there


def test_threads_cannot_overspend_together(make: Make, root: Path) -> None:
    workspace = make(quota=Quota(1000, 1000))
    barrier = threading.Barrier(16)

    def work(thread: int) -> int:
        barrier.wait()
        done = 0
        for turn in range(20):
            with suppress(ToolError):
                workspace.write(f"{thread}/{turn}", b"x" * 7)
                done += 1
        return done

    with ThreadPoolExecutor(16) as pool:
        done = sum(pool.map(work, range(16)))
    assert done == 1000 // 7
    assert sum(map(len, everything(root).values())) == workspace.used.max_bytes == done * 7


def test_threads_cannot_make_too_many_files_together(make: Make, root: Path) -> None:
    workspace = make(quota=Quota(1000, 50))

    def work(number: int) -> None:
        with suppress(ToolError):
            workspace.append(f"shared/{number % 7}/{number}", b"")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(200)))
    assert len(list(root.rglob("*"))) == workspace.used.max_files == 50


# --- listing


def paths(found: Iterator[FileInfo]) -> list[str]:
    return [info.path for info in found]


@pytest.fixture
def tree(workspace: FolderWorkspace) -> FolderWorkspace:
    for path in ("b.txt", "a/x.py", "a/deep/y.py", "a.txt", ".env", ".github/ci.yml"):
        workspace.write(path, b"12345")
    return workspace


@pytest.mark.parametrize(
    ("start", "pattern", "hidden", "expected"),
    [
        (".", "*", True, [".env", ".github", "a", "a.txt", "b.txt"]),
        (".", "*", False, ["a", "a.txt", "b.txt"]),
        (".", "**", False, ["a", "a/deep", "a/deep/y.py", "a/x.py", "a.txt", "b.txt"]),
        (".", "**/*", False, ["a", "a/deep", "a/deep/y.py", "a/x.py", "a.txt", "b.txt"]),
        (".", "*.txt", True, ["a.txt", "b.txt"]),
        (".", "**/*.py", True, ["a/deep/y.py", "a/x.py"]),
        (".", "./a/**", True, ["a/deep", "a/deep/y.py", "a/x.py"]),
        (".", "**/deep/*", True, ["a/deep/y.py"]),
        (".", "**/**/y.[op]y", True, ["a/deep/y.py"]),
        (".", ".github/*", False, [".github/ci.yml"]),
        (".", "**/ci.yml", False, []),
        ("a", "*", True, ["a/deep", "a/x.py"]),
        ("a/", "**/?.py", True, ["a/deep/y.py", "a/x.py"]),
        (".github", "*", False, [".github/ci.yml"]),
    ],
)
def test_patterns(tree: FolderWorkspace, start: str, pattern: str, hidden: bool, expected: list[str]) -> None:
    assert paths(tree.files(start, pattern=pattern, hidden=hidden)) == expected


def test_a_listing_tells_sizes_and_kinds(tree: FolderWorkspace, root: Path) -> None:
    folder_info, file_info = tree.files(pattern="a*")
    assert (folder_info.is_folder, folder_info.size, file_info.is_folder, file_info.size) == (True, 0, False, 5)
    assert file_info.modified == (root / "a.txt").stat().st_mtime
    assert not file_info.obstacle


@pytest.mark.parametrize("pattern", ["", "/etc/*", "../*", "a/../b", "."])
def test_patterns_that_lead_nowhere_are_refused(workspace: FolderWorkspace, pattern: str) -> None:
    with pytest.raises(ToolError, match=r"pattern .* matches nothing; give one relative to the folder") as caught:
        workspace.files(pattern=pattern)
    assert caught.value.kind == "bad_request"


def test_what_cannot_be_opened_is_listed_with_the_reason(workspace: FolderWorkspace, root: Path) -> None:
    (root / "link").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe")
    (root / "one").write_text("")
    os.link(root / "one", root / "two")
    os.close(os.open(os.fsencode(root) + b"/caf\xe9", os.O_CREAT))
    (root / "back\\slash").mkdir()
    assert {info.path: info.obstacle for info in workspace.files()} == {
        "link": "a symbolic link",
        "pipe": "a named pipe",
        "one": "has 2 names (hard links)",
        "two": "has 2 names (hard links)",
        "caf\\xe9": "its path holds half of a surrogate pair, which no file name can",
        "back\\slash": "its path holds a backslash",
    }


@only_ordinary_users
def test_a_folder_that_cannot_be_read_is_listed_with_the_reason(workspace: FolderWorkspace, root: Path) -> None:
    (root / "closed").mkdir(mode=0)
    assert [info.obstacle for info in workspace.files()] == ["cannot be listed: Permission denied"]


def test_listing_what_is_no_folder_is_refused_at_once(workspace: FolderWorkspace, root: Path) -> None:
    (root / "file").write_text("")
    (root / "link").symlink_to(".")
    for path, told in {
        "file": "is a file where a folder is needed",
        "link": "passes through a symbolic link",
        "fil": "did you mean 'file'?",
        "..": "leads out of the workspace",
    }.items():
        with pytest.raises(ToolError, match=told):
            workspace.files(path)


def test_unfinished_files_are_nobodys_business(workspace: FolderWorkspace, root: Path) -> None:
    unfinished = ".overseer-0123456789abcdef.tmp"
    (root / unfinished).write_text("")
    assert paths(workspace.files()) == []
    with pytest.raises(ToolError, match="has a name that is kept for unfinished files"):
        workspace.write(unfinished, b"")


def test_a_deep_tree_needs_no_descriptors(workspace: FolderWorkspace) -> None:
    deep = "/".join("d" * 400)
    workspace.write(f"{deep}/file", b"")
    found = workspace.files()
    before = descriptors(workspace.root)
    for _ in range(300):
        next(found)
    assert descriptors(workspace.root) == before
    assert paths(found)[-1] == f"{deep}/file"


# --- the two ways to open


def test_a_kernel_that_cannot_open_beneath_is_not_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: Any) -> int:
        raise OSError(errno.ENOSYS, "no such call")

    monkeypatch.setattr(beneath, "_syscall", refused)
    best_opener.cache_clear()
    try:
        assert best_opener() is open_by_components
    finally:
        best_opener.cache_clear()


def test_a_system_that_cannot_open_beneath_at_all_gets_no_workspace(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "supports_dir_fd", set())
    best_opener.cache_clear()
    try:
        with pytest.raises(UsageError, match="files cannot be opened safely on this system; use Linux or macOS"):
            FolderWorkspace(root)
    finally:
        best_opener.cache_clear()


def test_both_ways_give_descriptors_that_programs_do_not_inherit(workspace: FolderWorkspace, root: Path) -> None:
    (root / "a").write_text("")
    with workspace.open("a") as file:
        assert not os.get_inheritable(file.fileno())
