"""Undo and redo with real files: what a run changed is put back, and what is somebody else's stays."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from overseer.errors import RunBusy, RunNotFound, UsageError
from overseer.journal.writelocks import HeldFiles, WriteLocks
from overseer.tool import ToolError
from overseer.undo import differences, states
from overseer.undo import keeping as keeping_module
from overseer.undo import preview as preview_module
from overseer.undo.keeping import Changes
from overseer.undo.undoing import Undoing
from overseer.workspace import FolderWorkspace
from tests.undo.conftest import World


def test_what_was_written_is_put_back_and_again_redone(world: World) -> None:
    (world.root / "a.txt").write_bytes(b"old")
    run = world.run("r1")
    run.write("a.txt", b"new")
    run.append("a.txt", b" and more")
    run.write("x/y/b.txt", b"made")
    world.undo()
    assert world.files() == {"a.txt": b"old"}
    assert world.entries() == {"a.txt"}, "the folders that were made are gone"
    world.redo()
    assert world.files() == {"a.txt": b"new and more", "x/y/b.txt": b"made"}
    world.undo()
    assert world.files() == {"a.txt": b"old"}


def test_each_further_undo_goes_one_run_back_and_redo_comes_back_in_order(world: World) -> None:
    seen = [world.files()]
    for number in range(3):
        world.run(f"r{number}").write("a.txt", b"%d" % number)
        seen.append(world.files())
    for expected in reversed(seen[:-1]):
        world.undo()
        assert world.files() == expected
    with pytest.raises(RunNotFound, match="every known run was undone"):
        world.undoing.preview()
    for expected in seen[1:]:
        world.redo()
        assert world.files() == expected
    with pytest.raises(RunNotFound, match="nothing was undone"):
        world.undoing.preview(direction="redo")


def test_a_run_that_writes_after_an_undo_ends_the_line_of_redo(world: World) -> None:
    world.run("r1").write("a.txt", b"1")
    world.undo()
    world.run("r2").write("b.txt", b"2")
    with pytest.raises(UsageError, match=r"run r2 has changed files here since run r1.*name it: redo r1"):
        world.redo()
    world.redo("r1")
    assert world.files() == {"a.txt": b"1", "b.txt": b"2"}


def test_what_somebody_else_changed_is_named_and_stays_unless_forced(world: World) -> None:
    (world.root / "a.txt").write_bytes(b"old")
    run = world.run("r1")
    run.write("a.txt", b"new")
    run.write("b.txt", b"new")
    (world.root / "a.txt").write_bytes(b"mine")
    preview = world.undoing.preview()
    assert [(file.path, file.conflict) for file in preview.conflicts] == [
        ("a.txt", "it was changed since, by somebody else")
    ]
    outcome = world.undoing.carry_out(preview)
    assert (outcome.done, [path for path, _ in outcome.left]) == (("b.txt",), ["a.txt"])
    assert world.files() == {"a.txt": b"mine"}
    world.undo("r1", force=True)
    assert world.files() == {"a.txt": b"old"}
    world.redo()
    assert world.files() == {"a.txt": b"mine", "b.txt": b"new"}, "what was forced away can be had back"


def test_nothing_undone_leaves_the_run_where_it_was(world: World) -> None:
    world.run("r1").write("a.txt", b"new")
    (world.root / "a.txt").write_bytes(b"mine")
    assert world.undoing.carry_out(world.undoing.preview()).done == ()
    assert world.undoing.preview().run.run_id == "r1"


def test_the_run_that_has_changed_a_file_since_is_named(world: World) -> None:
    world.run("r1").write("a.txt", b"1")
    world.run("r2", "append_file").append("a.txt", b"2")
    preview = world.undoing.preview("r1")
    assert preview.files[0].conflict == "run r2 (append_file) has changed it since"


def test_what_was_deleted_since_is_a_conflict_and_can_be_forced_back(world: World) -> None:
    (world.root / "a.sh").write_bytes(b"old")
    (world.root / "a.sh").chmod(0o750)
    world.run("r1").write("a.sh", b"new")
    (world.root / "a.sh").unlink()
    assert world.undoing.preview().files[0].conflict == "it was deleted since"
    world.undo(force=True)
    assert world.files() == {"a.sh": b"old"}
    assert stat.S_IMODE((world.root / "a.sh").stat().st_mode) == 0o750


def test_permission_bits_given_since_come_back_with_redo(world: World) -> None:
    world.run("r1").write("tool.sh", b"#!/bin/sh\n")
    (world.root / "tool.sh").chmod(0o755)
    world.undo()
    world.redo()
    assert stat.S_IMODE((world.root / "tool.sh").stat().st_mode) == 0o755


def test_a_change_between_preview_and_undo_is_not_lost(world: World) -> None:
    world.run("r1").write("a.txt", b"new")
    preview = world.undoing.preview()
    (world.root / "a.txt").write_bytes(b"mine")
    outcome = world.undoing.carry_out(preview, force=True)
    assert outcome.left == (("a.txt", "it was changed while you looked at the preview"),)
    assert world.files() == {"a.txt": b"mine"}


def test_who_wrote_while_the_run_was_at_it_gets_that_back(world: World) -> None:
    (world.root / "a.txt").write_bytes(b"old")
    run = world.run("r1")
    run.write("a.txt", b"first")
    (world.root / "a.txt").write_bytes(b"mine")
    run.write("a.txt", b"second")
    assert "gets that back" in world.undoing.preview().files[0].notes[0]
    world.undo()
    assert world.files() == {"a.txt": b"mine"}


def test_a_write_that_failed_leaves_nothing_to_undo(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.root / "a.txt").write_bytes(b"old")
    run = world.run("r1")
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", _fail)
        with pytest.raises(ToolError):
            run.write("a.txt", b"new")
    (world.root / "a.txt").write_bytes(b"mine")
    with pytest.raises(RunNotFound):
        world.undoing.preview()


def _fail(*args: object, **options: object) -> None:
    raise OSError(5, "broken")


def test_what_fails_halfway_is_said_and_can_be_repeated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = world.run("r1")
    for name in "abc":
        (world.root / name).write_bytes(b"old")
        run.write(name, b"new")
    renamed, left = os.rename, [1]

    def fail_later(*args: object, **options: object) -> None:
        if not left:
            _fail()
        left.pop()
        renamed(*args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail_later)
        outcome = world.undoing.carry_out(world.undoing.preview())
    assert (outcome.done, [path for path, _ in outcome.failed]) == (("a",), ["b", "c"])
    preview = world.undoing.preview()
    assert [file.action for file in preview.files] == ["nothing", "change", "change"]
    assert world.undoing.carry_out(preview).failed == ()
    assert set(world.files().values()) == {b"old"}
    world.redo()
    assert set(world.files().values()) == {b"new"}


@pytest.mark.parametrize("obstacle", ["link", "folder", "hard link"])
def test_what_has_become_something_else_is_left(world: World, tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "outside").write_bytes(b"outside")
    world.run("r1").write("a.txt", b"new")
    path = world.root / "a.txt"
    path.unlink()
    if obstacle == "link":
        path.symlink_to(tmp_path / "outside")
    elif obstacle == "folder":
        path.mkdir()
    else:
        path.hardlink_to(tmp_path / "outside")
    preview = world.undoing.preview()
    assert preview.files[0].obstacle
    world.undoing.carry_out(preview, force=True)
    assert (tmp_path / "outside").read_bytes() == b"outside"
    assert os.path.lexists(path)


def test_a_folder_exchanged_for_a_link_after_the_preview_leads_nowhere(world: World, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    world.run("r1").write("x/a.txt", b"new")
    preview = world.undoing.preview()
    (tmp_path / "outside" / "a.txt").write_bytes(b"new")
    (world.root / "x" / "a.txt").unlink()
    (world.root / "x").rmdir()
    (world.root / "x").symlink_to(tmp_path / "outside")
    assert [path for path, _ in world.undoing.carry_out(preview, force=True).failed] == ["x/a.txt"]
    assert (tmp_path / "outside" / "a.txt").read_bytes() == b"new"


def test_a_folder_that_somebody_uses_by_now_stays(world: World) -> None:
    world.run("r1").write("x/a.txt", b"new")
    (world.root / "x" / "mine.txt").write_bytes(b"mine")
    world.undo()
    assert world.files() == {"x/mine.txt": b"mine"}


def test_undoing_takes_nothing_from_the_quota(world: World) -> None:
    world.run("r1").write("a.txt", b"new")
    used = world.workspace.used
    world.undo()
    world.redo()
    assert world.workspace.used == used


def test_a_file_that_was_too_large_is_not_kept_and_the_preview_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (keeping_module, preview_module, states):
        monkeypatch.setattr(module, "MOST_BYTES_OF_A_FILE", 10)
    (world.root / "a.txt").write_bytes(b"x" * 11)
    run = world.run("r1")
    run.append("a.txt", b"y")
    run.write("b.txt", b"new")
    preview = world.undoing.preview()
    assert "what it held is not kept: it was 11 bytes" in preview.files[0].obstacle
    world.undoing.carry_out(preview)
    assert world.files() == {"a.txt": b"x" * 11 + b"y"}


def test_what_has_made_room_for_newer_runs_is_said(tmp_path: Path) -> None:
    world = World(tmp_path, most_bytes=100)
    for name in "abc":
        (world.root / name).write_bytes(name.encode() * 40)
        world.run(f"r{name}").write(name, b"new")
    assert [run.run_id for run in world.store.runs(str(world.root))] == ["rc", "rb"]
    with pytest.raises(RunNotFound, match="no run 'ra' is known to have changed files"):
        world.undoing.preview("ra")
    (world.root / "d").write_bytes(b"d" * 101)
    world.run("rd").write("d", b"new")
    assert "there was no room for it" in world.undoing.preview("rd").files[0].obstacle
    world.close()


def test_without_room_for_redo_nothing_is_undone_unless_forced(tmp_path: Path) -> None:
    world = World(tmp_path, most_bytes=100)
    (world.root / "a").write_bytes(b"a" * 60)
    world.run("r1").write("a", b"b" * 60)
    outcome = world.undoing.carry_out(world.undoing.preview())
    assert "no room to keep for redo" in outcome.failed[0][1]
    assert world.files() == {"a": b"b" * 60}
    world.undo(force=True)
    assert world.files() == {"a": b"a" * 60}
    assert "there was no room for it" in world.undoing.preview("r1", "redo").files[0].obstacle
    world.close()


def test_a_run_that_goes_on_after_it_was_undone_can_be_undone_again(world: World) -> None:
    (world.root / "a.txt").write_bytes(b"old")
    world.run("r1").write("a.txt", b"1")
    world.undo()
    for changes in (world.changes, Changes(world.workspace, lambda: world.store, clock=world.tick)):
        changes.workspace_of("r1", "write_file").write("a.txt", b"2")
        world.undo()
        assert world.files() == {"a.txt": b"old"}
    world.redo()
    assert world.files() == {"a.txt": b"2"}


def test_no_more_runs_are_kept_than_that(tmp_path: Path) -> None:
    world = World(tmp_path, most_runs=2)
    for number in range(4):
        world.run(f"r{number}").write("a", b"%d" % number)
    assert [run.run_id for run in world.store.runs(str(world.root))] == ["r3", "r2"]
    world.close()


def test_a_run_that_has_lost_its_beginning_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, most_runs=1)
    slow = world.run("slow")
    slow.write("a", b"1")
    world.run("quick").write("b", b"1")
    slow.write("c", b"1")
    preview = world.undoing.preview("slow")
    assert [file.path for file in preview.files] == ["c"]
    assert "what the run changed at first is not kept any more" in preview.notes[0]
    world.close()


def test_a_run_that_is_still_at_it_is_not_undone(world: World) -> None:
    world.run("r1").write("a", b"1")
    with pytest.raises(RunBusy, match="run r1 is being carried out"):
        Undoing(world.store, world.workspace, is_busy=lambda run_id: True).preview()


def test_a_run_of_another_folder_says_where(world: World, tmp_path: Path) -> None:
    world.run("r1").write("a", b"1")
    (tmp_path / "there").mkdir()
    with FolderWorkspace(tmp_path / "there") as there:
        elsewhere = Undoing(world.store, there)
        with pytest.raises(UsageError, match=f"run r1 changed files in {world.root}"):
            elsewhere.preview("r1")
        with pytest.raises(RunNotFound, match="no run is known to have changed files there"):
            elsewhere.preview()


def test_the_beginning_of_an_id_will_do_if_it_is_only_one(world: World) -> None:
    for run_id in ("ra1", "ra2", "rb1"):
        world.run(run_id).write("a", run_id.encode())
    assert world.undoing.preview("RB").run.run_id == "rb1"
    with pytest.raises(RunNotFound, match="'ra' could be several runs"):
        world.undoing.preview("ra")
    for text in ("", "zz", "%"):
        with pytest.raises(RunNotFound):
            world.undoing.preview(text)


def test_tools_that_change_what_is_not_seen_are_told_of(world: World) -> None:
    world.run("r1").write("a", b"1")
    world.changes.note_unseen("r1", "run_command")
    world.changes.note_unseen("r2", "deploy")
    preview = world.undoing.preview()
    assert preview.unseen == ("run_command",)
    assert "the later run r2 called deploy" in preview.notes[0]


def test_many_threads_write_in_one_run(world: World) -> None:
    for number in range(20):
        (world.root / f"old{number}").write_bytes(b"%d" % number)
    before = world.files()
    barrier = threading.Barrier(8)

    def work(worker: int) -> None:
        run = world.run("r1")
        barrier.wait()
        for number in range(20):
            run.write(f"old{number}", b"%d by %d" % (number, worker))
            run.append("log", b"%d\n" % worker)
            run.write(f"{worker}/{number}", b"x")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert world.files()["log"].count(b"\n") == 160
    world.undo()
    assert world.files() == before
    assert world.entries() == set(before)


CONTENTS = st.sampled_from([b"", b"a", b"b", b"a\nb\n", b"\xff\0"])
NAMES = st.sampled_from(["a", "b", "x/a", "x/y/b"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["write", "append"]), st.sampled_from(["r1", "r2", "r3"]), NAMES, CONTENTS), max_size=20
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.dictionaries(NAMES, CONTENTS), steps=STEPS)
def test_whatever_runs_wrote_one_after_the_other_undo_and_redo_lead_through(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, bytes], steps: list[tuple[str, str, str, bytes]]
) -> None:
    world = World(tmp_path_factory.mktemp("world"))
    for name, content in before.items():
        (world.root / name).parent.mkdir(parents=True, exist_ok=True)
        (world.root / name).write_bytes(content)
    seen = [world.files()]
    for run_id in ("r1", "r2", "r3"):  # each whole, one after the other
        mine = [step for step in steps if step[1] == run_id]
        for how, _, name, content in mine:
            getattr(world.run(run_id), how)(name, content)
        if mine:
            seen.append(world.files())
    for expected in reversed(seen[:-1]):
        world.undo()
        assert world.files() == expected
    for expected in seen[1:]:
        world.redo()
        assert world.files() == expected
    world.close()


WHO = st.lists(
    st.tuples(st.sampled_from(["write", "append", "theirs", "deleted"]), st.sampled_from(["a", "b"])), max_size=12
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(existing=st.sets(st.sampled_from(["a", "b"])), steps=WHO)
def test_whoever_writes_in_between_never_loses_what_they_wrote(
    tmp_path_factory: pytest.TempPathFactory, existing: set[str], steps: list[tuple[str, str]]
) -> None:
    """A file that others wrote last stays; one that the run wrote last is again what others had left before."""
    world = World(tmp_path_factory.mktemp("world"))
    theirs: dict[str, bytes | None] = {name: b"old " + name.encode() if name in existing else None for name in "ab"}
    for name in existing:
        (world.root / name).write_bytes(theirs[name] or b"")
    ours = set()
    for number, (who, name) in enumerate(steps):
        content = b"%d by %s" % (number, who.encode())
        if who in ("write", "append"):
            getattr(world.run("r1"), who)(name, content)
            ours.add(name)
        else:
            theirs[name] = content if who == "theirs" else None
            (world.root / name).write_bytes(content)
            if who == "deleted":
                (world.root / name).unlink()
    if ours:
        world.undo("r1")
    assert world.files() == {name: content for name, content in theirs.items() if content is not None}
    world.close()


# --- what is shown


def test_differences_are_bounded() -> None:
    many = b"".join(b"%d\n" % number for number in range(1000))
    shown = differences.difference("a", b"", many)
    assert len(shown.lines) == differences.MOST_LINES
    assert shown.left_out == 1000 + 3 - differences.MOST_LINES
    assert "too many to compare" in differences.difference("a", b"", many * 10).why_none
    assert differences.difference("a", b"\0", b"x").why_none == "not text"
    assert differences.difference("a", None, b"x").why_none == "too large to compare"
    assert max(map(len, differences.difference("a", b"x" * 9999, b"y").lines)) < 400


# --- what a process leaves that dies while it adds to a file


@pytest.mark.parametrize(
    ("held", "is_own"), [(b"old" + b"x" * 9000, True), (b"old" + b"x" * 100, True), (b"other", False)]
)
def test_half_of_what_was_to_be_added_is_the_runs_own(world: World, held: bytes, is_own: bool) -> None:
    (world.root / "a.txt").write_bytes(b"old")
    world.run("r1").append("a.txt", b"x" * 10_000)
    (world.root / "a.txt").write_bytes(held)
    again = Changes(world.workspace, lambda: world.store).workspace_of("r1", "append_file")
    if is_own:  # and what the run adds when it is resumed does not hide what the file held
        again.append("a.txt", b"more")
    world.undo()
    assert world.files() == {"a.txt": b"old" if is_own else held}


def test_an_empty_file_that_was_to_be_added_to_is_the_runs_own(world: World) -> None:
    world.run("r1").append("a.txt", b"x" * 10_000)
    (world.root / "a.txt").write_bytes(b"")
    world.undo()
    assert world.files() == {}


def test_what_replaced_a_file_is_never_taken_for_half_of_it(world: World) -> None:
    world.run("r1").write("a.txt", b"x" * 10_000)
    for held in (b"", b"x" * 9000):
        (world.root / "a.txt").write_bytes(held)
        world.undo()
        assert world.files() == {"a.txt": held}


# --- runs that write the same meanwhile


def test_nothing_is_undone_while_a_run_is_at_work_on_the_same_files(world: World, tmp_path: Path) -> None:
    locks = WriteLocks(tmp_path / "locks")
    run = world.run("r1")
    run.write("a.txt", b"new")
    run.write("b.txt", b"new")
    undoing = Undoing(world.store, world.workspace, alone_with=lambda names: locks.holding(names, "an undo"))
    preview = undoing.preview()
    with (
        locks.holding([f"file:{world.root}/b.txt"], "run r2"),
        pytest.raises(RunBusy, match=r"run r2 in this process is at work on .*b\.txt; wait for it or stop it"),
    ):
        undoing.carry_out(preview)
    assert world.files() == {"a.txt": b"new", "b.txt": b"new"}
    assert set(undoing.carry_out(preview).done) == {"a.txt", "b.txt"}
    assert world.files() == {}
    assert isinstance(locks.take([f"file:{world.root}/a.txt"], "run r3"), HeldFiles), "nothing is held any more"
