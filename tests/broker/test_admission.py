"""Who may start next, against a model that counts everything anew at every question."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hypothesis import example, given, settings

from overseer.broker.admission import Admission, Call, Waiter
from overseer.broker.gauge import Gauge, Limit
from tests.choices import Choices, chosen

WINDOW_S = 10.0


@dataclass(eq=False)
class Asked:
    """One call of the test: what it wants, and what became of it."""

    number: int
    names: tuple[str, ...]
    tokens: int
    rank: tuple[int, ...]
    call: Call
    waiter: Waiter | None = None
    started_at: float | None = None
    ended_at: float | None = None
    is_withdrawn: bool = False

    @property
    def order(self) -> tuple[tuple[int, ...], int]:
        return (self.rank, self.number)

    @property
    def is_waiting(self) -> bool:
        return self.started_at is None and not self.is_withdrawn

    @property
    def is_running(self) -> bool:
        return self.started_at is not None and self.ended_at is None


@dataclass
class Model:
    """An admission, and everything that ever went through it."""

    limits: dict[str, Limit]
    now: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    paused_until: dict[str, float] = field(default_factory=dict)
    forgotten: set[tuple[str, str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.gauges = {name: Gauge(name, limit) for name, limit in self.limits.items()}
        self.admission = Admission()

    # --- what happens

    def ask(self, *names: str, tokens: int = 0, rank: tuple[int, ...] = ()) -> Asked:
        call = Call(tuple(self.gauges[name] for name in names), tokens)
        asked = Asked(len(self.asked), names, tokens, rank, call)
        self.asked.append(asked)
        if self.admission.try_start(call, self.now):
            self.start(asked)
        else:
            asked.waiter = self.admission.park(call, rank=rank, wake=lambda: self.start(asked), now=self.now)
        self.check()
        return asked

    def end(self, asked: Asked, *, went_well: bool = True) -> None:
        asked.ended_at = self.now
        for gauge in asked.call.gauges:
            gauge.end(asked.tokens, self.now, began_at=asked.call.began_at, went_well=went_well)
        self.admit()

    def settle(self, asked: Asked, tokens: int) -> None:
        for gauge in asked.call.gauges:
            gauge.correct(tokens - asked.tokens)
        asked.tokens = asked.call.tokens = tokens
        self.admit()

    def withdraw(self, asked: Asked) -> None:
        asked.is_withdrawn = True
        assert asked.waiter is not None
        self.admission.withdraw(asked.waiter, self.now)
        self.check()

    def throttle(self, asked: Asked, wait_s: float) -> None:
        for name in asked.names:
            self.gauges[name].throttle(wait_s, self.now, began_at=asked.call.began_at)
            self.paused_until[name] = max(self.paused_until.get(name, 0.0), self.now + wait_s)
        self.admission.regroup()
        self.admit()

    def limit(self, name: str, limit: Limit) -> None:
        """A limit that was not there before knows what is under way, but not what had ended."""
        for window in ("per_minute", "tokens_per_minute"):
            if getattr(self.limits[name], window) is None:
                self.forgotten |= {(name, window, asked.number) for asked in self.asked if asked.ended_at is not None}
        self.limits[name] = limit
        self.gauges[name].configure(limit)
        self.admission.regroup()
        self.admit()

    def advance(self, seconds: float) -> None:
        """Time passes, and every due moment is kept on the way."""
        until = self.now + seconds
        while self.admission.due <= until:
            assert self.admission.due > self.now, "a due moment that has passed would be slept through for ever"
            self.now = self.admission.due
            self.admit()
        self.now = until
        self.check()

    def admit(self) -> None:
        self.admission.admit(self.now)
        self.check()

    # --- what must be true

    def start(self, asked: Asked) -> None:
        """Called as a call is let in, before anybody else is."""
        for name in asked.names:
            assert self.admits(name, asked), f"{name} was full"
        for better in self.heads():
            if better.order < asked.order:
                overtaken = [name for name in better.names if name in asked.names and not self.admits(name, better)]
                assert not overtaken, f"{better.number} waited for {overtaken} first"
        asked.started_at = self.now

    def check(self) -> None:
        """Nobody waits for nothing: what it needs is full, wanted by a better one who lacks it, or kept for one."""
        heads = self.heads()
        for index, asked in enumerate(heads):
            in_the_way = [name for name in asked.names if not self.admits(name, asked)]
            for better in heads[:index]:
                assert better.waiter is not None
                for name in set(asked.names) & set(better.names):
                    if not self.admits(name, better) or self.gauges[name] in better.waiter.missed:
                        in_the_way.append(name)
            assert in_the_way, f"{asked.number} could start"
        assert self.admission.waiting == sum(asked.is_waiting for asked in self.asked)

    def heads(self) -> list[Asked]:
        """The first of all who wait for the same."""
        first: dict[frozenset[str], Asked] = {}
        for asked in sorted((asked for asked in self.asked if asked.is_waiting), key=lambda asked: asked.order):
            first.setdefault(frozenset(asked.names), asked)
        return list(first.values())

    def admits(self, name: str, asked: Asked) -> bool:
        """Whether one name alone would let a call start, counted from the beginning."""
        limit = self.gauges[name].in_force()
        own = [other for other in self.asked if name in other.names and other.started_at is not None]
        running = [other for other in own if other.is_running]
        recent = [other for other in own if other.ended_at is None or other.ended_at + limit.window_s > self.now]
        requests = [other for other in recent if (name, "per_minute", other.number) not in self.forgotten]
        tokens = sum(
            other.tokens for other in recent if (name, "tokens_per_minute", other.number) not in self.forgotten
        )
        return (
            self.now >= self.paused_until.get(name, 0.0)
            and (limit.concurrency is None or len(running) < limit.concurrency)
            and (limit.per_minute is None or len(requests) < limit.per_minute)
            and (limit.tokens_per_minute is None or tokens + asked.tokens <= limit.tokens_per_minute or tokens == 0)
        )


NAMES = ("a", "b", "c")


def _limit(choices: Choices) -> Limit:
    def small() -> int | None:
        return choices.of((None, None, None, None, 1, 2, 3, 4))

    tokens = choices.of((None, choices.number(1, 40)))
    return Limit(concurrency=small(), per_minute=small(), tokens_per_minute=tokens, window_s=WINDOW_S)


def _step(choices: Choices) -> tuple:
    kind = choices.of(("ask", "ask", "ask", "end", "settle", "withdraw", "throttle", "advance", "limit"))
    which = choices.number(0, 50)
    match kind:
        case "ask":
            return (kind, choices.some(NAMES, least=1, most=3), which, choices.of(((), (0,), (1,))))
        case "end":
            return (kind, which, choices.is_so())
        case "settle":
            return (kind, which, choices.number(0, 50))
        case "withdraw":
            return (kind, which)
        case "throttle":
            return (kind, which, choices.of((0.0, 3.0, 25.0)))
        case "advance":
            return (kind, choices.of((0.0, 1.0, 2.5, 10.0)))
        case _:
            return (kind, choices.of(NAMES), _limit(choices))


@settings(max_examples=300, deadline=None)
@given(
    chosen(lambda choices: {name: _limit(choices) for name in NAMES}, most=12),
    chosen(lambda choices: choices.several(lambda: _step(choices), least=10, most=60), most=400),
)
@example(  # one that starts takes what a better one, waiting for something else, needs as well
    {
        "a": Limit(per_minute=1, window_s=10.0),
        "b": Limit(window_s=10.0),
        "c": Limit(tokens_per_minute=1, window_s=10.0),
    },
    [
        ("ask", ["a"], 0, ()),
        ("ask", ["a"], 0, ()),
        ("ask", ["c"], 1, ()),
        ("end", 0, False),
        ("end", 0, False),
        ("ask", ["a"], 0, ()),
        ("ask", ["a", "b", "c"], 1, ()),
        ("ask", ["a"], 1, ()),
        ("ask", ["a"], 0, ()),
        ("limit", "a", Limit(tokens_per_minute=1, window_s=10.0)),
    ],
)
def test_nobody_starts_too_early_out_of_turn_or_never(limits: dict[str, Limit], steps: list[tuple]) -> None:
    model = Model(limits)
    for step in steps:
        carry_out(model, step)
    for _ in range(len(model.asked) + 1):
        for asked in model.asked:
            if asked.is_running:
                model.end(asked)
        model.advance(10 * WINDOW_S)
    assert not [asked for asked in model.asked if asked.is_waiting], "some were never let in"
    assert model.admission.due == math.inf
    assert all(gauge.in_flight == gauge.tokens_in_flight == 0 for gauge in model.gauges.values())


def carry_out(model: Model, step: tuple) -> None:
    running = [asked for asked in model.asked if asked.is_running]
    waiting = [asked for asked in model.asked if asked.is_waiting]
    match step:
        case ("ask", names, tokens, rank):
            model.ask(*names, tokens=tokens, rank=rank)
        case ("end", which, went_well) if running:
            model.end(running[which % len(running)], went_well=went_well)
        case ("settle", which, tokens) if running:
            model.settle(running[which % len(running)], tokens)
        case ("throttle", which, wait_s) if running:
            model.throttle(running[which % len(running)], wait_s)
        case ("withdraw", which) if waiting:
            model.withdraw(waiting[which % len(waiting)])
        case ("advance", seconds):
            model.advance(seconds)
        case ("limit", name, limit):
            model.limit(name, limit)


def test_one_that_waits_for_one_name_does_not_hold_up_those_who_need_another() -> None:
    model = Model({"a": Limit(concurrency=1), "b": Limit(concurrency=1)})
    model.ask("a")
    both = model.ask("a", "b")
    other = model.ask("b")
    assert both.is_waiting
    assert other.is_running


def test_one_that_waits_for_a_window_does_not_hold_a_place_meanwhile() -> None:
    model = Model({"a": Limit(concurrency=1), "b": Limit(per_minute=1)})
    first, second = model.ask("a"), model.ask("b")
    model.end(second)
    both = model.ask("a", "b")  # lacks both
    model.end(first)
    assert both.is_waiting
    assert model.ask("a").is_running


def test_two_busy_names_are_both_got_in_the_end() -> None:
    """Whoever needs either of them keeps coming, and they never come free at the same moment."""
    model = Model({"a": Limit(concurrency=1), "b": Limit(concurrency=1)})
    holders = {"a": model.ask("a"), "b": model.ask("b")}
    both = model.ask("a", "b")
    for turn in range(4):
        name = "ab"[turn % 2]
        following = model.ask(name)
        model.end(holders[name])
        if not both.is_waiting:
            break
        holders[name] = following
    assert both.is_running
    assert turn == 1, "what came free first was not kept for it"


def test_two_busy_windows_are_both_got_in_the_end() -> None:
    model = Model({name: Limit(per_minute=1, window_s=WINDOW_S) for name in "ab"})
    model.end(model.ask("a"))
    model.advance(WINDOW_S / 2)
    model.end(model.ask("b"))
    both = model.ask("a", "b")
    eager = [model.ask(name) for name in "abababab"]
    for _ in range(8):
        model.advance(WINDOW_S / 2)
        for asked in model.asked:
            if asked.is_running and asked is not both:
                model.end(asked)
        if both.is_running:
            break
    assert both.is_running
    assert sum(asked.started_at is not None for asked in eager) <= 2


def test_what_is_kept_for_a_large_one_keeps_small_ones_from_taking_it_bit_by_bit() -> None:
    model = Model({"a": Limit(tokens_per_minute=10, window_s=WINDOW_S)})
    model.end(model.ask("a", tokens=5))
    large = model.ask("a", tokens=9)
    small = model.ask("a", tokens=1)
    assert small.is_waiting
    model.advance(WINDOW_S)
    assert large.is_running
    assert small.is_running


def test_small_ones_of_another_line_do_not_use_up_what_a_large_one_waits_for() -> None:
    model = Model({"a": Limit(tokens_per_minute=10, window_s=WINDOW_S), "b": Limit(concurrency=1)})
    model.end(model.ask("a", tokens=5))
    large = model.ask("a", "b", tokens=9)
    small = model.ask("a", tokens=1)
    assert small.is_waiting
    assert model.ask("b").is_running, "what it has not lacked is not kept for it"
    model.advance(WINDOW_S)
    assert large.is_waiting
    assert small.is_running


def test_when_a_large_one_gives_up_those_behind_it_go() -> None:
    model = Model({"a": Limit(tokens_per_minute=10, window_s=WINDOW_S)})
    model.ask("a", tokens=5)
    large, small = model.ask("a", tokens=9), model.ask("a", tokens=1)
    model.withdraw(large)
    assert small.is_running


def test_who_was_let_in_but_did_not_go_leaves_no_trace() -> None:
    model = Model({"a": Limit(1, 1, 10)})
    first = model.ask("a", tokens=10)
    let_in, other = model.ask("a", tokens=10), model.ask("a", tokens=10)
    model.limit("a", Limit(1, 2, 20))
    model.end(first)
    assert let_in.is_running
    let_in.started_at = None
    model.withdraw(let_in)
    assert other.is_running


def test_a_better_rank_goes_first_and_within_it_who_came_first() -> None:
    model = Model({"a": Limit(concurrency=1)})
    running = model.ask("a")
    order = [model.ask("a", rank=rank) for rank in [(1,), (0, 5), (0, 2), (1,), (0, 2)]]
    started: list[int] = []
    for _ in order:
        model.end(running)
        running = next(asked for asked in order if asked.is_running)
        started.append(order.index(running))
    assert started == [2, 4, 1, 0, 3]


def test_thousands_who_gave_up_leave_nothing_behind() -> None:
    admission, gauge = Admission(), Gauge("a", Limit(concurrency=1))
    admission.try_start(Call((gauge,), 0), 0.0)
    first, *rest = [admission.park(Call((gauge,), 0), rank=(), wake=lambda: None, now=0.0) for _ in range(5000)]
    for waiter in rest:
        admission.withdraw(waiter, 0.0)
    assert admission.waiting == 1
    assert len(first.line.entries) < 50
    admission.withdraw(first, 0.0)
    assert admission.is_idle
    assert admission.due == math.inf
