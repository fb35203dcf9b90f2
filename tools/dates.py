"""Tools for dates and times. Dates go out as ISO 8601 and come in as that or as people write them.

Every tool that takes a date also takes `today`, `tomorrow`, `yesterday` and `now`, as this machine's clock
has them, so these tools read something. A date that could be meant in two ways is refused.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

from overseer.tool import ToolError, tool

_Day = TypeVar("_Day", dt.date, dt.datetime)

_MOST_DATES = 10_000
_MOST_STEPS = 100_000

_MONTHS = ["", "January", "February", "March", "April", "May", "June", "July"]
_MONTHS += ["August", "September", "October", "November", "December"]
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@tool(
    effect="read",
    tags=["date", "time", "parse", "read", "iso"],
    examples=[
        {"request": "write 'December 24, 2026' as an ISO date", "args": {"text": "December 24, 2026"}},
        {"request": "which week of the year is 24.12.2026?", "args": {"text": "24.12.2026"}},
    ],
)
def parse_date(text: str, day_first: bool | None = None) -> dict[str, Any]:
    """Read a date or time as people write it: its ISO form, weekday, week, day of the year and parts.

    Args:
        text: such as 2026-12-24, 24.12.2026, 24 Dec 2026, Dec 24, 2026 5:30 pm, or today
        day_first: whether 3/4/2026 is the third of April; without it such a date is refused
    """
    return _described(_moment(text, "text", day_first))


@tool(
    effect="read",
    tags=["date", "time", "format", "write"],
    examples=[
        {"request": "write 2026-12-24 as 24 December 2026", "args": {"date": "2026-12-24", "format": "%e %B %Y"}}
    ],
)
def format_date(date: str, format: str = "%A, %e %B %Y") -> str:
    """Write a date or time in a form of your own, with English names.

    Args:
        date: the date or time
        format: text with %Y year, %y its last two digits, %m month, %B its name, %b short, %d day, %e without zero,
            %A weekday, %a short, %j day of the year, %V week, %H hour, %I of twelve, %p am or pm, %M minute,
            %S second, %z offset, %% percent sign
    """
    at = _at_midnight(_moment(date, "date"))
    values = {
        **{"Y": f"{at.year:04}", "y": f"{at.year % 100:02}", "m": f"{at.month:02}", "d": f"{at.day:02}"},
        **{"e": str(at.day), "B": _MONTHS[at.month], "b": _MONTHS[at.month][:3], "A": _WEEKDAYS[at.weekday()]},
        **{"a": _WEEKDAYS[at.weekday()][:3], "j": f"{at.timetuple().tm_yday:03}", "V": f"{at.isocalendar()[1]:02}"},
        **{"H": f"{at.hour:02}", "I": f"{(at.hour - 1) % 12 + 1:02}", "p": "am" if at.hour < 12 else "pm"},
        **{"M": f"{at.minute:02}", "S": f"{at.second:02}", "z": at.isoformat()[19:].lstrip(".0123456789"), "%": "%"},
    }
    if unknown := [code for code in re.findall(r"%(.?)", format) if code not in values]:
        raise _wrong(
            f"format has %{unknown[0]}, which means nothing here; there are: {', '.join('%' + v for v in values)}"
        )
    return re.sub(r"%(.)", lambda code: values[code[1]], format)


@tool(
    effect="read",
    tags=["date", "weekday", "day"],
    examples=[{"request": "what day of the week is 2026-12-24?", "args": {"date": "2026-12-24"}}],
)
def weekday(date: str) -> str:
    """Tell the day of the week of a date, in English.

    Args:
        date: the date
    """
    return _WEEKDAYS[_moment(date, "date").weekday()]


@tool(
    effect="read",
    tags=["date", "time", "add", "subtract", "before", "after", "deadline"],
    examples=[
        {"request": "what date is 3 weeks after 2026-12-24?", "args": {"date": "2026-12-24", "weeks": 3}},
        {"request": "what date was 2 weeks ago?", "args": {"date": "today", "weeks": -2}},
        {"request": "which date was 90 business days ago?", "args": {"date": "today", "business_days": -90}},
    ],
)
def date_add(
    date: str,
    *,
    years: int = 0,
    months: int = 0,
    weeks: int = 0,
    days: int = 0,
    business_days: int = 0,
    hours: int = 0,
    minutes: int = 0,
    seconds: int = 0,
    holidays: list[str] | None = None,
) -> str:
    """Go forward from a date, or back with numbers below zero, and give the date or time one arrives at.

    Years and months count first; where the day does not exist in a month, its last day is taken. With hours,
    minutes or seconds the result is a time.

    Args:
        date: where to start
        years: how many years
        months: how many months
        weeks: how many weeks
        days: how many days
        business_days: how many days from Monday to Friday that are no holidays
        hours: how many hours
        minutes: how many minutes
        seconds: how many seconds
        holidays: dates that are no business days
    """
    moment = _moment(date, "date")
    free = _holidays(holidays)
    try:
        moment = _plus_months(moment, years * 12 + months) + dt.timedelta(weeks=weeks, days=days)
        moment = _plus_business_days(moment, business_days, free)
        if hours or minutes or seconds:
            moment = _at_midnight(moment) + dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise _wrong("that leads out of the years 1 to 9999; go less far") from None
    return moment.isoformat()


@tool(
    effect="read",
    tags=["date", "time", "difference", "between", "days", "until", "since"],
    examples=[
        {"request": "how many days are between these dates?", "args": {"start": "2026-01-01", "end": "2026-12-24"}},
        {"request": "how many business days until 2030-12-24?", "args": {"start": "today", "end": "2030-12-24"}},
    ],
    output={
        "type": "object",
        "properties": {
            "days": {"type": "integer"},
            "weeks": {"type": "number"},
            "business_days": {"type": "integer"},
            "seconds": {"type": "integer"},
            "parts": {"type": "object"},
            "text": {"type": "string", "description": "the plain distance"},
        },
    },
)
def date_difference(start: str, end: str, holidays: list[str] | None = None) -> dict[str, Any]:
    """Tell how far apart two dates or times are: in days, weeks, business days, and in words.

    Business days run from Monday to Friday and count the first day but not the last. All numbers are below zero
    when the end comes first; `text` is the plain distance.

    Args:
        start: the date or time to count from
        end: the date or time to count to
        holidays: dates that are no business days
    """
    first, last = _comparable(_moment(start, "start"), _moment(end, "end"))
    free = _holidays(holidays)
    sign = 1 if first <= last else -1
    early, late = (first, last) if sign > 0 else (last, first)
    between = late - early
    months = (late.year - early.year) * 12 + late.month - early.month
    if _plus_months(early, months) > late:
        months -= 1
    rest = late - _plus_months(early, months)
    parts = {"years": months // 12, "months": months % 12, "days": rest.days}
    parts |= {"hours": rest.seconds // 3600, "minutes": rest.seconds // 60 % 60, "seconds": rest.seconds % 60}
    return {
        "days": sign * between.days,
        "weeks": round(sign * between.days / 7, 2),
        "business_days": sign * _business_days(early.date(), late.date(), free),
        "seconds": sign * (between.days * 86400 + between.seconds),
        "parts": {name: sign * count for name, count in parts.items()},
        "text": _in_words(parts),
    }


@tool(
    effect="read",
    tags=["date", "age", "birthday", "years"],
    examples=[{"request": "how old is someone born on 1990-05-17?", "args": {"birth_date": "1990-05-17"}}],
)
def age(birth_date: str, on: str = "today") -> dict[str, Any]:
    """Tell how old somebody is, and how many days it is until the next birthday.

    Args:
        birth_date: the day of birth
        on: the day to tell it for
    """
    born, day = _day(_moment(birth_date, "birth_date")), _day(_moment(on, "on"))
    if born > day:
        raise _wrong(f"birth_date {born} is after {day}; give a day before it, or a later 'on'")
    years = day.year - born.year
    years -= _plus_months(born, 12 * years) > day
    last = _plus_months(born, 12 * years)
    coming = last if last == day else _plus_months(born, 12 * (years + 1))
    days = {"days": (day - born).days, "days_until_birthday": (coming - day).days}
    return {"years": years, "next_birthday": coming.isoformat(), **days}


@tool(
    effect="read",
    tags=["date", "list", "calendar", "schedule", "dates"],
    examples=[
        {"request": "the next 5 Fridays", "args": {"start": "2026-01-02", "count": 5, "every": "week"}},
        {
            "request": "the last day of each month",
            "args": {"start": "2026-01-31", "end": "2026-12-31", "every": "month"},
        },
    ],
)
def list_dates(
    start: str,
    *,
    end: str = "",
    count: int = 0,
    every: Literal["day", "business day", "week", "month", "year"] = "day",
    step: int = 1,
) -> list[str]:
    """List dates at equal distances, up to an end or a number of them.

    Args:
        start: the first date
        end: the date not to go beyond; give this or count
        count: how many dates
        every: how far apart they are
        step: every how many of these
    """
    first = _day(_moment(start, "start"))
    last = _day(_moment(end, "end")) if end else None
    if (last is None) == (count == 0):
        raise _wrong("give either end or count, to say where the list ends")
    for name, value, least, most in (("count", count, 0, _MOST_DATES), ("step", step, 1, _MOST_STEPS)):
        if not least <= value <= most:
            raise _wrong(f"{name} is {value}; give a number from 1 to {most}")
    dates: list[dt.date] = []
    day = first
    while every == "business day" and day.weekday() > 4:
        day += dt.timedelta(days=1)
    while (last is None or day <= last) and (not count or len(dates) < count):
        if len(dates) == _MOST_DATES:
            raise _wrong(f"end is more than {_MOST_DATES} dates away; give an earlier one or a larger step")
        dates.append(day)
        try:
            match every:
                case "day" | "week":
                    day += dt.timedelta(days=step * (7 if every == "week" else 1))
                case "business day":
                    day = _plus_business_days(day, step, frozenset())
                case "month" | "year":  # from the first one: the 31st stays the last of each month
                    day = _plus_months(first, len(dates) * step * (12 if every == "year" else 1))
        except (OverflowError, ToolError):
            break
    return [day.isoformat() for day in dates]


def _described(moment: dt.date) -> dict[str, Any]:
    day = _day(moment)
    year, week, weekday = day.isocalendar()
    return {
        "iso": moment.isoformat(),
        "date": day.isoformat(),
        "time": moment.time().isoformat() if isinstance(moment, dt.datetime) else None,
        "weekday": _WEEKDAYS[weekday - 1],
        **{"year": day.year, "month": day.month, "day": day.day},
        "week": f"{year}-W{week:02}",
        "day_of_year": day.timetuple().tm_yday,
        "is_leap_year": calendar.isleap(day.year),
    }


def _in_words(parts: dict[str, int]) -> str:
    said = [f"{count} {name if count != 1 else name[:-1]}" for name, count in parts.items() if count]
    return " and ".join(filter(None, [", ".join(said[:-1]), *said[-1:]])) or "0 days"


def _day(moment: dt.date) -> dt.date:
    return moment.date() if isinstance(moment, dt.datetime) else moment


def _at_midnight(day: dt.date, zone: dt.tzinfo | None = None) -> dt.datetime:
    return day if isinstance(day, dt.datetime) else dt.datetime.combine(day, dt.time(), zone)


def _comparable(start: dt.date, end: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Both as times: a date begins at midnight, where the other one is."""
    zones = [moment.tzinfo for moment in (start, end) if isinstance(moment, dt.datetime)]
    if len({zone is None for zone in zones}) > 1:
        raise _wrong("of start and end one has an offset such as +01:00 and the other has none; give both, or none")
    zone = zones[0] if zones else None
    first, last = (_at_midnight(moment, zone) for moment in (start, end))
    return first, (last.astimezone(first.tzinfo) if first.tzinfo else last)


