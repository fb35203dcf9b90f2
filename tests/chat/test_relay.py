"""What a run that began early has done is told to whoever comes, and kept no longer than that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from overseer import Engine
from overseer.commands.following import Following
from overseer.commands.relay import Relay
from overseer.journal.journal import Journal
from overseer.kernel.events import CancelAsked, Event, SignalArrived, StepSucceeded
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


def begun(journal: Journal | None = None) -> tuple[Run, Relay]:
    run = Engine([once], journal=journal).prepare(PLAN)
    return run, Relay(run, journal)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as journal:
        yield journal


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


def test_what_is_in_the_journal_is_not_kept_in_memory_and_told_all_the_same(journal: Journal) -> None:
    run, relay = begun(journal)
    early, late = list[Event](), list[Event]()
    relay.watch(early.append)
    run.carry_out()
    assert relay._events == []
    relay.watch(late.append)
    assert early == late
    assert early


def test_whoever_comes_in_the_middle_hears_each_event_once_though_the_journal_knows_more(journal: Journal) -> None:
    run, relay = begun(journal)
    heard, late = list[Event](), list[Event]()

    def come(event: Event) -> None:
        heard.append(event)
        if isinstance(event, StepSucceeded) and not late:
            relay.watch(late.append)

    relay.watch(come)
    run.carry_out()
    assert late == heard


def test_a_run_without_a_journal_that_nobody_looks_at_is_stopped_before_memory_is_full() -> None:
    ticking = {"steps": [{"step_id": "o", "on": {"timer": "1ms"}, "steps": [{"step_id": "a", "tool": "once"}]}]}
    run = Engine([once]).prepare(ticking)
    relay = Relay(run, most=40)
    assert run.start().wait(10).status == "cancelled"
    late = list[Event]()
    relay.watch(late.append)
    assert any(isinstance(event, CancelAsked) and "nobody looked" in event.reason for event in late)
    assert len(late) < 40 + 20


def test_a_run_that_is_followed_goes_on_for_as_long_as_it_likes() -> None:
    ticking = {
        "steps": [{"step_id": "o", "on": {"timer": "1ms", "limit": 20}, "steps": [{"step_id": "a", "tool": "once"}]}]
    }
    run = Engine([once]).prepare(ticking)
    relay, heard = Relay(run, most=10), list[Event]()
    relay.watch(heard.append)
    relay.forget()
    assert run.start().wait(10).succeeded
    assert sum(isinstance(event, SignalArrived) for event in heard) == 20
