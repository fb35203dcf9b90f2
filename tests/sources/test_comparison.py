"""What is reported for a folder that looks so at one time and so at the next, as a table."""

from __future__ import annotations

import pytest

from overseer.sources.comparison import MOST_LOOKS, Mark, Watch
from overseer.sources.outlet import Outlet
from overseer.sources.target import Listener, Target


def mark(identity, size):
    return Mark((0, 0, identity), (0, size))


FOLDER = {"": mark(0, 0)}
EMPTY, SHORT, LONG = mark(1, 0), mark(1, 5), mark(1, 9)
OTHER = mark(2, 5)


def changes(*looks):
    """For each look after the first, what is reported then."""
    reported = []
    target = Target("/f", None, "/f")
    watch = Watch(Listener(target, Outlet("s", reported.append)), reported=looks[0], before=looks[0])
    found = []
    for look in looks[1:]:
        watch.take(look)
        found.append([(payload["path"], payload["change"]) for payload in reported])
        reported.clear()
    return found


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        pytest.param([{}, {"a": SHORT}, {"a": SHORT}], [[], [("/f/a", "created")]], id="made"),
        pytest.param(
            [{}, {"a": EMPTY}, {"a": SHORT}, {"a": LONG}, {"a": LONG}],
            [[], [], [], [("/f/a", "created")]],
            id="reported once, when it is written",
        ),
        pytest.param([{"a": SHORT}, {"a": LONG}, {"a": LONG}], [[], [("/f/a", "modified")]], id="written"),
        pytest.param([{"a": SHORT}, {"a": OTHER}, {"a": OTHER}], [[], [("/f/a", "moved")]], id="replaced"),
        pytest.param([{"a": SHORT}, {}, {}], [[], [("/f/a", "deleted")]], id="deleted"),
        pytest.param([{"a": SHORT}, {}, {"a": OTHER}, {"a": OTHER}], [[], [], [("/f/a", "moved")]], id="back at once"),
        pytest.param([{"a": SHORT}, {"a": LONG}, {"a": SHORT}, {"a": SHORT}], [[], [], []], id="undone"),
        pytest.param([{"a": SHORT}, {"a": SHORT}], [[]], id="untouched"),
    ],
)
def test_changes(looks, expected):
    assert changes(*(FOLDER | look for look in looks)) == expected


def test_entries_go_before_their_folder():
    assert changes(FOLDER | {"a": SHORT}, {}, {})[-1] == [("/f/a", "deleted"), ("/f", "deleted")]


def test_a_folder_comes_before_its_entries():
    assert changes({}, FOLDER | {"a": SHORT}, FOLDER | {"a": SHORT})[-1] == [("/f", "created"), ("/f/a", "created")]


def test_what_never_comes_to_rest_is_reported_now_and_then():
    found = changes(FOLDER, *(FOLDER | {"a": mark(1, size)} for size in range(3 * MOST_LOOKS)))
    said = [changes for changes in found if changes]
    assert said[0] == [("/f/a", "created")]
    assert said[1:] == [[("/f/a", "modified")]] * (len(said) - 1)
    assert len(said) in (2, 3)