def _plus_months(moment: _Day, months: int) -> _Day:
    if not months:
        return moment
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise _wrong("that leads out of the years 1 to 9999; go less far")
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def _plus_business_days(moment: _Day, count: int, free: frozenset[dt.date]) -> _Day:
    if abs(count) > _MOST_STEPS:
        raise _wrong(f"business_days is {count}; give at most {_MOST_STEPS}")
    step = dt.timedelta(days=1 if count > 0 else -1)
    while count:
        moment += step
        if moment.weekday() < 5 and _day(moment) not in free:
            count -= 1 if count > 0 else -1
    return moment


def _business_days(first: dt.date, last: dt.date, free: frozenset[dt.date]) -> int:
    weeks, rest = divmod((last - first).days, 7)
    count = weeks * 5 + sum((first.weekday() + place) % 7 < 5 for place in range(rest))
    return count - sum(first <= day < last and day.weekday() < 5 for day in free)


def _holidays(days: Sequence[str] | None) -> frozenset[dt.date]:
    return frozenset(_day(_moment(day, f"holidays[{place}]")) for place, day in enumerate(days or ()))


_CLOCK = r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*([ap])?\.?(?:m\.?)?"
_WHEN = re.compile(rf"(.+?),?(?:\s+at\s+|\s+|t)({_CLOCK})\s*(z|utc|gmt|[+-]\d\d:?\d\d)?")


