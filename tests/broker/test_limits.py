"""Limits as callers meet them: threads that wait, give up, and are counted by somebody else."""

from __future__ import annotations

import http.client
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from overseer.broker.gauge import Gauge
from overseer.broker.limits import UNLIMITED, Limit, Limits, Multipliers, Share, Slot
from overseer.errors import BrokenInvariant
from overseer.tool import Cancellation, ToolError
from tests.broker.clock import FakeClock
from tests.fakes import Latch


class MustWait(Exception):
    """Raised instead of waiting."""


def go(limits: Limits | Share, *names: str, tokens: int = 0) -> Slot:
    """A slot that is open; MustWait, with the name and the time, if it would have to wait."""

    def refuse(name: str, due_in_s: float | None) -> None:
        raise MustWait(name, due_in_s)

    return limits.slot(names, tokens=tokens, on_wait=refuse).__enter__()


def done(slot: Slot) -> None:
    slot.__exit__(None, None, None)


def must_wait(limits: Limits | Share, *names: str, tokens: int = 0) -> tuple[str, float | None]:
    with pytest.raises(MustWait) as refusal:
        go(limits, *names, tokens=tokens)
    name, due_in_s = refusal.value.args
    return name, due_in_s


# --- without waiting


def test_a_name_without_a_limit_is_unlimited() -> None:
    limits = Limits()
    with ExitStack() as open_slots:
        for _ in range(100):
            slot = open_slots.enter_context(limits.slot(["tool:a", "tool:b"], tokens=10**9))
    assert (slot.waited.seconds, slot.waited_for) == (0.0, None)
    assert limits.in_force("tool:a") == UNLIMITED


def test_all_of_its_names_must_admit_a_call() -> None:
    limits = Limits({"a": Limit(concurrency=2), "b": Limit(concurrency=1)})
    first = go(limits, "a", "b")
    assert must_wait(limits, "a", "b") == ("b", None)
    second = go(limits, "a")
    assert must_wait(limits, "a")[0] == "a"
    done(first)
    done(second)
    done(go(limits, "a", "b"))


def test_a_name_given_twice_is_counted_once() -> None:
    limits = Limits({"a": Limit(concurrency=1)})
    done(go(limits, "a", "a"))


def test_who_must_wait_learns_how_long() -> None:
    clock = FakeClock()
    limits = Limits({"a": Limit(per_minute=1), "b": Limit(tokens_per_minute=100)}, clock)
    slot = go(limits, "a", "b", tokens=60)
    clock.advance(5)
    assert must_wait(limits, "a") == ("a", None)
    done(slot)
    clock.advance(20)
    assert must_wait(limits, "a") == ("a", 40.0)
    assert must_wait(limits, "b", tokens=41) == ("b", 40.0)
    done(go(limits, "b", tokens=40))
    clock.advance(40)
    done(go(limits, "a", "b", tokens=60))


def test_tokens_are_counted_as_they_were_used() -> None:
    clock = FakeClock()
    limits = Limits({"a": Limit(tokens_per_minute=100)}, clock)
    with limits.slot(["a"], tokens=90) as slot:
        assert must_wait(limits, "a", tokens=20) == ("a", None)
        slot.settle(tokens=30)
        done(go(limits, "a", tokens=20))
        slot.settle(tokens=80)
        assert must_wait(limits, "a", tokens=1) == ("a", 60.0)
        assert must_wait(limits, "a", tokens=21) == ("a", None)
    clock.advance(60)
    done(go(limits, "a", tokens=100))


def test_a_complaint_of_the_server_stops_everybody_for_a_while() -> None:
    clock = FakeClock()
    limits = Limits({"a": Limit(concurrency=8, per_minute=100)}, clock)
    with limits.slot(["a", "b"]) as slot:
        slot.throttled(7.0)
    assert must_wait(limits, "a") == ("a", 7.0)
    assert must_wait(limits, "b") == ("b", 7.0)
    assert limits.in_force("a") == Limit(concurrency=4, per_minute=50)
    assert limits.in_force("b") == Limit(concurrency=1)
    clock.advance(7.0)
    for _ in range(10):
        done(go(limits, "a", "b"))
    assert limits.in_force("b") == UNLIMITED


