"""The time, here and elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import call, tools


def test_now_is_now() -> None:
    before = int(datetime.now(UTC).timestamp())
    here, there = call("now"), call("now", time_zone="Tokyo")
    assert before <= here["unix"] <= there["unix"] <= before + 60
    assert there["offset"] == "+09:00"
    assert tools()["now"].effect == "read"


@pytest.mark.parametrize(
    ("time", "from_zone", "to_zone", "iso"),
    [
        ("2026-07-01 15:00", "New York", "Europe/Berlin", "2026-07-01T21:00:00+02:00"),
        ("2026-07-01T23:30Z", "", "asia/tokyo", "2026-07-02T08:30:00+09:00"),
        ("2026-01-01T12:00", "PST", "UTC+5:30", "2026-01-02T01:30:00+05:30"),
        ("2026-01-01T12:00", "+01", "utc", "2026-01-01T11:00:00+00:00"),
    ],
)
def test_times_elsewhere(time: str, from_zone: str, to_zone: str, iso: str) -> None:
    assert call("convert_time_zone", time=time, from_zone=from_zone, to_zone=to_zone)["iso"] == iso


@pytest.mark.parametrize(("time", "there"), [("3 pm", "15:00:00"), ("12am", "00:00:00"), ("15:30", "15:30:00")])
def test_a_time_of_today(time: str, there: str) -> None:
    assert call("convert_time_zone", time=time, from_zone="UTC", to_zone="+00:00")["time"] == there


@given(st.datetimes(datetime(1980, 1, 1), datetime(2030, 1, 1)), st.sampled_from(["Asia/Tokyo", "Chicago", "-03:30"]))
def test_there_and_back_is_the_same_moment(moment: datetime, zone: str) -> None:
    time = moment.replace(tzinfo=UTC).isoformat()
    there = call("convert_time_zone", time=time, to_zone=zone)
    back = call("convert_time_zone", time=there["iso"], to_zone="UTC")
    assert back["iso"] == time
    assert back["unix"] == there["unix"]


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        ({"time": "15:00", "to_zone": "Tokio", "from_zone": "UTC"}, "to_zone 'Tokio' is no time zone known here; did"),
        ({"time": "15:00", "to_zone": "Xyzzy", "from_zone": "UTC"}, "write it as Europe/Berlin or"),
        ({"time": "15:00", "to_zone": "+99:00", "from_zone": "UTC"}, "is no time zone known here"),
        ({"time": "15:00", "to_zone": "UTC"}, "from_zone is missing: say where '15:00' is meant"),
        ({"time": "2026-01-01T15:00Z", "to_zone": "UTC", "from_zone": "UTC"}, "leave from_zone out"),
        ({"time": "2026-03-29 02:30", "to_zone": "UTC", "from_zone": "Europe/Berlin"}, "does not exist in Europe/Ber"),
        ({"time": "2026-01-01", "to_zone": "UTC"}, "time '2026-01-01' cannot be read; write it as"),
        ({"time": "25:00", "to_zone": "UTC"}, "cannot be read"),
        ({"time": "9999-12-31T23:00Z", "to_zone": "+05"}, "too close to the end of the calendar"),
        ({"time": "15:00", "to_zone": "../../etc/passwd"}, "is no time zone known here"),
    ],
)
def test_what_cannot_be_told_is_said(args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call("convert_time_zone", **args)
