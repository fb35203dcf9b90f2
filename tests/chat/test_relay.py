"""What a run that began early has done is told to whoever comes, and kept no longer than that."""

from __future__ import annotations

from overseer import Engine
from overseer.commands.following import Following
from overseer.commands.relay import Relay
from overseer.kernel.events import Event
from overseer.reports.report import Report
from overseer.running.run import Run
from overseer.terminal.screen import Screen
from overseer.terminal.style import Palette
from overseer.tool import tool

PLAN = {"steps": [{"step_id": "a", "tool": "once"}, {"step_id": "b", "tool": "once", "depends_on": ["a"]}]}


@tool
def once() -> int:
    """Give 1."""
    return 1


def begun() -> tuple[Run, Relay]:
    run = Engine([once]).prepare(PLAN)
    return run, Relay(run)


def test_whoever_comes_late_hears_everything_in_order() -> None:
    run, relay = begun()
    early, late = list[Event](), list[Event]()
    relay.watch(early.append)
    run.carry_out()
    relay.watch(late.append)
    assert early == late
    assert early


def test_nothing_is_kept_of_a_run_that_is_followed() -> None:
    run, relay = begun()
    report = Report(run.plan, keeps_rounds=False)
    run.start()
    following = Following(run, report, Screen(), Palette(has_colour=False), is_quiet=True)
    assert following.join(relay, run.plan).status == "succeeded"
    assert report.status == "succeeded"
    late = list[Event]()
    relay.watch(late.append)
    assert late == []
