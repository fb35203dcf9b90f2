"""Tools that tell the time: here, elsewhere, and in one place when it is so late in another."""

from __future__ import annotations

import datetime as dt
import re
from difflib import get_close_matches
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from overseer.tool import ToolError, tool

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@tool(
    effect="read",
    tags=["date", "time", "now", "today", "clock"],
    examples=[
        {"request": "what time is it?", "args": {}},
        {"request": "what day is it today?", "args": {}},
        {"request": "what is the date today?", "args": {}},
        {"request": "what time is it in Tokyo?", "args": {"time_zone": "Tokyo"}},
    ],
)
def now(time_zone: str = "") -> dict[str, Any]:
    """Tell the current date and time.

    Args:
        time_zone: where, such as Europe/Berlin, Tokyo, UTC or +02:00; empty means where this machine is
    """
    moment = dt.datetime.now(_zone(time_zone, "time_zone")) if time_zone else dt.datetime.now().astimezone()
    return _described(moment.replace(microsecond=0))


@tool(
    effect="read",
    tags=["time", "time zone", "convert", "timezone"],
    examples=[
        {
            "request": "what is 2026-07-01 15:00 New York time in Berlin?",
            "args": {"time": "2026-07-01 15:00", "from_zone": "New York", "to_zone": "Europe/Berlin"},
        }
    ],
)
def convert_time_zone(time: str, to_zone: str, from_zone: str = "") -> dict[str, Any]:
    """Tell what the clocks show in one time zone when they show a given time in another.

    Args:
        time: date and time, or a time of today such as 15:30 or 3 pm
        to_zone: where to tell the time, such as Europe/Berlin, Tokyo, UTC or +02:00
        from_zone: where the given time is meant; needed unless the time has an offset of its own
    """
    target = _zone(to_zone, "to_zone")
    source = _zone(from_zone, "from_zone") if from_zone else None
    moment = _moment(time, dt.datetime.now(source).date())
    if moment.tzinfo is None:
        if source is None:
            raise _wrong(f"from_zone is missing: say where {time!r} is meant")
        there = moment.replace(tzinfo=source)
        if there.astimezone(dt.UTC).astimezone(source).replace(tzinfo=None) != moment:
            raise _wrong(f"time {time!r} does not exist in {from_zone}: the clocks go forward there; give another")
        moment = there
    elif source is not None:
        raise _wrong(f"time {time!r} has an offset of its own; leave from_zone out")
    try:
        return _described(moment.astimezone(target))
    except OverflowError:
        raise _wrong(f"time {time!r} is too close to the end of the calendar; give another") from None


def _moment(text: str, today: dt.date) -> dt.datetime:
    """A date and time as ISO 8601 has it, or a time of today."""
    if found := re.fullmatch(r"(\d{1,2})(?::(\d\d))?\s*(?:([ap])\.?m\.?)?", text.strip().lower()):
        hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
        is_clock = 1 <= hour <= 12 if half else hour < 24 and found[2] is not None
        if is_clock and minute < 60:
            hour = hour % 12 + (12 if half == "p" else 0) if half else hour
            return dt.datetime.combine(today, dt.time(hour, minute))
    try:
        if not re.search(r"\d[ tT]\d", text):
            raise ValueError("there is no time of day")
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise _wrong(f"time {text!r} cannot be read; write it as 2026-12-24T15:30, or 15:30 or 3 pm") from None


def _described(moment: dt.datetime) -> dict[str, Any]:
    offset = re.search(r"[+-]\d\d:\d\d(?::\d\d)?$", moment.isoformat())
    return {
        "iso": moment.isoformat(),
        "date": moment.date().isoformat(),
        "time": moment.time().isoformat(),
        "weekday": _WEEKDAYS[moment.weekday()],
        "offset": offset[0] if offset else "",
        "unix": round((moment - _EPOCH).total_seconds()),
    }


def _zone(name: str, where: str) -> dt.tzinfo:
    """A time zone by its name, by a city it is named after, or by its distance from UTC."""
    written = name.strip().lower().replace(" ", "_")
    if found := re.fullmatch(r"(?:utc|gmt)?([+-])(\d{1,2})(?::?(\d\d))?", written):
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes < 24 * 60:
            return dt.timezone(dt.timedelta(minutes=-minutes if found[1] == "-" else minutes))
    known = _zones()
    if key := known.get(_ABBREVIATED.get(written, written)):
        return ZoneInfo(key)
    if not known:
        raise ToolError("this machine has no data on time zones; install them with: pip install tzdata")
    near = [known[match] for match in get_close_matches(written, known, 3, 0.7)]
    remedy = f"did you mean {' or '.join(dict.fromkeys(near))}?" if near else "write it as Europe/Berlin or +02:00"
    raise _wrong(f"{where} {name!r} is no time zone known here; {remedy}")


# What people write besides the names of the zone database.
_ABBREVIATED = {
    **{"pst": "america/los_angeles", "pdt": "america/los_angeles", "pt": "america/los_angeles"},
    **{"mdt": "america/denver", "cst": "america/chicago", "cdt": "america/chicago", "est": "america/new_york"},
    **{"edt": "america/new_york", "et": "america/new_york", "bst": "europe/london", "cest": "europe/paris"},
    **{"cet": "europe/paris", "jst": "asia/tokyo", "aest": "australia/sydney", "z": "utc", "new_york_city": "new_york"},
}


@cache
def _zones() -> dict[str, str]:
    """The keys of all time zones, by key and by city in small letters."""
    keys = sorted(available_timezones())
    cities = {key.rpartition("/")[2].lower(): key for key in reversed(keys) if key.count("/") == 1}
    return cities | {key.lower(): key for key in keys}


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
