"""The code of one request's plans: one sandbox for all of them, and nothing written twice while they change."""

from __future__ import annotations

import threading
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest

from overseer import Engine, codework
from overseer.broker.broker import Broker
from overseer.codework import CodeWork, coding_for
from overseer.errors import PlanError
from overseer.frontends.programs import Task
from overseer.frontends.shelf import Shelf
from overseer.home import programs_folder
from overseer.models import ModelRoles, ScriptedModel
from overseer.plan import plan_from
from overseer.plan.values import WorkflowPlan
from overseer.settings.config import Settings, load_settings

REPLY = "```python\ndef main(input):\n    return 7\n```"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("OVERSEER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return load_settings()


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel([{"role": "coder", "text": REPLY}])


def plan(*tasks: str) -> WorkflowPlan:
    steps: list[dict[str, Any]] = [{"step_id": f"s{n}", "code": task} for n, task in enumerate(tasks)]
    return plan_from({"steps": steps or [{"step_id": "t", "tool": "x"}]}).plan


def test_a_plan_that_changes_keeps_its_sandbox_and_what_was_written(settings: Settings, model: ScriptedModel) -> None:
    broker = Broker(models=ModelRoles.of(model))
    engine = Engine(broker=broker)
    with CodeWork(settings, broker, {}, ahead=engine.door(held_as="this request"), keeps=False) as work:
        first = work.coding_for(plan("one"))
        assert first is not None
        assert first.prewriting is not None
        wait([draft.future for draft in first.prewriting._drafts.values()])
        changed = plan("one", "two")
        second = work.coding_for(changed)
        assert second is first
        wait([draft.future for draft in first.prewriting._drafts.values()])
        result = Engine(broker=broker, coding=second).run(changed)
        assert result.output == {"s0": 7, "s1": 7}
        assert [question.prompt.split("\n")[0] for question in model.questions] == ["The task: one", "The task: two"]
        assert work.coding_for(plan()) is None
        assert first.prewriting._drafts == {}
    assert not any("prewriting" in thread.name for thread in threading.enumerate())
    assert not programs_folder().exists()


def test_without_code_no_sandbox_is_started(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codework, "make_sandbox", None)
    with CodeWork(settings, Broker(), {}) as work:
        assert work.coding_for(plan()) is None
        work.drop()


def test_where_nobody_writes_only_what_is_kept_can_run(settings: Settings) -> None:
    with (
        pytest.raises(PlanError, match="needs code to be written") as refused,
        coding_for(plan("a"), settings, Broker(), {}),
    ):
        pass
    assert [fault.step_id for fault in refused.value.faults] == ["s0"]
    Shelf(programs_folder()).keep(Task("a", {}, {}), "def main(input):\n    return 3\n")
    with coding_for(plan("a"), settings, Broker(), {}) as coding:
        assert Engine(coding=coding).run(plan("a")).output == 3
    with pytest.raises(PlanError), coding_for(plan("a"), settings, Broker(), {}, keeps=False):
        pass


def test_without_a_door_nothing_is_asked_before_a_step_starts(settings: Settings, model: ScriptedModel) -> None:
    broker = Broker(models=ModelRoles.of(model))
    with coding_for(plan("one"), settings, broker, {}) as coding:
        assert coding is not None
        assert (coding.prewriting, model.questions) == (None, [])
        assert Engine(broker=broker, coding=coding).run(plan("one")).output == 7
    assert len(Shelf(programs_folder()).kept()) == 1
