"""Saving a plan under review: as a workflow of one's own or as a file, and never half of it or over another."""

from __future__ import annotations

from pathlib import Path

import pytest

from overseer.chat.saving import saver
from overseer.errors import PlanError, UsageError
from overseer.jsonvalue import Json
from overseer.plan import input_values, load_plan
from overseer.plan.values import Once, Scope, WorkflowPlan, WorkflowStep
from overseer.review import Proposal
from tests.chat.people import TOOLS, plan, step

ABOUT = "the result of step 'joke' of \"tell a joke\""
PLAN = plan(step("a"), step("b", "keep", "a"))


def test_a_bare_name_is_a_workflow_and_a_path_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save = saver(tmp_path / "home" / "workflows")
    for name, path in (("mine", "home/workflows/mine.yaml"), ("x.yaml", "x.yaml"), ("sub/日本", "sub/日本")):
        assert save(Proposal(PLAN, "rules"), name)[0].startswith("saved as ")
        assert load_plan(tmp_path / path, tools=TOOLS).plan == PLAN


def test_a_workflow_from_a_file_is_saved_along(tmp_path: Path) -> None:
    scope = WorkflowStep("a", Scope(Once(), plan(step("x")), workflow="gone.yaml"))
    saver(tmp_path)(Proposal(WorkflowPlan((scope,)), "rules"), "mine")
    assert load_plan(tmp_path / "mine.yaml", tools=TOOLS).plan.steps == (scope,)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("kept")
    with pytest.raises(UsageError, match="is there already; save the plan under another name"):
        saver(tmp_path)(Proposal(PLAN, "rules"), "mine")
    assert (tmp_path / "mine.yaml").read_text() == "kept"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "/proc/nope/x", "/", "blocked/x", "", "..", "sub/"])
def test_a_place_where_nothing_can_be_saved_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(UsageError, match=r"cannot save the plan as|is there already"):
        saver(tmp_path)(Proposal(PLAN, "rules"), name)


def test_a_secret_is_not_written_to_a_file(tmp_path: Path) -> None:
    save = saver(tmp_path, lambda text: "THE_KEY" if "hidden" in text else None)
    with pytest.raises(UsageError, match="it holds THE_KEY"):
        save(Proposal(plan({"step_id": "a", "tool": "think", "args": {"x": "hidden"}}), "rules"), "mine")
    assert list(tmp_path.iterdir()) == []


# --- plans that read what was there before


def built_upon(value: Json) -> Proposal:
    """A plan that reads an earlier result, as it is made for a follow-up."""
    reads = {"step_id": "a", "tool": "think", "args": {"x": "{{inputs.joke}}"}}
    origins = {"joke": ABOUT}
    return Proposal(plan(reads, inputs={"joke": "any"}), "rules", {"joke": value}, origins=origins)


@pytest.mark.parametrize("value", ["Ha", {"lines": [1, 2]}, None])
def test_a_small_earlier_result_is_saved_along_and_can_be_another(tmp_path: Path, value: Json) -> None:
    said = saver(tmp_path)(built_upon(value), "mine")
    assert said[1:] == [f"its input 'joke' is {ABOUT}, unless another is given: joke=…"]
    saved = load_plan(tmp_path / "mine.yaml", tools=TOOLS).plan
    assert saved.inputs["joke"].description == ABOUT
    assert input_values(saved, {}) == {"joke": value}
    assert input_values(saved, {"joke": "Ho"}) == {"joke": "Ho"}


def test_a_long_earlier_result_has_to_be_given_and_is_described(tmp_path: Path) -> None:
    said = saver(tmp_path)(built_upon("Ha" * 5000), "mine")
    too_long = "which is too long to be saved with it (10,002 letters)"
    assert said[1:] == [f"its input 'joke' has to be given: joke=…; here it was {ABOUT}, {too_long}"]
    saved = load_plan(tmp_path / "mine.yaml", tools=TOOLS).plan
    with pytest.raises(PlanError, match=f"'joke' is missing; it takes .*: {ABOUT}"):
        input_values(saved, {})


def test_an_earlier_result_that_holds_a_secret_stays_out_of_the_file(tmp_path: Path) -> None:
    said = saver(tmp_path, lambda text: "THE_KEY" if "hidden" in text else None)(built_upon("hidden"), "mine")
    assert said[1].endswith(f"here it was {ABOUT}, which holds a secret")
    assert "hidden" not in (tmp_path / "mine.yaml").read_text()