def _moment(text: str, where: str, day_first: bool | None = None) -> dt.date:
    """The date, or date and time, that a text names."""
    written = " ".join(text[:80].lower().split())
    now = dt.datetime.now().astimezone().replace(microsecond=0)
    if written in _RELATIVE:
        return now if written == "now" else now.date() + dt.timedelta(days=_RELATIVE[written])
    try:
        if day := _written_day(written, where, day_first):
            return day
        if (found := _WHEN.fullmatch(written)) and (clock := _clock(found[2])) is not None:
            day = _moment(found[1], where, day_first)
            if not isinstance(day, dt.datetime):
                return dt.datetime.combine(day, clock, _offset_zone(found[7] or ""))
    except ValueError as error:
        raise _wrong(f"{where} {text!r} names nothing that exists: {error}") from None
    raise _wrong(f"{where} {text!r} is no date known here; write it as 2026-12-24 or 2026-12-24T15:30")


_RELATIVE = {"now": 0, "today": 0, "tomorrow": 1, "yesterday": -1}
_LEADING_WEEKDAY = re.compile(r"^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? ")


def _written_day(text: str, where: str, day_first: bool | None) -> dt.date | None:
    if re.fullmatch(r"\d{4}-?(?:\d\d-?\d\d|w\d\d-?\d)", text):
        return dt.date.fromisoformat(text.upper())
    text = _LEADING_WEEKDAY.sub("", text)
    if found := re.fullmatch(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", text):
        return dt.date(int(found[1]), int(found[3]), int(found[4]))
    if found := re.fullmatch(r"(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})", text):
        return dt.date(int(found[3]), int(found[2]), int(found[1]))
    if found := re.fullmatch(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})", text):
        first, second = int(found[1]), int(found[3])
        if day_first is None and first <= 12 and second <= 12 and first != second:
            both = " or ".join(f"{found[4]}-{month:02}-{day:02}" for month, day in ((second, first), (first, second)))
            raise _wrong(f"{where} {text!r} could be {both}; write the one you mean")
        is_day_first = first > 12 if day_first is None else day_first
        return dt.date(int(found[4]), second if is_day_first else first, first if is_day_first else second)
    if found := re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th|\.)?[ -](?:of )?([a-z]{3,})\.?,?[ -](\d{4})", text):
        return dt.date(int(found[3]), _month(found[2]), int(found[1]))
    if found := re.fullmatch(r"([a-z]{3,})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})", text):
        return dt.date(int(found[3]), _month(found[1]), int(found[2]))
    return None


def _month(name: str) -> int:
    short = "sep" if name == "sept" else name
    if found := [number for number, month in enumerate(_MONTHS) if month.lower().startswith(short)]:
        return found[0]
    raise ValueError(f"{name!r} is no English month")


def _clock(text: str) -> dt.time | None:
    """The time of day that a text names; None if it is something else."""
    found = re.fullmatch(_CLOCK, text)
    if found is None or (found[2] is None and found[4] is None):
        return None
    hour = int(found[1])
    if found[4]:
        if not 1 <= hour <= 12:
            raise ValueError(f"{text!r} is no time of twelve hours")
        hour = hour % 12 + (12 if found[4] == "p" else 0)
    return dt.time(hour, int(found[2] or 0), int(found[3] or 0))


def _offset_zone(text: str) -> dt.tzinfo | None:
    return dt.datetime.strptime("Z" if text in ("utc", "gmt") else text.upper(), "%z").tzinfo if text else None


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")