@pytest.mark.parametrize(
    ("said", "pause_s"), [(None, 1.0), (math.nan, 1.0), (-3.0, None), (0.0, None), (math.inf, 86_400.0)]
)
def test_whatever_a_server_says_of_the_time_is_bearable(said: float | None, pause_s: float | None) -> None:
    limits = Limits({}, FakeClock())
    with limits.slot(["a"]) as slot:
        slot.throttled(said)
    if pause_s is None:
        done(go(limits, "a"))
    else:
        assert must_wait(limits, "a") == ("a", pause_s)


def test_a_share_is_a_part_of_every_limit() -> None:
    clock = FakeClock()
    limits = Limits({"a": Limit(concurrency=9, per_minute=10, tokens_per_minute=1000, per_day=100)}, clock)
    share = limits.share(Multipliers(rpm=0.29, tpm=0.5, rpd=0.05))
    done(go(share, "a", tokens=500))
    assert must_wait(share, "a", tokens=1) == ("a", 60.0)
    done(go(limits, "a", tokens=500))
    clock.advance(60)
    for _ in range(2):
        done(go(share, "a"))
    assert must_wait(share, "a") == ("a", 60.0), "2 of 10 a minute"
    for _ in range(8):
        done(go(limits, "a"))
    assert must_wait(limits, "a") == ("a", 60.0), "what the share used is used"
    clock.advance(60)
    done(go(share, "a"))
    done(go(share, "a"))
    clock.advance(60)
    assert must_wait(share, "a") == ("a", 86_400 - 3 * 60.0), "5 of 100 a day"


def test_shares_beside_each_other_hold_a_call_both() -> None:
    limits = Limits({"a": Limit(per_minute=10, tokens_per_minute=100)}, FakeClock())
    requests, tokens = limits.share(Multipliers(rpm=0.5)), limits.share(Multipliers(tpm=0.2))
    both = requests.beside(tokens)
    for _ in range(2):
        done(go(both, "a", tokens=10))
    assert must_wait(both, "a", tokens=10) == ("a", 60.0)
    assert must_wait(tokens, "a", tokens=10) == ("a", 60.0), "what both used, each of them has used"
    for _ in range(3):
        done(go(requests, "a", tokens=10))
    assert must_wait(both, "a") == ("a", 60.0)
    done(go(tokens, "a"))


def test_a_multiplier_that_is_not_said_leaves_the_whole() -> None:
    limit = Limit(per_minute=10, tokens_per_minute=100, per_day=1000)
    assert Multipliers().of(limit) == limit
    assert Multipliers(tpm=0.5).of(limit) == Limit(per_minute=10, tokens_per_minute=50, per_day=1000)


@pytest.mark.parametrize("name", ["rpm", "tpm", "rpd"])
@pytest.mark.parametrize("value", [0, 1.5, -0.5, True, "half", math.nan])
def test_a_multiplier_is_a_part(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"the {name} multiplier is {value!r}; give a number above 0 and up to 1"):
        Multipliers(**{name: value})


def test_mistakes_of_the_caller_are_not_passed_over() -> None:
    limits = Limits()
    with pytest.raises(BrokenInvariant, match="must be a list"):
        limits.slot("tool:a")
    with pytest.raises(BrokenInvariant, match="cannot take -1 tokens"):
        limits.slot(["a"], tokens=-1)
    slot = limits.slot(["a"])
    with pytest.raises(BrokenInvariant, match="open for"):
        slot.settle(tokens=1)
    with slot, pytest.raises(BrokenInvariant, match="one call at a time"):
        slot.__enter__()
    with pytest.raises(BrokenInvariant, match="open for"):
        slot.throttled()


# --- with threads


def test_waiting_ends_when_a_call_does() -> None:
    limits = Limits({"a": Limit(concurrency=1)})
    latch, seen = Latch(), []

    def second() -> Slot:
        with limits.slot(["a"], on_wait=lambda name, due_in_s: latch.wait()) as slot:
            seen.append("second")
            return slot

    with ThreadPoolExecutor(1) as pool:
        with limits.slot(["a"]):
            future = pool.submit(second)
            latch.wait_until_reached()
            latch.open()
            assert limits.waiting == 1
            seen.append("first")
        slot = future.result(10)
    assert seen == ["first", "second"]
    assert slot.waited_for == "a"
    assert slot.waited.seconds > 0


def test_waiting_ends_when_the_window_opens() -> None:
    limits = Limits({"a": Limit(per_minute=1, window_s=0.05)})
    began = time.monotonic()
    for _ in range(4):
        with limits.slot(["a"]) as slot:
            pass
    assert time.monotonic() - began >= 0.15
    assert slot.waited_for == "a"


