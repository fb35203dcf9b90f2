"""Dates: read, written, counted forwards and back."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.tool import ToolError
from tests.tools.fakes import call

DAYS = st.dates(date(1000, 1, 1), date(3000, 1, 1))


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-12-24", "2026-12-24"),
        ("20261224", "2026-12-24"),
        ("2026-W52-4", "2026-12-24"),
        ("2026/12/24", "2026-12-24"),
        ("24.12.2026", "2026-12-24"),
        ("24. 12. 2026", "2026-12-24"),
        ("24/12/2026", "2026-12-24"),
        ("12/24/2026", "2026-12-24"),
        ("3/3/2026", "2026-03-03"),
        ("24 Dec 2026", "2026-12-24"),
        ("24th of December 2026", "2026-12-24"),
        ("24-dec-2026", "2026-12-24"),
        ("December 24, 2026", "2026-12-24"),
        ("Sept. 4th 2026", "2026-09-04"),
        ("Thursday, 24 December 2026", "2026-12-24"),
        ("2026-12-24T15:30", "2026-12-24T15:30:00"),
        ("2026-12-24 15:30:10Z", "2026-12-24T15:30:10+00:00"),
        ("Thu, 24 Dec 2026 15:30:10 +0100", "2026-12-24T15:30:10+01:00"),
        ("Dec 24, 2026 at 5:30 pm", "2026-12-24T17:30:00"),
        ("24.12.2026, 12 am", "2026-12-24T00:00:00"),
    ],
)
def test_dates_as_people_write_them(text: str, iso: str) -> None:
    assert call("parse_date", text=text)["iso"] == iso


def test_the_parts_of_a_date() -> None:
    assert call("parse_date", text="3/4/2024 10:05", day_first=True) == {
        "iso": "2024-04-03T10:05:00",
        "date": "2024-04-03",
        "time": "10:05:00",
        "weekday": "Wednesday",
        "year": 2024,
        "month": 4,
        "day": 3,
        "week": "2024-W14",
        "day_of_year": 94,
        "is_leap_year": True,
    }
    assert call("parse_date", text="3/4/2024", day_first=False)["date"] == "2024-03-04"


def test_today_is_what_the_clock_says() -> None:
    before = datetime.now().date()
    told = [call("parse_date", text=text)["date"] for text in ("yesterday", "today", "now", "tomorrow")]
    if before == datetime.now().date():  # not at midnight
        assert told == [str(before + timedelta(days=days)) for days in (-1, 0, 0, 1)]


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("%A, %e %B %Y", "Thursday, 5 March 2026"),
        ("%d.%m.%y", "05.03.26"),
        ("%a %b %j %V", "Thu Mar 064 10"),
        ("%H:%M:%S = %I %p, 100%%", "15:04:09 = 03 pm, 100%"),
        ("%z", "+01:00"),
    ],
)
def test_dates_are_written_in_a_form(form: str, written: str) -> None:
    assert call("format_date", date="2026-03-05T15:04:09+01:00", format=form) == written


@given(DAYS)
def test_what_was_written_can_be_read(day: date) -> None:
    for form in ("%Y-%m-%d", "%e %B %Y", "%b %d, %Y", "%A, %d.%m.%Y", "%Y-W%V-"):
        if form == "%Y-W%V-":
            year, week, weekday = day.isocalendar()
            written = f"{year:04}-W{week:02}-{weekday}"
        else:
            written = call("format_date", date=day.isoformat(), format=form)
        assert call("parse_date", text=written)["date"] == day.isoformat()


@pytest.mark.parametrize(
    ("args", "result"),
    [
        ({"date": "2026-12-24", "weeks": 3}, "2027-01-14"),
        ({"date": "2024-02-29", "years": 1}, "2025-02-28"),
        ({"date": "2026-01-31", "months": 1}, "2026-02-28"),
        ({"date": "2026-01-31", "months": -2, "days": 1}, "2025-12-01"),
        ({"date": "2026-01-02", "business_days": 1}, "2026-01-05"),
        ({"date": "2026-01-05", "business_days": -1}, "2026-01-02"),
        ({"date": "2026-01-02", "business_days": 1, "holidays": ["5.1.2026"]}, "2026-01-06"),
        ({"date": "2026-01-01", "hours": 25, "minutes": -1}, "2026-01-02T00:59:00"),
        ({"date": "2026-01-01T10:00+02:00", "seconds": 30}, "2026-01-01T10:00:30+02:00"),
        ({"date": "2026-01-01"}, "2026-01-01"),
    ],
)
def test_going_forward_and_back(args: dict[str, Any], result: str) -> None:
    assert call("date_add", **args) == result


def test_the_difference_in_many_ways() -> None:
    assert call("date_difference", start="2026-01-31", end="2026-12-24") == {
        "days": 327,
        "weeks": 46.71,
        "business_days": 233,
        "seconds": 28252800,
        "parts": {"years": 0, "months": 10, "days": 24, "hours": 0, "minutes": 0, "seconds": 0},
        "text": "10 months and 24 days",
    }
    there = call("date_difference", start="2026-12-24T10:00", end="2026-12-23T09:59:58")
    assert (there["days"], there["seconds"], there["text"]) == (-1, -86402, "1 day and 2 seconds")
    assert call("date_difference", start="2026-03-01", end="2026-03-01")["text"] == "0 days"
    zones = call("date_difference", start="2026-03-01T10:00Z", end="2026-03-01T10:00+01:00")
    assert zones["text"] == "1 hour"


@given(DAYS, DAYS)
def test_adding_the_difference_leads_to_the_end(start: date, end: date) -> None:
    difference = call("date_difference", start=str(start), end=str(end))
    assert difference["days"] == (end - start).days
    assert call("date_add", date=str(start), days=difference["days"]) == str(end)
    if start <= end:
        parts = {name: difference["parts"][name] for name in ("years", "months", "days")}
        assert call("date_add", date=str(start), **parts) == str(end)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 400))
def test_business_days_are_counted_one_by_one(start: date, length: int) -> None:
    days = [start + timedelta(days=number) for number in range(length)]
    difference = call("date_difference", start=str(start), end=str(start + timedelta(days=length)))
    assert difference["business_days"] == sum(day.weekday() < 5 for day in days)


def test_the_weekday() -> None:
    assert call("weekday", date="2026-12-24") == "Thursday"


@pytest.mark.parametrize(
    ("born", "on", "years", "birthday", "days_until"),
    [
        ("1990-05-17", "2026-05-16", 35, "2026-05-17", 1),
        ("1990-05-17", "2026-05-17", 36, "2026-05-17", 0),
        ("1990-05-17", "2026-05-18", 36, "2027-05-17", 364),
        ("2000-02-29", "2023-02-28", 23, "2023-02-28", 0),
    ],
)
def test_how_old_somebody_is(born: str, on: str, years: int, birthday: str, days_until: int) -> None:
    result = call("age", birth_date=born, on=on)
    assert (result["years"], result["next_birthday"], result["days_until_birthday"]) == (years, birthday, days_until)


@pytest.mark.parametrize(
    ("args", "dates"),
    [
        ({"end": "2026-02-02"}, ["2026-01-31", "2026-02-01", "2026-02-02"]),
        ({"count": 3, "every": "month"}, ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ({"count": 2, "every": "year", "step": 2}, ["2026-01-31", "2028-01-31"]),
        ({"count": 2, "every": "week"}, ["2026-01-31", "2026-02-07"]),
        ({"count": 2, "every": "business day", "step": 5}, ["2026-02-02", "2026-02-09"]),
        ({"end": "2026-01-30"}, []),
    ],
)
def test_lists_of_dates(args: dict[str, Any], dates: list[str]) -> None:
    assert call("list_dates", start="2026-01-31", **args) == dates


def test_a_list_ends_with_the_calendar() -> None:
    assert call("list_dates", start="9999-12-30", count=5) == ["9999-12-30", "9999-12-31"]


@pytest.mark.parametrize(
    ("tool", "args", "complaint"),
    [
        ("parse_date", {"text": "soon"}, "text 'soon' is no date known here; write it as 2026-12-24 or"),
        ("parse_date", {"text": "3/4/2026"}, "text '3/4/2026' could be 2026-04-03 or 2026-03-04; write the one"),
        ("parse_date", {"text": "2026-02-30"}, "names nothing that exists: day is out of range"),
        ("parse_date", {"text": "24 Foo 2026"}, "'foo' is no English month"),
        ("parse_date", {"text": "2026-12-24 25:00"}, "names nothing that exists: hour must be"),
        ("parse_date", {"text": "2026-12-24 13 pm"}, "no time of twelve hours"),
        ("parse_date", {"text": "1 1:00 " * 5000}, "is no date known here"),
        ("format_date", {"date": "2026-12-24", "format": "%Q"}, "format has %Q, which means nothing here; there are"),
        ("weekday", {"date": ""}, "date '' is no date"),
        ("date_add", {"date": "2026-12-24", "years": 9000}, "out of the years 1 to 9999; go less far"),
        ("date_add", {"date": "2026-12-24", "days": 10**12}, "out of the years 1 to 9999; go less far"),
        ("date_add", {"date": "2026-12-24", "business_days": 10**9}, "business_days is 1000000000; give at most"),
        ("date_add", {"date": "2026-12-24", "holidays": ["x"]}, r"holidays\[0\] 'x' is no date"),
        ("date_difference", {"start": "2026-01-01T00:00Z", "end": "2026-01-01T00:00"}, "one has an offset"),
        ("age", {"birth_date": "2030-01-01", "on": "2026-01-01"}, "birth_date 2030-01-01 is after 2026-01-01"),
        ("list_dates", {"start": "2026-01-01"}, "give either end or count"),
        ("list_dates", {"start": "2026-01-01", "end": "2100-01-01"}, "end is more than 10000 dates away"),
        ("list_dates", {"start": "2026-01-01", "count": -1}, "count is -1; give a number from 1"),
        ("list_dates", {"start": "2026-01-01", "count": 1, "step": 0}, "step is 0; give a number from 1"),
    ],
)
def test_what_cannot_be_done_is_said(tool: str, args: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ToolError, match=complaint):
        call(tool, **args)
