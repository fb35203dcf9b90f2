from __future__ import annotations

import errno
import os
import shutil
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from overseer.plan.values import FileChange
from overseer.sources import Busy, Files, SourceError, Sources
from overseer.sources.comparison import Comparison
from tests.sources.conftest import Inbox

needs_inotify = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")

# Two looks must not both fall between the making of a file and its writing, even on a busy machine.
LOOK_S = 0.1


def comparing():
    return Files(native=None, fallback=lambda: Comparison(every_s=LOOK_S))


@pytest.fixture(params=[pytest.param("inotify", marks=needs_inotify), "comparison"])
def files(request):
    """Every test that uses this runs with both ways of watching."""
    return Files() if request.param == "inotify" else comparing()


@pytest.fixture
def run(files):
    sources = Sources(files=files)
    yield sources
    sources.close_all()


@pytest.fixture
def arrival(request):
    """How a renamed entry is reported: comparing cannot tell it from a new one."""
    return "moved" if request.node.callspec.params["files"] == "inotify" else "created"


@pytest.fixture
def inotify_run():
    if sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    sources = Sources()
    yield sources
    sources.close_all()


@pytest.fixture
def watch(run, inbox, tmp_path):
    return lambda path: run.open("w", FileChange(str(path)), inbox.deliver, base=tmp_path)


def change(path, kind):
    return {"path": str(path), "change": kind}


def by_path(payloads):
    return sorted(payloads, key=lambda payload: (payload["path"], payload["change"]))


# --- a single file


def test_a_files_life(watch, inbox, tmp_path):
    file = tmp_path / "a.txt"
    watch("a.txt")
    file.write_text("one")
    assert inbox.next() == change(file, "created")
    file.write_text("three")
    assert inbox.next() == change(file, "modified")
    (tmp_path / "new").write_text("replaced")
    (tmp_path / "new").replace(file)
    assert inbox.next() == change(file, "moved")
    file.unlink()
    assert inbox.next() == change(file, "deleted")
    file.write_text("again")
    assert inbox.next() == change(file, "created")
    assert inbox.is_empty()


def test_neighbours_are_not_reported(watch, inbox, tmp_path):
    watch("a")
    (tmp_path / "b").write_text("x")
    (tmp_path / "b").unlink()
    (tmp_path / "a").write_text("x")
    assert inbox.next() == change(tmp_path / "a", "created")
    assert inbox.is_empty()


def test_a_writer_that_appends_five_times(watch, inbox, tmp_path):
    log = tmp_path / "log"
    log.write_text("")
    watch(log)
    for number in range(5):
        with log.open("a") as file:
            file.write(f"{number}\n")
        assert inbox.next() == change(log, "modified")
    assert inbox.is_empty()


def test_one_save_in_many_writes_is_one_change(inotify_run, inbox, tmp_path):
    file = tmp_path / "a"
    inotify_run.open("w", FileChange("a"), inbox.deliver, base=tmp_path)
    with file.open("w") as writer:
        for _ in range(5):
            writer.write("x" * 10_000)
            writer.flush()
    file.unlink()
    assert inbox.take(2) == [change(file, "created"), change(file, "deleted")]


def test_an_editor_that_moves_the_old_file_away_saves_once(watch, inbox, tmp_path):
    file = tmp_path / "a"
    file.write_text("old")
    watch(file)
    file.rename(tmp_path / "a~")
    file.write_text("new and longer")
    (tmp_path / "a~").unlink()
    assert inbox.next()["change"] in ("modified", "moved")
    file.unlink()
    assert inbox.next() == change(file, "deleted")


