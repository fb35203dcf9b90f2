from __future__ import annotations

import threading
from pathlib import Path

import pytest

from overseer.errors import BrokenInvariant
from overseer.plan.values import FileChange, Hook, Timer
from overseer.sources import SourceError, Sources
from overseer.sources.ondemand import OnDemand
from overseer.sources.outlet import Busy, Outlet
from tests.leftovers import threads_since


def test_a_scope_is_opened_once(sources, inbox):
    sources.open("s", Timer(60), inbox.deliver, base=Path())
    with pytest.raises(BrokenInvariant, match="scope 's' is open already"):
        sources.open("s", Timer(60), inbox.deliver, base=Path())


def test_closing_what_is_not_open_is_fine(sources):
    sources.close("s")
    sources.close_all()


def test_a_scope_that_failed_to_open_can_be_opened_again(sources, inbox, tmp_path):
    with pytest.raises(SourceError):
        sources.open("s", FileChange("missing/file"), inbox.deliver, base=tmp_path)
    sources.close("s")
    sources.open("s", FileChange("file"), inbox.deliver, base=tmp_path)


def test_close_all_closes_every_kind(sources, inbox, tmp_path):
    before = threading.enumerate()
    sources.open("t", Timer(0.01), inbox.deliver, base=tmp_path)
    sources.open("f", FileChange("."), inbox.deliver, base=tmp_path)
    sources.open("h", Hook("/h"), inbox.deliver, base=tmp_path)
    inbox.next()
    sources.close_all()
    assert not threads_since(before)


def test_one_run_that_closes_leaves_the_other_alone(inbox, tmp_path):
    running = Sources()
    ended = running.for_another_run()
    for run in (ended, running):
        run.open("same-key", FileChange("a"), inbox.deliver, base=tmp_path)
    ended.close_all()
    (tmp_path / "a").write_text("x")
    assert inbox.next()["change"] == "created"
    running.close_all()
    assert inbox.is_empty()


def test_close_waits_for_a_delivery_under_way():
    inside, go_on = threading.Event(), threading.Event()
    log = []

    def deliver(payload):
        inside.set()
        assert go_on.wait(10)
        log.append(payload)

    outlet = Outlet("s", deliver)
    sender = threading.Thread(target=outlet.send, args=(1,))
    sender.start()
    assert inside.wait(10)
    closer = threading.Thread(target=lambda: (outlet.close(), log.append("closed")))
    closer.start()
    go_on.set()
    sender.join()
    closer.join()
    assert log == [1, "closed"]
    assert outlet.send(2) == "closed"
    assert log == [1, "closed"]


def test_an_outlet_says_what_became_of_a_payload():
    def refuse(payload):
        raise Busy("full")

    assert Outlet("s", lambda payload: None).send(1) == "accepted"
    assert Outlet("s", refuse).send(1) == "busy"


class Machine:
    made = 0

    def __init__(self):
        Machine.made += 1
        self.is_stopped = False

    def stop(self):
        assert not self.is_stopped
        self.is_stopped = True


def test_a_thing_on_demand_lives_from_its_first_user_to_its_last():
    shared = OnDemand(Machine)
    assert shared.current is None
    leave_first = shared.use(lambda machine: lambda: None)
    machine = shared.current
    leave_second = shared.use(lambda machine: lambda: None)
    leave_first()
    assert shared.current is machine
    assert not machine.is_stopped
    leave_second()
    assert shared.current is None
    assert machine.is_stopped


def test_a_first_user_who_fails_leaves_nothing_running():
    shared, made = OnDemand(Machine), []

    def fail(machine):
        made.append(machine)
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        shared.use(fail)
    assert made[0].is_stopped
    assert shared.current is None


def test_a_later_user_who_fails_disturbs_nobody():
    shared = OnDemand(Machine)
    leave = shared.use(lambda machine: lambda: None)
    machine = shared.current
    with pytest.raises(ZeroDivisionError):
        shared.use(lambda machine: 1 / 0)
    assert shared.current is machine
    assert not machine.is_stopped
    leave()
    assert machine.is_stopped