def test_giving_up_leaves_no_trace_and_lets_others_go() -> None:
    limits = Limits({"a": Limit(tokens_per_minute=10)})
    cancellation, latch = Cancellation(), Latch()

    def ask(tokens: int, cancellation: Cancellation | None) -> bool:
        with limits.slot(["a"], tokens=tokens, cancellation=cancellation, on_wait=lambda name, due_in_s: latch.wait()):
            return True

    with ThreadPoolExecutor(2) as pool, limits.slot(["a"], tokens=5):
        large = pool.submit(ask, 10, cancellation)
        latch.wait_until_reached()
        small = pool.submit(ask, 5, None)
        latch.wait_until_reached()
        latch.open()
        cancellation.ask()
        with pytest.raises(ToolError, match="was given up while it waited for a") as refusal:
            large.result(10)
        assert refusal.value.kind == "cancelled"
        assert small.result(10)
    assert limits.waiting == 0


def test_who_was_given_up_before_does_not_start() -> None:
    limits, cancellation = Limits(), Cancellation()
    cancellation.ask()
    with pytest.raises(ToolError, match="was given up"), limits.slot(["a"], cancellation=cancellation):
        pass


def test_being_told_of_the_waiting_may_fail_without_a_trace() -> None:
    limits = Limits({"a": Limit(concurrency=1)})
    with limits.slot(["a"]):
        must_wait(limits, "a")
        assert limits.waiting == 0
    done(go(limits, "a"))


def test_of_those_who_wait_the_critical_path_goes_first() -> None:
    limits = Limits({"a": Limit(concurrency=1)})
    latch, order = Latch(), []

    def ask(rank: tuple[int, ...]) -> None:
        with limits.slot(["a"], rank=rank, on_wait=lambda name, due_in_s: latch.wait()):
            order.append(rank)

    ranks = [(2,), (0,), (1,), (0,), (2,)]
    with ThreadPoolExecutor(len(ranks)) as pool, limits.slot(["a"]):
        for rank in ranks:
            pool.submit(ask, rank)
            latch.wait_until_reached()
        latch.open()
    assert order == sorted(ranks)


def test_one_that_is_busy_with_the_news_of_its_waiting_keeps_nobody_asleep() -> None:
    limits = Limits({"a": Limit(per_minute=1, window_s=0.02)})
    latch = Latch()

    def ask_busily() -> None:
        with limits.slot(["a"], rank=(1,), on_wait=lambda name, due_in_s: latch.wait()):
            pass

    with limits.slot(["a"]):
        pass
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(ask_busily)
        latch.wait_until_reached()
        with limits.slot(["a"], rank=(0,)):
            assert not busy.done()
        latch.open()
        busy.result(10)


def test_nobody_is_forgotten_when_everything_happens_at_once() -> None:
    limits = Limits(
        {
            "a": Limit(concurrency=3, per_minute=20, window_s=0.02),
            "b": Limit(tokens_per_minute=100, window_s=0.03),
            "c": Limit(concurrency=1),
        }
    )
    outcomes: list[str] = []

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(20):
            names = chance.sample("abcd", chance.randint(1, 3))
            cancellation = Cancellation()
            giving_up = threading.Timer(chance.random() / 50, cancellation.ask)
            giving_up.start()
            try:
                with limits.slot(
                    names, tokens=chance.randint(0, 60), rank=(chance.randint(0, 2),), cancellation=cancellation
                ) as slot:
                    if chance.random() < 0.1:
                        slot.throttled(0.005)
                    slot.settle(tokens=chance.randint(0, 60))
                outcomes.append("done")
            except ToolError:
                outcomes.append("given up")
            giving_up.cancel()
            giving_up.join()

    with ThreadPoolExecutor(16) as pool:
        for future in [pool.submit(ask, seed) for seed in range(16)]:
            future.result(60)
    assert set(outcomes) == {"done", "given up"}
    assert len(outcomes) == 16 * 20
    assert limits.waiting == 0


def test_a_fan_out_of_792_never_exceeds_a_cap_of_8() -> None:
    limits = Limits({"provider:openai": Limit(concurrency=8)})
    lock, inside, most = threading.Lock(), 0, 0

    def ask(number: int) -> None:
        nonlocal inside, most
        with limits.slot(["provider:openai", f"tool:{number % 5}"], tokens=10) as slot:
            with lock:
                inside += 1
                most = max(most, inside)
            slot.settle(tokens=number)
            time.sleep(0.0005)
            with lock:
                inside -= 1

    with small_stacks(), ThreadPoolExecutor(792) as pool:
        list(pool.map(ask, range(792)))
    assert most == 8
    assert limits.waiting == 0