def test_links_are_reported_though_nobody_writes_them(watch, inbox, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    original = tmp_path / "elsewhere" / "original"
    original.write_text("x")
    watch(".")
    os.link(original, tmp_path / "hard")
    original.unlink()  # by now the hard link cannot be told from any other file
    os.symlink("nowhere", tmp_path / "soft")
    os.mkfifo(tmp_path / "pipe")
    names = {payload["path"]: payload["change"] for payload in inbox.take(3)}
    assert names == {str(tmp_path / name): "created" for name in ("hard", "soft", "pipe")}


def test_reading_is_no_change(watch, inbox, tmp_path):
    file = tmp_path / "a"
    file.write_text("x")
    watch(".")
    file.read_text()
    os.listdir(tmp_path)
    (tmp_path / "b").write_text("x")
    assert inbox.next() == change(tmp_path / "b", "created")
    assert inbox.is_empty()


def test_what_is_written_to_a_deleted_file_is_of_no_interest(watch, inbox, tmp_path):
    file = tmp_path / "a"
    file.write_text("x")
    watch(".")
    with file.open("a") as writer:
        file.unlink()
        writer.write("y")
    assert inbox.next() == change(file, "deleted")
    (tmp_path / "b").write_text("x")
    assert inbox.next() == change(tmp_path / "b", "created")


def test_a_write_to_what_a_link_points_to_is_seen(watch, inbox, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("x")
    (tmp_path / "link").symlink_to("real/file")
    watch("link")
    (tmp_path / "real" / "file").write_text("longer")
    assert inbox.next() == change(tmp_path / "link", "modified")


# --- a folder


def test_entries_of_a_folder(watch, inbox, tmp_path, arrival):
    (tmp_path / "deep").mkdir()
    watch(".")
    (tmp_path / "a").write_text("x")
    assert inbox.next() == change(tmp_path / "a", "created")
    (tmp_path / "deep" / "not directly inside").write_text("x")
    (tmp_path / "sub").mkdir()
    assert inbox.next() == change(tmp_path / "sub", "created")
    (tmp_path / "a").rename(tmp_path / "b")
    assert by_path(inbox.take(2)) == [change(tmp_path / "a", "deleted"), change(tmp_path / "b", arrival)]
    shutil.rmtree(tmp_path / "sub")
    assert inbox.next() == change(tmp_path / "sub", "deleted")
    assert inbox.is_empty()


def test_two_hundred_files_at_once(watch, inbox, tmp_path):
    watch(".")
    for number in range(200):
        (tmp_path / f"{number}.txt").write_text("x")
    changes = Counter()
    while sum(kind == "created" for _, kind in changes) < 200:
        payload = inbox.next()
        changes[payload["path"], payload["change"]] += 1
    assert changes == {(str(tmp_path / f"{number}.txt"), "created"): 1 for number in range(200)}
    assert inbox.is_empty()


@pytest.mark.parametrize("name", ["süß 雪.txt", "with space", "-dash", "new\nline", "🙂"])
def test_any_name_is_reported_as_it_is(watch, inbox, tmp_path, name):
    watch(tmp_path)
    (tmp_path / name).write_text("x")
    assert inbox.next() == change(tmp_path / name, "created")


def test_a_name_that_is_not_utf_8_can_still_be_stored(watch, inbox, tmp_path):
    watch(tmp_path)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).write_text("x")
    assert inbox.next() == change(tmp_path / "\ufffd", "created")


def test_a_folder_that_is_deleted_and_made_again_is_followed(watch, inbox, tmp_path):
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "a").write_text("x")
    watch("dist")
    shutil.rmtree(folder)
    assert inbox.take(2) == [change(folder / "a", "deleted"), change(folder, "deleted")]
    folder.mkdir()
    assert inbox.next() == change(folder, "created")
    (folder / "b").write_text("x")
    assert inbox.next() == change(folder / "b", "created")
    assert inbox.is_empty()


def test_a_folder_that_comes_back_with_files_reports_them(watch, inbox, tmp_path):
    folder, built = tmp_path / "dist", tmp_path / "built"
    for made in (folder, built):
        made.mkdir()
    (built / "a").write_text("x")
    watch("dist")
    folder.rmdir()
    assert inbox.next() == change(folder, "deleted")
    built.rename(folder)
    first, second = by_path(inbox.take(2))
    assert first["path"] == str(folder)
    assert second == change(folder / "a", "created")


def test_a_folder_that_somebody_is_in_is_seen_to_vanish(inotify_run, inbox, tmp_path):
    folder = tmp_path / "dist"
    folder.mkdir()
    inside = os.open(folder, os.O_RDONLY)
    inotify_run.open("w", FileChange("dist"), inbox.deliver, base=tmp_path)
    folder.rmdir()
    folder.mkdir()
    assert inbox.take(2) == [change(folder, "deleted"), change(folder, "created")]
    (folder / "a").write_text("x")
    assert inbox.next() == change(folder / "a", "created")
    os.close(inside)


def test_a_file_goes_and_comes_with_its_folder(watch, inbox, tmp_path):
    folder = tmp_path / "dist"
    folder.mkdir()
    file = folder / "app.js"
    file.write_text("x")
    watch("dist/app.js")
    folder.rename(tmp_path / "old")
    assert inbox.next() == change(file, "deleted")
    folder.mkdir()
    file.write_text("y")
    assert inbox.next() == change(file, "created")
    file.unlink()
    assert inbox.next() == change(file, "deleted")
    folder.rmdir()
    folder.mkdir()
    file.write_text("z")
    assert inbox.next() == change(file, "created")
    shutil.rmtree(folder)
    assert inbox.next() == change(file, "deleted")
    assert inbox.is_empty()


# --- what is watched


def test_relative_paths_start_at_the_base(run, inbox, tmp_path):
    (tmp_path / "sub").mkdir()
    run.open("w", FileChange("sub/../sub/a"), inbox.deliver, base=tmp_path)
    (tmp_path / "sub" / "a").write_text("x")
    assert inbox.next() == change(tmp_path / "sub" / "a", "created")


