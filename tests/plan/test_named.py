"""Which plan file is meant by what somebody types: a path, or the name of a workflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from overseer.errors import PlanNotFound
from overseer.plan.files import find_plan, plan_file


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    for name in ("here/own.yaml", "here/both.yaml", "here/folder/x", "saved/both.yaml", "saved/my own.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return {"folder": tmp_path / "here", "workflows": tmp_path / "saved"}


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("own.yaml", "here/own.yaml"),
        ("./own.yaml", "here/own.yaml"),
        ("own", "here/own.yaml"),
        ("both", "here/both.yaml"),  # what is here goes before what is saved
        ("my own", "saved/my own.json"),
        ("folder", "here/folder"),  # of which reading says that it is one
        ("../saved/both.yaml", "saved/both.yaml"),
    ],
)
def test_a_path_or_a_name_means_a_file(folders: dict[str, Path], named: str, meant: str) -> None:
    found = find_plan(named, **folders)
    assert found is not None
    assert found.resolve() == folders["folder"].parent / meant


@pytest.mark.parametrize("named", ["nothing", "own.json", "x" * 5000, "a\0b", "~nobody-of-that-name/x", "日本"])
def test_what_means_none_is_told_with_what_there_is(folders: dict[str, Path], named: str) -> None:
    assert find_plan(named, **folders) is None
    with pytest.raises(PlanNotFound, match="there is neither a plan file nor a saved workflow"):
        plan_file(named, **folders)


def test_the_nearest_name_is_told(folders: dict[str, Path]) -> None:
    with pytest.raises(PlanNotFound, match="'my won'; did you mean 'my own'"):
        plan_file("my won", **folders)