def test_thousands_who_wait_are_not_looked_at_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the time is measured but the work: how often anybody asks a gauge whether it admits a call."""
    limits = Limits({"a": Limit(per_minute=10**6, concurrency=4), "b": Limit(concurrency=3)})
    questions = 0
    opens_at = Gauge.opens_at

    def counted(*args: Any) -> float:
        nonlocal questions
        questions += 1
        return opens_at(*args)

    monkeypatch.setattr(Gauge, "opens_at", counted)
    callers = 2000
    left = threading.Semaphore(0)

    def ask(number: int) -> None:
        with limits.slot(["a", "b"] if number % 2 else ["a"], tokens=1):
            left.release()

    with small_stacks(), ExitStack() as held:
        for _ in range(4):
            held.enter_context(limits.slot(["a"]))
        # Daemons, because `join` looks through all threads that are none.
        threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(callers)]
        for thread in threads:
            thread.start()
        held.close()
        for thread in threads:
            thread.join(60)
    assert all(left.acquire(blocking=False) for _ in range(callers))
    assert questions < 20 * callers


@contextmanager
def small_stacks() -> Iterator[None]:
    """Thousands of threads at once can have little each."""
    size = threading.stack_size(256 * 1024)
    try:
        yield
    finally:
        threading.stack_size(size)


# --- a server that counts


class Server:
    """Admits so many arrivals in any stretch of `window_s`, and refuses the rest with 429."""

    def __init__(self, allowed: int, window_s: float) -> None:
        self.allowed = allowed
        self.window_s = window_s
        self.arrivals: list[float] = []
        self.refused = 0
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(200 if server.admits() else 429)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        class Listener(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = False

        self._listener = Listener(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,))

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()

    def admits(self) -> bool:
        with self._lock:
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - self.window_s:
                self._recent.popleft()
            self.arrivals.append(now)
            if len(self._recent) >= self.allowed:
                self.refused += 1
                return False
            self._recent.append(now)
            return True

    @property
    def used(self) -> float:
        """Which part of what was allowed between the first and the last arrival was made use of."""
        span_s = max(self.arrivals) - min(self.arrivals)
        return len(self.arrivals) / (self.allowed * (span_s / self.window_s + 1))

    def ask_from(self, threads: int, calls: int, ask: Callable[[http.client.HTTPConnection], None]) -> None:
        """So many calls from so many threads, each of which keeps its connection."""
        numbers = iter(range(calls))
        lock = threading.Lock()

        def work() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self._listener.server_port, timeout=30)
            try:
                connection.connect()
                while True:
                    with lock:
                        if next(numbers, None) is None:
                            return
                    ask(connection)
            finally:
                connection.close()

        with ThreadPoolExecutor(threads) as pool:
            for future in [pool.submit(work) for _ in range(threads)]:
                future.result(60)


def status_of(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_strict_server_never_refuses_and_is_kept_busy() -> None:
    best = 0.0
    for _ in range(3):  # other work on the machine may spoil how busy the server is, never that it refuses
        limits = Limits({"provider:local": Limit(per_minute=40, window_s=1.0)})

        def ask(connection: http.client.HTTPConnection, limits: Limits = limits) -> None:
            with limits.slot(["provider:local", "model:local/m"]):
                assert status_of(connection) == 200

        with Server(40, 1.0) as server:
            server.ask_from(64, 200, ask)
        assert (server.refused, len(server.arrivals)) == (0, 200)
        best = max(best, server.used)
        if best >= 0.9:
            break
    assert best >= 0.9


def test_a_server_that_allows_less_than_was_configured_is_still_served_in_the_end() -> None:
    limits = Limits({"provider:local": Limit(per_minute=1000, window_s=0.2)})

    def ask(connection: http.client.HTTPConnection) -> None:
        while True:
            with limits.slot(["provider:local"]) as slot:
                if status_of(connection) == 200:
                    return
                slot.throttled(0.2)

    with Server(10, 0.2) as server:
        server.ask_from(16, 60, ask)
    assert len(server.arrivals) - server.refused == 60
    assert limits.waiting == 0