def test_home_is_understood(run, inbox, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    run.open("w", FileChange("~/a"), inbox.deliver, base=Path("/"))
    (tmp_path / "a").write_text("x")
    assert inbox.next() == change(tmp_path / "a", "created")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "scope 'w' cannot watch '': the path is empty; give the path of a file or a folder"),
        (" ", "the path is empty"),
        ("a\0b", "it has a null character in it"),
        ("missing/a", "/missing is missing; make that folder first, in an earlier step for example"),
        ("missing/", "/missing is missing"),
        ("file/a", "/file is not a folder"),
    ],
)
def test_what_cannot_be_watched_is_said(run, inbox, tmp_path, path, message):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError) as caught:
        run.open("w", FileChange(path), inbox.deliver, base=tmp_path)
    assert message in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_closed_to_us_is_an_error(run, inbox, tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(SourceError, match="check the folder's permissions"):
        run.open("w", FileChange("closed"), inbox.deliver, base=tmp_path)


def test_without_inotify_to_be_had_files_are_compared(inbox, tmp_path):
    def exhausted():
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    run = Sources(files=Files(native=exhausted, fallback=lambda: Comparison(every_s=LOOK_S)))
    run.open("w", FileChange("a"), inbox.deliver, base=tmp_path)
    (tmp_path / "a").write_text("x")
    assert inbox.next() == change(tmp_path / "a", "created")
    run.close_all()


def test_what_the_system_refuses_is_an_error(inbox, tmp_path):
    def refused():
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with pytest.raises(SourceError) as caught:
        Sources(files=Files(native=refused)).open("w", FileChange("a"), inbox.deliver, base=tmp_path)
    assert "the system refuses" in str(caught.value)
    assert os.strerror(errno.EACCES) in str(caught.value)


# --- several scopes, closing, overload


def test_scopes_on_one_folder_hear_what_is_theirs(run, inbox, tmp_path):
    paths = {"file": "f/a", "folder": "f", "closed": "f/a", "above": ".", "below": "f/sub/a"}
    boxes = {key: Inbox() for key in paths}
    (tmp_path / "f" / "sub").mkdir(parents=True)
    (tmp_path / "f" / "a").write_text("x")
    for key, path in paths.items():
        run.open(key, FileChange(path), boxes[key].deliver, base=tmp_path)
    run.close("closed")
    (tmp_path / "f" / "a").write_text("longer")
    for key in ("file", "folder"):
        assert boxes[key].next() == change(tmp_path / "f" / "a", "modified")
    (tmp_path / "f" / "sub" / "a").write_text("x")
    assert boxes["below"].next() == change(tmp_path / "f" / "sub" / "a", "created")
    (tmp_path / "c").write_text("x")
    assert boxes["above"].next() == change(tmp_path / "c", "created")
    assert all(box.is_empty() for box in boxes.values())


def test_nothing_is_delivered_after_close(run, watch, inbox, tmp_path):
    watch(".")
    with scribbling(tmp_path / "a"):
        inbox.next()
        run.close("w")
        inbox.rest()
        (tmp_path / "b").write_text("x")
    assert inbox.is_empty()


def test_a_file_that_is_written_without_end_is_reported_now_and_then(watch, inbox, tmp_path):
    watch(".")
    with scribbling(tmp_path / "a"):
        assert {payload["path"] for payload in inbox.take(2)} == {str(tmp_path / "a")}


@contextmanager
def scribbling(file):
    stop = threading.Event()

    def scribble():
        while not stop.wait(0.001):  # far shorter than the rest that a file is given
            with file.open("a") as log:
                log.write("x")

    writer = threading.Thread(target=scribble)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


def test_a_busy_scope_learns_that_it_missed_something(run, inbox, tmp_path):
    is_busy, refused = [True], threading.Event()

    def deliver(payload):
        if is_busy[0]:
            refused.set()
            raise Busy("full")
        inbox.deliver(payload)

    run.open("w", FileChange("."), deliver, base=tmp_path)
    (tmp_path / "a").write_text("x")
    assert refused.wait(10)
    is_busy[0] = False
    assert inbox.next() == change(tmp_path, "unknown")
    (tmp_path / "b").write_text("x")
    assert inbox.next() == change(tmp_path / "b", "created")


def test_an_overflowing_queue_is_one_unknown_change(inotify_run, inbox, tmp_path):
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 50_000:
        pytest.skip(f"the queue holds {most} events")
    inside, go_on = threading.Event(), threading.Event()

    def deliver(payload):
        inside.set()
        assert go_on.wait(60)
        inbox.deliver(payload)

    inotify_run.open("w", FileChange("."), deliver, base=tmp_path)
    (tmp_path / "first").write_text("x")
    assert inside.wait(10)
    for number in range(most // 3 + 100):  # each makes three events
        (tmp_path / str(number % 7)).write_text("x")
        (tmp_path / str(number % 7)).unlink()
    go_on.set()
    kinds = [inbox.next()["change"]]
    while kinds[-1] != "unknown":
        kinds.append(inbox.next()["change"])
    (tmp_path / "last").write_text("x")
    while (payload := inbox.next())["path"] != str(tmp_path / "last"):
        kinds.append(payload["change"])
    assert kinds.count("unknown") == 1
