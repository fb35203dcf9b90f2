"""A request, a failure, a mended plan, a kill and the answer: real processes, a real journal, a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from overseer import Journal
from overseer.chat.outcomes import outcome_of
from overseer.frontends.answering import Answerer
from overseer.jsonvalue import Json
from overseer.kernel.events import PlanChanged, QuestionAsked, RunResumed
from overseer.plan import plan_from
from overseer.reports.report import Report
from overseer.tool import Cancellation, ToolContext
from tests.data.replan_child import REQUEST, make_engine
from tests.servers.model_server import Answer, ModelServer

ROOT = Path(__file__).parents[2]
CHILD = ROOT / "tests" / "data" / "replan_child.py"

CATS = {"step_id": "cats", "description": "Count the cats", "tool": "count", "args": {"name": "cats"}}
DOGS = {"step_id": "dogs", "description": "Count the dogs", "tool": "broken", "args": {"name": "dogs"}}
SUM = {"step_id": "sum", "description": "Double the dogs", "tool": "risky", "args": {"number": "{{dogs}}"}}
DOGS = {**DOGS, "depends_on": ["cats"]}
SUM = {**SUM, "depends_on": ["dogs"]}
MENDED = {**DOGS, "tool": "count"}


def answers(*said: Json) -> list[Answer]:
    return [Answer(each if isinstance(each, str) else json.dumps(each), tokens=(100, 20)) for each in said]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_mended_run_that_is_killed_goes_on_to_the_answer_and_repeats_nothing(tmp_path: Path) -> None:
    journal, effects = tmp_path / "journal.db", tmp_path / "effects"
    said = answers({"steps": [CATS, DOGS, SUM]}, {"steps": [MENDED, SUM]}, "There are 4 cats, and twice 4 dogs are 8.")
    with ModelServer(said) as server:
        killed = subprocess.run(
            [sys.executable, str(CHILD), str(journal), str(effects), server.openai_url],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
        assert effects.read_text().splitlines() == ["count cats", "broken dogs", "count dogs", "risky"]
        with Journal.open(journal) as opened:
            (run,) = opened.runs()
            assert run.status == "interrupted"
            engine = make_engine(opened, effects, server.openai_url, lambda: None)
            resumed = engine.prepare_resume(run.run_id)
            assert resumed.carry_out().output == 8
            assert effects.read_text().splitlines() == ["count cats", "broken dogs", "count dogs", "risky", "risky"]
            events = list(opened.events(run.run_id))
            report = Report(plan_from(opened.run(run.run_id).plan).plan, events, run_id=run.run_id)
            heard: list[str] = []
            ask = partial(engine.door().ask, context=ToolContext("", "answer", 1, Cancellation()))
            answer = Answerer(ask, engine.tools).answer(REQUEST, outcome_of(report, engine.tools), on_text=heard.append)
        patching, answering = server.questions()[1:]
    assert "".join(heard) == answer.text == "There are 4 cats, and twice 4 dogs are 8."
    assert [type(event) for event in events if isinstance(event, RunResumed | PlanChanged)] == [
        RunResumed,
        PlanChanged,
        RunResumed,
    ]
    (asked,) = (event for event in events if isinstance(event, QuestionAsked))
    assert asked.spent == report.spent == {"requests": 1, "tokens": 120, "answered": 20, "unpriced": 1}
    assert "this way to count is out of order" in patching["messages"][1]["content"]
    assert (
        '"step":"sum","title":"Double the dogs","status":"succeeded","value":8' in answering["messages"][1]["content"]
    )
