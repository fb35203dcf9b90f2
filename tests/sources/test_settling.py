"""From the kernel's events to one change per save, as a table."""

from __future__ import annotations

import pytest

from overseer.sources.settling import SETTLE_S, Settling

LATER = SETTLE_S * 2


def changes(*events):
    """What is reported for events given as (verb, name, time)."""
    settling, reported = Settling(), []
    for verb, name, now in events:
        reported += settling.settled(now)
        change = getattr(settling, verb)(*((name, now) if verb in ("appeared", "gone") else (name,)))
        if change:
            reported.append((name, change))
    return reported + settling.settled(1000)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([("written", "a", 0)], [("a", "modified")], id="saved"),
        pytest.param(
            [("appeared", "a", 0), ("opened", "a", 0), ("written", "a", 60)], [("a", "created")], id="made and written"
        ),
        pytest.param([("appeared", "a", 0), ("opened", "a", 0)], [], id="still being written"),
        pytest.param([("appeared", "a", 0)], [("a", "created")], id="a link or a folder"),
        pytest.param(
            [("appeared", "a", 0), ("opened", "a", 0.01), ("closed", "a", 0.02)],
            [("a", "created")],
            id="a link that is read at once",
        ),
        pytest.param([("opened", "a", 0), ("closed", "a", 0)], [], id="only read"),
        pytest.param([("gone", "a", 0)], [("a", "deleted")], id="deleted"),
        pytest.param([("gone", "a", 0), ("moved_in", "a", 0.05)], [("a", "moved")], id="swapped with a backup"),
        pytest.param(
            [("gone", "a", 0), ("appeared", "a", 0.05), ("opened", "a", 0.05), ("written", "a", 1)],
            [("a", "modified")],
            id="written anew after the old one was moved away",
        ),
        pytest.param(
            [("gone", "a", 0), ("appeared", "a", LATER), ("opened", "a", LATER), ("written", "a", LATER)],
            [("a", "deleted"), ("a", "created")],
            id="deleted and made again later",
        ),
        pytest.param(
            [("appeared", "a", 0), ("opened", "a", 0), ("gone", "a", 1)], [], id="never finished, never mentioned"
        ),
        pytest.param(
            [("gone", "a", 0), ("appeared", "a", 0.01), ("opened", "a", 0.01), ("gone", "a", 5)],
            [("a", "deleted")],
            id="a replacement that was given up",
        ),
        pytest.param([("appeared", "a", 0), ("moved_in", "a", 0)], [("a", "moved")], id="replaced before it was known"),
        pytest.param([("gone", "a", 0), ("opened", "a", 0)], [("a", "deleted")], id="opened under its old name"),
        pytest.param([("gone", "a", 0), ("gone", "a", 0.01)], [("a", "deleted")], id="gone twice"),
        pytest.param(
            [("appeared", "a", 0), ("appeared", "b", 0.05)], [("a", "created"), ("b", "created")], id="names keep apart"
        ),
    ],
)
def test_changes(events, expected):
    assert changes(*events) == expected


def test_it_knows_when_to_look_again():
    settling = Settling()
    assert settling.next_due() is None
    settling.gone("a", 5)
    settling.appeared("b", 3)
    assert settling.next_due() == 3 + SETTLE_S
    settling.opened("b")
    assert settling.next_due() == 5 + SETTLE_S
    settling.forget()
    assert settling.next_due() is None
