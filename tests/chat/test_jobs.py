"""Runs in the background, without a terminal: what they say, what their tools print, and for whom they wait."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from overseer import Engine, console
from overseer.broker.writers import InTheWay
from overseer.chat.commands import all_commands
from overseer.chat.handled import Handled
from overseer.chat.jobs import Job, Jobs
from overseer.chat.performance import Performed
from overseer.chat.person import Person
from overseer.errors import UsageError
from overseer.frontends.answering import Answer
from overseer.journal.journal import Journal
from overseer.models import ScriptedModel
from overseer.reports.report import Report
from overseer.review import Proposal
from overseer.running.engine import Run
from overseer.running.run import RunResult
from overseer.tool import Question, Reply, ToolError, tool
from tests.chat.people import plan
from tests.chat.person import Somebody, talk_with
from tests.fakes import Latch

PATIENCE_S = 10.0

Terminals = Callable[[], io.StringIO]


@pytest.fixture
def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], io.StringIO]:
    """Makes the streams what a chat makes them, to be looked at."""

    def open_terminal() -> io.StringIO:
        written = io.StringIO()
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, written)
        console.make_redirectable()
        return written

    return open_terminal


class Background:
    """Jobs of a chat that says nothing but what it is told of them."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.latch = Latch()
        self._news = threading.Condition()
        self.jobs = Jobs(self._tell, lambda handled: None)
        self.engine = Engine([tool(effect="write", writes=["file:{path}"])(self.keep), tool(self.chatter)])

    def keep(self, path: str) -> str:
        """Write a file, once it is let."""
        self.latch.wait()
        return path

    def chatter(self, lines: int = 2) -> int:
        """Print."""
        for number in range(lines):
            print("line", number)
        print("and no end", end="")
        sys.stderr.write("on the other stream\n")
        return lines

    def begin(self, tool_name: str, **args: Any) -> Job:
        plan = {"steps": [{"step_id": "only", "description": "Do it", "tool": tool_name, "args": args}]}
        run = self.engine.prepare(plan)
        self.jobs.take_over("do it", run, lambda person: _followed(run, person))
        job = self.jobs.get(len(self.jobs.all()))
        assert job is not None
        return job

    def wait_until_told(self, begins: str) -> str:
        with self._news:
            assert self._news.wait_for(lambda: any(line.startswith(begins) for line in self.told), PATIENCE_S), (
                self.told
            )
        return next(line for line in self.told if line.startswith(begins))

    def _tell(self, line: str) -> None:
        with self._news:
            self.told.append(line)
            self._news.notify_all()


def _followed(run: Run, person: Person) -> Handled:
    report = Report(run.plan)
    result: RunResult = person.follow(run, report, run.plan)
    return Handled("do it", performed=Performed(run, report, result, Answer("", "rules")))


@pytest.fixture
def background() -> Background:
    return Background()


def test_what_a_tool_prints_in_a_job_is_kept_with_its_lines(background: Background, open_terminal: Terminals) -> None:
    terminal = open_terminal()
    job = background.begin("chatter")
    background.wait_until_told("job 1 succeeded")
    assert list(job.lines)[:2] == ["Executing: Do it", "line 0"]
    assert "line 1" in job.lines
    assert "and no endon the other stream" in job.lines
    assert terminal.getvalue() == ""
    print("ours")
    assert terminal.getvalue() == "ours\n"


def test_of_endless_prints_the_last_lines_are_kept(background: Background, open_terminal: Terminals) -> None:
    open_terminal()
    job = background.begin("chatter", lines=5000)
    background.wait_until_told("job 1 succeeded")
    assert len(job.lines) == 1000
    assert len(job.lines) + job.left_out == 5003
    assert "line 4999" in job.lines


def test_a_jobs_prints_are_not_in_the_view_of_another_run(background: Background, open_terminal: Terminals) -> None:
    open_terminal()
    seen: list[str] = []
    with console.diverted(seen.append):
        job = background.begin("chatter")
        background.wait_until_told("job 1 succeeded")
    assert "line 0" in job.lines
    assert seen == []


def test_a_job_that_writes_what_another_does_waits_for_it_and_says_so(background: Background) -> None:
    background.begin("keep", path="report.md")
    background.latch.wait_until_reached()
    second = background.begin("keep", path="report.md")
    line = background.wait_until_told("job 2 waits")
    assert line == "job 2 waits for job 1, which writes report.md too (/jobs cancel 2)"
    assert second.waits_for == "job 1, which writes report.md too"
    assert "waiting for job 1, which writes report.md too: Do it" in second.lines
    background.latch.open()
    background.wait_until_told("job 2 succeeded")
    assert not second.waits_for


def test_a_job_that_waits_is_cancelled_at_once(background: Background) -> None:
    background.begin("keep", path="report.md")
    background.latch.wait_until_reached()
    second = background.begin("keep", path="report.md")
    background.wait_until_told("job 2 waits")
    second.cancel(hard=False, reason="cancelled with /jobs")
    background.wait_until_told("job 2 cancelled")
    assert not second.waits_for
    background.latch.open()
    background.wait_until_told("job 1 succeeded")


@pytest.mark.parametrize(
    ("typed", "behind"), [("slow.yaml & x", "x"), ("slow.yaml & &", "&"), ("& a.yaml n=1", "a.yaml n=1")]
)
def test_what_stands_behind_the_sign_of_the_background_is_named(tmp_path: Path, typed: str, behind: str) -> None:
    chat = cast(Any, SimpleNamespace(bench=SimpleNamespace(folder=tmp_path)))  # nothing is begun
    with pytest.raises(UsageError, match=f"& comes last, .* here '{behind}' stands behind it"):
        all_commands()["run"].act(chat, typed)


def test_a_job_whose_plan_is_mended_goes_on_and_keeps_what_it_writes_from_others(tmp_path: Path) -> None:
    """While the other plan is made, the run is not under way, and still nobody gets at what it writes."""
    background = Background()
    held: list[InTheWay | None] = []

    @tool
    def breaks() -> None:
        """Fail."""
        raise ToolError("it broke")

    @tool(effect="write", writes=["file:{path}"])
    def writes(path: str) -> str:
        """Write a file."""
        return path

    class Looking(ScriptedModel):
        def ask(self, question: Question, **more: Any) -> Reply:
            if not self.questions:  # for another plan
                writers = talk.bench.broker.writers
                with writers.present("another"):
                    held.append(writers.ahead("another", [f"file:{tmp_path}/a"], lambda: None))
            return super().ask(question, **more)

    keep = {"step_id": "keep", "tool": "writes", "args": {"path": "a"}}
    first = plan(keep, {"step_id": "then", "tool": "breaks", "depends_on": ["keep"]})
    model = Looking([json.dumps({"steps": [keep]}), "Done."])
    with Journal.open(tmp_path / "journal.db") as journal:
        talk = talk_with(
            Somebody(), model, breaks, writes, folder=tmp_path, journal=journal, settings=["chat.review=never"]
        )
        talk.take_over = background.jobs.take_over
        talk.propose(Proposal(first, "file", {}), "write it, and break", in_background=True)
        background.wait_until_told("job 1 ")
        assert background.jobs.wait(PATIENCE_S)
        (job,) = background.jobs.all()
        assert [summary.status for summary in journal.runs()] == ["succeeded"]
    assert held == [InTheWay("job 1", f"file:{tmp_path}/a")]
    assert "going on where the run was" in job.lines
    assert job.answer
