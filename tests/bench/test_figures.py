"""From trials to figures, goals and tables, with made-up times."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, astuple

import pytest

from bench.contenders import REFERENCE
from bench.dags import made
from bench.figures import Figures, Ratio, Table, growth_exponents, pace_of, table_of
from bench.goals import GOALS, Goal, Verdict, verdicts
from bench.measure import Delays, Failed, Measured, Timing
from bench.series import Trial
from bench.tables import report

CRASH = Failed("ended with -11")


def took(*seconds: float, growth_bytes: int = 0) -> Measured:
    """A process whose runs took so long, a quarter of it to prepare."""
    return Measured(tuple(Timing(each / 4, each * 3 / 4, each) for each in seconds), growth_bytes)


def slept(*seconds: float) -> Measured:
    """A process whose runs took so long to carry out, and an hour each to prepare."""
    return Measured(tuple(Timing(3600, each, 0, Delays(each, 2 * each, 3 * each)) for each in seconds), 0)


def table(group: str, dag: str, **outcomes: Sequence[Measured | Failed]) -> Table:
    """The figures of outcomes that are given round by round."""
    return table_of(
        Trial(group, dag, name, number, outcome)
        for name, by_round in outcomes.items()
        for number, outcome in enumerate(by_round)
    )


def figures(found: Table, name: str) -> Figures:
    (rows,) = found.values()
    row = rows[name]
    assert isinstance(row, Figures)
    return row


def verdict(found: Table, what: str) -> Verdict:
    (answer,) = (verdict for verdict in verdicts(found) if verdict.goal.what == what)
    return answer


# --- figures


def test_times_are_medians_over_all_runs_of_all_rounds_by_step() -> None:
    row = figures(table("overhead", "chain:100", ours=[took(1, 9), took(2, 4), took(4, 3)]), "ours")
    assert (row.total_s, row.build_s, row.run_s) == (3.5, 0.875, 2.625)
    assert (row.us_per_step, row.cpu_us_per_step) == (35_000, 35_000)


def test_a_ratio_is_taken_within_a_round_and_then_the_median() -> None:
    found = table(
        "overhead", "chain:10", ours=[took(2), took(30), took(9)], **{REFERENCE: [took(1), took(10), took(9)]}
    )
    assert figures(found, "ours").against_reference == Ratio(2, 1, 3)
    assert figures(found, REFERENCE).against_reference == Ratio(1, 1, 1)


@pytest.mark.parametrize("reference", [[], [took(1), CRASH]])
def test_without_the_reference_there_is_no_ratio(reference: list[Measured | Failed]) -> None:
    found = table("overhead", "chain:10", ours=[took(2), took(2)], **{REFERENCE: reference})
    assert figures(found, "ours").against_reference is None


def test_who_fails_in_one_round_has_failed() -> None:
    assert table("overhead", "chain:10", ours=[took(2), CRASH])["overhead", "chain:10"] == {"ours": CRASH}


def test_memory_is_the_median_growth_by_step() -> None:
    outcomes = [took(1, growth_bytes=growth) for growth in (1000, 3000, 900)]
    assert figures(table("memory", "chain:100", ours=outcomes), "ours").bytes_per_step == 10


def test_the_pace_of_sleepers_does_not_count_what_it_took_to_prepare() -> None:
    assert made("fanout:4").work_s == pytest.approx(0.2)
    pace = pace_of(figures(table("speedup", "fanout:4", ours=[slept(0.2, 0.1), slept(0.4, 0.1)]), "ours"))
    assert pace.over_critical_path == pytest.approx(3)
    assert pace.speed_up == pytest.approx(2)
    assert pace.first_speed_up == pytest.approx(2 / 3)
    assert astuple(pace.delays) == pytest.approx((0.15, 0.3, 0.45))


def test_a_single_run_is_both_the_first_and_a_warm_one() -> None:
    pace = pace_of(figures(table("speedup", "fanout:2", ours=[slept(0.05)]), "ours"))
    assert pace.speed_up == pace.first_speed_up == 2


def test_the_growth_exponent_is_1_for_ten_times_the_time_and_2_for_a_hundred_times() -> None:
    found = table("overhead", "chain:1000", even=[took(1)], square=[took(1)], broken=[took(1)])
    found |= table("overhead", "chain:10000", even=[took(10)], square=[took(100)], broken=[CRASH])
    assert growth_exponents(found) == {"even": {"chain": pytest.approx(1)}, "square": {"chain": pytest.approx(2)}}


# --- goals

COST = "time / reference, wide:10000, no journal"
WAYS = "speed-up, 4 x 50 ms, warm"


@pytest.mark.parametrize(
    ("seconds", "must", "want"), [(1.0, "PASS", "PASS"), (2.0, "PASS", "FAIL"), (2.1, "FAIL", "FAIL")]
)
def test_a_cost_must_not_be_greater(seconds: float, must: str, want: str) -> None:
    found = table("overhead", "wide:10000", overseer=[took(seconds)], **{REFERENCE: [took(1)]})
    answer = verdict(found, COST)
    assert (answer.reading, answer.must, answer.want) == (Ratio(seconds, seconds, seconds), must, want)


@pytest.mark.parametrize(
    ("seconds", "must", "want"), [(0.050, "PASS", "PASS"), (0.051, "PASS", "FAIL"), (0.06, "FAIL", "FAIL")]
)
def test_a_speed_up_must_not_be_smaller(seconds: float, must: str, want: str) -> None:
    answer = verdict(table("speedup", "fanout:4", overseer=[slept(seconds)]), WAYS)
    assert answer.reading == pytest.approx(0.2 / seconds)
    assert (answer.must, answer.want) == (must, want)


def test_what_was_not_measured_neither_passes_nor_fails() -> None:
    assert {(answer.reading, answer.must, answer.want) for answer in verdicts({})} == {
        (None, "not measured", "not measured")
    }


@pytest.mark.parametrize(
    ("outcomes", "reason"),
    [
        ({"overseer": [CRASH], REFERENCE: [took(1)]}, CRASH.reason),
        ({"overseer": [took(1)], REFERENCE: [CRASH]}, "the reference failed"),
    ],
)
def test_what_was_tried_in_vain_fails(outcomes: dict[str, list[Measured | Failed]], reason: str) -> None:
    answer = verdict(table("overhead", "wide:10000", **outcomes), COST)
    assert (answer.reading, answer.must, answer.want) == (Failed(reason), "FAIL", "FAIL")


def test_to_complete_at_all_is_enough_for_a_must_without_a_limit() -> None:
    answer = verdict(table("huge", "chain:100000", overseer=[took(50)]), "completes chain:100000")
    assert (answer.reading, answer.must, answer.want) == (50, "PASS", "FAIL")


def test_the_growth_goal_fails_if_either_size_did() -> None:
    small, large = ("overhead", "wide:1000"), ("overhead", "wide:10000")
    what = "growth exponent, wide, 1000 to 10000"
    assert verdict(table(*small, overseer=[took(1)]) | table(*large, overseer=[CRASH]), what).must == "FAIL"
    assert verdict(table(*small, overseer=[CRASH]) | table(*large, overseer=[took(1)]), what).must == "FAIL"
    assert verdict(table(*small, overseer=[took(1)]) | table(*large, overseer=[took(10)]), what).must == "PASS"


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.what)
def test_whatever_is_wanted_is_also_allowed(goal: Goal) -> None:
    assert goal.allows(goal.must, goal.want)


# --- tables


def test_the_report_shows_the_fastest_first_and_who_failed_with_the_reason() -> None:
    found = table("overhead", "chain:10", slow=[took(3)], broken=[CRASH], quick=[took(1)], **{REFERENCE: [took(2)]})
    lines = report(found, []).splitlines()
    assert lines[0] == "### overhead, chain:10: 10 steps"
    names = [line.split("|")[1].strip() for line in lines if line.startswith("|")]
    assert names[:5] == ["contender", "-" * len(names[1]), "quick", REFERENCE, "slow"]
    assert "broken FAILS: ended with -11" in lines


@pytest.mark.parametrize(
    ("group", "dag", "outcome"),
    [
        ("overhead", "wide:10", took(1)),
        ("huge", "layered:10", took(1)),
        ("makespan", "staggered:10", slept(1)),
        ("speedup", "fanout:2", slept(1)),
        ("memory", "chain:10", took(1, growth_bytes=10_240)),
        ("memory", "chain:10", CRASH),
    ],
)
def test_every_line_of_a_table_is_of_the_same_width(group: str, dag: str, outcome: Measured | Failed) -> None:
    found = table(group, dag, overseer=[outcome], **{REFERENCE: [outcome]})
    for part in report(found, verdicts(found)).split("\n\n"):
        if part.startswith("|"):
            assert len({len(line) for line in part.splitlines()}) == 1


def test_a_goal_is_shown_with_its_figure_its_limits_and_its_verdicts() -> None:
    found = table("overhead", "wide:10000", overseer=[took(1.5)], **{REFERENCE: [took(1)]})
    (line,) = (line for line in report(found, verdicts(found)).splitlines() if COST in line)
    assert [cell.strip() for cell in line.split("|")[1:-1]] == [
        COST,
        "1.50 (1.50-1.50)",
        "<= 2",
        "PASS",
        "<= 1",
        "FAIL",
    ]


def test_figures_can_be_written_as_json() -> None:
    row = figures(table("speedup", "fanout:2", ours=[slept(1)], **{REFERENCE: [slept(2)]}), "ours")
    assert json.loads(json.dumps(asdict(row)))["pace"]["speed_up"] == pytest.approx(0.1)
