"""What a run took, in a few lines: its steps, its time against theirs, what it waited for, what it spent."""

from __future__ import annotations

from overseer.drawing.sketch import harmless, path_of, seconds_text
from overseer.spending import spent_text
from overseer.timing import RunTiming

_MOST_NAMED = 8


def summary_lines(timing: RunTiming) -> list[str]:
    """The figures of a run."""
    counts = ", ".join(f"{count:,} {status}" for status, count in timing.counts().most_common())
    lines = [f"steps: {counts}"] if counts else []
    lines.append(f"time: {time_text(timing)}")
    if timing.critical:
        lines.append(f"longest chain: {seconds_text(timing.critical_s)}: {chain_text(timing.critical)}")
    if waits := waits_text(timing):
        lines.append(f"waits: {waits}")
    if timing.spent:
        lines.append(f"spent: {spent_text(timing.spent)}")
    for each in timing.breaks:
        lines.append(
            f"resumed: at {seconds_text(each.at)}, after {seconds_text(each.away_s)} in which nobody was at it"
        )
    return lines


def time_text(timing: RunTiming) -> str:
    """The time on the wall against the sum of the parts."""
    told = seconds_text(timing.wall_s)
    if timing.speed_up is not None:
        told += f"; its steps one after the other {seconds_text(timing.sum_s)}, {timing.speed_up:.1f} times as long"
    return told


def chain_text(keys: tuple[str, ...]) -> str:
    """The steps of the longest chain. Rounds of the same steps in a row are counted."""
    named: list[tuple[str, int]] = []
    for key in keys:
        path = path_of(key)
        if named and named[-1][0] == path:
            named[-1] = (path, named[-1][1] + 1)
        else:
            named.append((path, 1))
    told = [harmless(path) + (f" (× {count:,})" if count > 1 else "") for path, count in named]
    if len(told) > _MOST_NAMED:
        told[_MOST_NAMED - 2 : -1] = [f"… {len(told) - _MOST_NAMED + 1:,} more …"]
    return " → ".join(told)


def waits_text(timing: RunTiming) -> str:
    """What its steps waited for, all of them together; nothing if they did not."""
    parts = (
        (timing.time_in("waiting"), "for a free slot"),
        (timing.time_in("held"), f"held by {', '.join(map(harmless, timing.limits()))}"),
        (timing.time_in("retrying"), "to try again"),
    )
    return ", ".join(f"{seconds_text(seconds)} {what}" for seconds, what in parts if seconds >= 0.005)
