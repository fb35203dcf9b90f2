"""Tools from folders: precedence, hot reload, trust, and files with something wrong in them."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from overseer import trust as trusting
from overseer.errors import UsageError
from overseer.registry import LiveRegistry, ToolFolder, load_tools, our_tools, tool_folders
from overseer.registry.folders import Layer, changed_since_trusted, project_tools, tool_files, user_tools
from overseer.trust import distrust


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def trust(folder: Path) -> None:
    trusting.trust(folder, tool_files(folder))


def write_tool(path: Path, name: str, result: str = "1", extra: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"from overseer.tool import tool\n\n@tool\ndef {name}() -> object:\n    return {result}\n{extra}")
    return path


def test_our_own_tools_load_without_a_problem() -> None:
    registry = load_tools([ToolFolder(our_tools(), "built-in")])
    assert registry.problems == ()
    assert registry.tools["text_statistics"].description
    assert registry.entries["text_statistics"].layer == "built-in"


@pytest.mark.parametrize(("layer", "is_kept"), [("built-in", True), ("project", False), ("user", False)])
def test_only_what_comes_with_the_program_is_kept_compiled(
    tmp_path: Path, layer: Layer, is_kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = write_tool(tmp_path / "tools/a.py", "one")
    for _ in range(2):
        assert load_tools([ToolFolder(path.parent, layer)]).tools["one"]() == 1
    assert Path(cache_from_source(str(path))).exists() == is_kept


@pytest.mark.parametrize(("layer", "times"), [("built-in", 1), ("project", 2)])
def test_what_comes_with_the_program_is_carried_out_once_in_a_process(
    tmp_path: Path, layer: Layer, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "loaded_here", [], raising=False)
    path = write_tool(tmp_path / "tools/a.py", "one")
    path.write_text(path.read_text() + "import sys\nsys.loaded_here.append(1)\n")
    for _ in range(2):
        assert load_tools([ToolFolder(path.parent, layer)]).tools["one"]() == 1
    assert len(sys.loaded_here) == times  # type: ignore[attr-defined]


def test_later_folders_take_precedence_and_say_what_they_hide(tmp_path: Path) -> None:
    one = write_tool(tmp_path / "one/a.py", "same", "'one'")
    two = write_tool(tmp_path / "two/b.py", "same", "'two'")
    registry = load_tools([ToolFolder(one.parent, "project"), ToolFolder(two.parent, "user")])
    entry = registry.entries["same"]
    assert entry.tool() == "two"
    assert (entry.layer, entry.tool.origin, entry.hides) == ("user", str(two), (str(one),))


def test_a_project_may_add_tools_but_take_the_place_of_none_of_ours(tmp_path: Path) -> None:
    path = write_tool(tmp_path / "theirs/a.py", "read_file")
    write_tool(tmp_path / "theirs/b.py", "theirs")
    registry = load_tools([ToolFolder(our_tools(), "built-in"), ToolFolder(path.parent, "project")])
    assert registry.entries["read_file"].layer == "built-in"
    assert registry.entries["theirs"].layer == "project"
    (problem,) = registry.problems
    assert str(problem) == (
        f"{path}: the tool 'read_file' would take the place of one that comes with Overseer; give it another name"
    )
    registry = load_tools([ToolFolder(our_tools(), "built-in"), ToolFolder(path.parent, "user")])
    assert registry.entries["read_file"].layer == "user"


def test_two_tools_of_one_name_in_one_folder_are_a_problem_and_the_first_stays(tmp_path: Path) -> None:
    write_tool(tmp_path / "a.py", "same", "'first'")
    write_tool(tmp_path / "b.py", "same", "'second'")
    registry = load_tools([ToolFolder(tmp_path, "given")])
    assert registry.tools["same"]() == "first"
    assert str(registry.problems[0]) == f"{tmp_path}/b.py: the tool 'same' is already defined in {tmp_path}/a.py"


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.py", "from overseer.tool import tool\nx = 1 +\n", "a.py:2: SyntaxError: invalid syntax"),
        ("a.py", "# overseer\n\nraise SystemExit(3)\n", "a.py:3: SystemExit: 3"),
        ("a.py", "import overseer\n1 / 0\n", "a.py:2: ZeroDivisionError"),
        ("a.yaml", "name: [\n", "a.yaml:1: this is not YAML"),
        ("a.yaml", "just text", "a.yaml:1: this is not a tool"),
        ("a.yaml", "description: x\n", "a tool is of one kind, and this one has no kind; give it one of: llm, command"),
        ("a.yaml", "workflow: nothing\ndescription: x\n", "workflow: there is no plan 'nothing'; looked at"),
        (
            "a.yaml",
            "descrption: x\nworkflow: {steps: []}\n",
            "a.yaml:1: unknown key 'descrption'; did you mean 'description'?",
        ),
        ("a.yaml", "tools:\n- 5\n", "a.yaml:2: this is not a tool"),
        ("a.yaml", "\xff", "is not UTF-8 text"),
    ],
)
def test_a_broken_file_is_reported_and_takes_no_other_down(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    write_tool(tmp_path / "good.py", "good")
    registry = load_tools([ToolFolder(tmp_path, "given")])
    assert list(registry.tools) == ["good"]
    assert complaint in "\n".join(map(str, registry.problems))


def test_files_of_a_project_that_say_nothing_of_us_are_not_carried_out(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("raise ValueError('was carried out')")
    (tmp_path / "ci.yaml").write_text("jobs: []")
    assert load_tools([ToolFolder(tmp_path, "project")]).problems == ()
    assert "was carried out" in str(load_tools([ToolFolder(tmp_path, "given")]).problems)


# --- hot reload


def test_changes_are_seen_and_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    counted = f"with open({str(tmp_path / 'reads')!r}, 'a') as reads:\n    reads.write('x')\n"
    write_tool(tmp_path / "tools/kept.py", "kept", extra=counted)
    changing = write_tool(tmp_path / "tools/changing.py", "before", "1")
    live = LiveRegistry(lambda: [ToolFolder(tmp_path / "tools", "user")])
    first = live.current()
    assert sorted(first.tools) == ["before", "kept"]
    assert live.current() is first
    write_tool(changing, "after", "2")
    assert sorted(live.current().tools) == ["after", "kept"]
    changing.unlink()
    assert sorted(live.current().tools) == ["kept"]
    write_tool(changing, "again", "3")
    assert sorted(live.current().tools) == ["again", "kept"]
    assert (tmp_path / "reads").read_text() == "x"


def test_a_change_of_the_same_length_within_the_same_second_is_seen(tmp_path: Path) -> None:
    path = write_tool(tmp_path / "a.py", "a", "1")
    live = LiveRegistry(lambda: [ToolFolder(tmp_path, "user")])
    assert live.current().tools["a"]() == 1
    write_tool(path, "a", "2")
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))
    assert live.current().tools["a"]() == 2


# --- trust


def test_a_project_s_tools_wait_for_trust(tmp_path: Path) -> None:
    folder = write_tool(tmp_path / "project/tools/a.py", "theirs").parent
    project = tmp_path / "project"
    assert project_tools(project) == folder
    assert [found.layer for found in tool_folders(project)] == ["built-in"]
    trust(folder)
    assert [found.layer for found in tool_folders(project)] == ["built-in", "project"]
    distrust(folder)
    assert [found.layer for found in tool_folders(project)] == ["built-in"]


@pytest.mark.parametrize("change", ["changed", "added", "removed", "renamed"])
def test_trust_ends_with_every_change_of_a_tool_file(tmp_path: Path, change: str) -> None:
    path = write_tool(tmp_path / "tools/a.py", "a", "1")
    write_tool(tmp_path / "tools/b.py", "b", "1")
    trust(path.parent)
    live = LiveRegistry(lambda: tool_folders(tmp_path))
    assert "a" in live.current().tools
    assert changed_since_trusted(tmp_path) == ""
    match change:
        case "changed":
            times = path.stat()
            write_tool(path, "a", "2")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        case "added":
            (path.parent / "c.yml").write_text("llm: {prompt: x}\ndescription: x\n")
        case "removed":
            path.unlink()
        case _:
            path.rename(path.with_name("c.py"))
    assert not {"a", "b", "c"} & set(live.current().tools)
    assert "which changed since they were trusted" in changed_since_trusted(tmp_path)
    assert changed_since_trusted(tmp_path).endswith("overseer tools --trust")
    trust(path.parent)
    assert "b" in live.current().tools


def test_trust_given_to_a_folder_whatever_it_held_is_asked_for_again(tmp_path: Path, own_home: Path) -> None:
    folder = write_tool(tmp_path / "tools/a.py", "a").parent
    own_home.mkdir()
    (own_home / "trusted-tools.json").write_text(json.dumps([str(folder)]))
    assert [found.layer for found in tool_folders(tmp_path)] == ["built-in"]
    assert changed_since_trusted(tmp_path)


def test_a_folder_that_is_gone_can_be_distrusted(tmp_path: Path, own_home: Path) -> None:
    path = write_tool(tmp_path / "tools/a.py", "a")
    trust(path.parent)
    path.unlink()
    path.parent.rmdir()
    assert distrust(path.parent)
    assert not distrust(path.parent)
    assert os.listdir(own_home) == ["trusted-tools.json"]


def test_a_write_that_is_cut_off_leaves_the_list_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_tool(tmp_path / "tools/a.py", "a").parent
    trust(folder)

    def fail(*_paths: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trusting.os, "replace", fail)
    with pytest.raises(UsageError, match=r"cannot write .*: No space left"):
        distrust(folder)
    assert [found.layer for found in tool_folders(tmp_path)] == ["built-in", "project"]


def test_a_tools_folder_without_tools_of_ours_is_none(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/build.py").write_text("print('compiles things')")
    (tmp_path / "tools/ci.yaml").write_text("jobs: []")
    assert project_tools(tmp_path) is None


def test_the_order_is_ours_the_project_s_the_user_s_and_what_was_given(tmp_path: Path) -> None:
    theirs = write_tool(tmp_path / "project/tools/a.py", "a").parent
    trust(theirs)
    user_tools().mkdir(parents=True)
    given = write_tool(tmp_path / "given/b.py", "b").parent
    folders = tool_folders(tmp_path / "project", [given])
    assert [found.layer for found in folders] == ["built-in", "project", "user", "given"]


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"tools folder .*nowhere does not exist or is not a folder"):
        tool_folders(tmp_path, [tmp_path / "nowhere"])


def test_a_damaged_list_of_trusted_folders_is_an_error_with_its_remedy(tmp_path: Path, own_home: Path) -> None:
    folder = write_tool(tmp_path / "project/tools/a.py", "a").parent
    trust(folder)
    (own_home / "trusted-tools.json").write_text("{")
    with pytest.raises(UsageError, match=r"the list of what is trusted.*; delete it to begin anew"):
        tool_folders(tmp_path / "project")
