"""Tools that draw charts as SVG: text that stands alone and that any browser shows. Save it with a file tool.

Data may be an object of labels and numbers, a list of numbers, a list of objects whose columns are named, or
the result of a table tool.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from overseer.tool import ToolError, tool

_MOST_BARS = 500
_MOST_POINTS = 20_000
_COLOURS = (
    "#4269d0",
    "#ff725c",
    "#3ca951",
    "#efb118",
    "#a463f2",
    "#6cc5b0",
    "#ff8ab7",
    "#9c6b4e",
    "#97bbf5",
    "#9498a0",
)
_INK, _GREY, _PALE = "#1f2328", "#59636e", "#d1d9e0"

Given = dict[str, Any] | list[Any]
_SALES = [{"month": "Jan", "sales": 120, "costs": 90}, {"month": "Feb", "sales": 150, "costs": 95}]


class Series(NamedTuple):
    name: str
    values: list[float | None]


@tool(
    tags=["chart", "bar", "graph", "plot", "diagram", "svg", "compare"],
    examples=[
        {"request": "make a chart of these numbers", "args": {"data": [3, 5, 4]}},
        {"request": "draw a bar chart of these numbers", "args": {"data": {"Berlin": 3.7, "Paris": 2.1, "Rome": 2.8}}},
        {
            "request": "bar chart of sales and costs per month",
            "args": {"data": _SALES, "labels": "month", "values": ["sales", "costs"], "title": "The year so far"},
        },
    ],
)
def bar_chart(
    data: Given,
    *,
    labels: str = "",
    values: list[str] | None = None,
    title: str = "",
    x_title: str = "",
    y_title: str = "",
    width: int = 800,
    height: int = 480,
) -> str:
    """Draw a bar chart as SVG text.

    Args:
        data: an object such as {"Berlin": 3, "Paris": 5}, a list of numbers, or a list of objects
        labels: the column with the labels, for a list of objects; by default the first that holds text
        values: the columns with the numbers; by default all that hold numbers. Each has bars of its own
        title: what to write above the chart
        x_title: what the labels are
        y_title: what the numbers are
        width: how wide the picture is, in pixels
        height: how high the picture is, in pixels
    """
    names, series = _series(data, labels, values, _MOST_BARS)
    everything = [value for one in series for value in one.values if value is not None]
    scale = _scale(min(0.0, *everything), max(0.0, *everything))
    canvas = _Canvas(width, height, title, [one.name for one in series])
    plot = canvas.axes(scale, _texts(names), x_title, y_title)
    slot = plot.width / len(names)
    bar = slot * (0.72 if len(names) > 1 else 0.4) / len(series)
    for number, one in enumerate(series):
        for place, value in enumerate(one.values):
            if value is None:
                continue
            left = plot.left + slot * (place + 0.5) + bar * (number - len(series) / 2)
            top, bottom = sorted((plot.y(value), plot.y(0)))
            hint = (
                f"{names[place]}: {_shown(value)}"
                if len(series) == 1
                else f"{names[place]}, {one.name}: {_shown(value)}"
            )
            canvas.add(
                f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(bar - 1, 0.5):.1f}" height="{bottom - top:.1f}"'
                f' fill="{_colour(number)}"><title>{_safe(hint)}</title></rect>'
            )
    canvas.line(plot.left, plot.y(0), plot.right, plot.y(0), _GREY)
    return canvas.document()


@tool(
    tags=["chart", "line", "graph", "plot", "diagram", "svg", "trend", "time"],
    examples=[
        {"request": "plot these values as a line", "args": {"data": [3, 5, 4, 8]}},
        {
            "request": "line chart of the sales over the months",
            "args": {"data": _SALES, "labels": "month", "values": ["sales"], "y_title": "Sales"},
        },
    ],
)
def line_chart(
    data: Given,
    *,
    labels: str = "",
    values: list[str] | None = None,
    title: str = "",
    x_title: str = "",
    y_title: str = "",
    width: int = 800,
    height: int = 480,
) -> str:
    """Draw a line chart as SVG text; a missing value leaves a gap.

    Args:
        data: an object such as {"Mon": 3, "Tue": 5}, a list of numbers, or a list of objects
        labels: the column with the labels, for a list of objects; if it holds numbers, they are placed to scale
        values: the columns with the numbers; by default all that hold numbers. Each has a line of its own
        title: what to write above the chart
        x_title: what the labels are
        y_title: what the numbers are
        width: how wide the picture is, in pixels
        height: how high the picture is, in pixels
    """
    names, series = _series(data, labels, values, _MOST_POINTS)
    everything = [value for one in series for value in one.values if value is not None]
    scale = _scale(min(everything), max(everything))
    to_scale = len(names) > 1 and all(_is_number(name) for name in names)
    across = _scale(min(names), max(names)) if to_scale else None
    canvas = _Canvas(width, height, title, [one.name for one in series])
    plot = canvas.axes(scale, across if across else _texts(names), x_title, y_title)
    slot = plot.width / len(names)
    xs = [plot.x(name) if to_scale else plot.left + slot * (place + 0.5) for place, name in enumerate(names)]
    for number, one in enumerate(series):
        runs: list[list[str]] = [[]]
        for x, value in zip(xs, one.values, strict=True):
            if value is None:
                runs.append([])
            else:
                runs[-1].append(f"{x:.1f},{plot.y(value):.1f}")
        for run in filter(None, runs):
            canvas.add(
                f'<polyline points="{" ".join(run)}" fill="none" stroke="{_colour(number)}" stroke-width="2"'
                ' stroke-linejoin="round" stroke-linecap="round"/>'
            )
        if len(names) <= 60:
            for x, name, value in zip(xs, names, one.values, strict=True):
                if value is not None:
                    canvas.dot(x, plot.y(value), number, f"{name}: {_shown(value)}")
    return canvas.document()


@tool(
    tags=["chart", "scatter", "graph", "plot", "diagram", "svg", "points", "correlation"],
    examples=[
        {"request": "scatter plot of these points", "args": {"data": [[1, 2], [2, 3.5], [3, 3]]}},
        {
            "request": "plot sales against costs",
            "args": {"data": _SALES, "x": "costs", "y": "sales", "title": "Sales and costs"},
        },
    ],
)
def scatter_chart(
    data: Given,
    *,
    x: str = "",
    y: str = "",
    group: str = "",
    title: str = "",
    x_title: str = "",
    y_title: str = "",
    width: int = 800,
    height: int = 480,
) -> str:
    """Draw points by two numbers each, as SVG text.

    Args:
        data: a list of pairs such as [[1, 2], [3, 4]], or a list of objects
        x: the column that places a point from left to right, for a list of objects
        y: the column that places it from bottom to top
        group: a column whose values give the points their colours
        title: what to write above the chart
        x_title: what the first number is; by default the name of its column
        y_title: what the second number is; by default the name of its column
        width: how wide the picture is, in pixels
        height: how high the picture is, in pixels
    """
    rows = _rows(data)
    if rows and isinstance(rows[0], dict):
        for argument, column in (("x", x), ("y", y), ("group", group)):
            if (column or argument != "group") and not any(isinstance(row, dict) and column in row for row in rows):
                raise _wrong(f"{argument} is {column!r}; give one of the columns: {', '.join(map(str, rows[0]))}")
        pairs = [(row.get(x), row.get(y), str(row.get(group, "")) if group else "") for row in rows]
    else:
        pairs = [(*row, "") if isinstance(row, list) and len(row) == 2 else (None, "", "") for row in rows]
    points = [pair for pair in pairs if pair[0] is not None and pair[1] is not None]
    if wrong := [pair[:2] for pair in points if not (_is_number(pair[0]) and _is_number(pair[1]))]:
        raise _wrong(f"data holds the point {wrong[0]!r}; give two numbers for each")
    if not points:
        raise _wrong("data holds no points; give a list of pairs, or of objects with x and y naming the columns")
    if len(points) > _MOST_POINTS:
        raise _wrong(f"data holds {len(points)} points; give at most {_MOST_POINTS}")
    groups = list(dict.fromkeys(point[2] for point in points))
    if len(groups) > len(_COLOURS):
        raise _wrong(f"group has {len(groups)} different values; give a column with at most {len(_COLOURS)}")
    across = _scale(min(point[0] for point in points), max(point[0] for point in points))
    scale = _scale(min(point[1] for point in points), max(point[1] for point in points))
    canvas = _Canvas(width, height, title, groups)
    plot = canvas.axes(scale, across, x_title or x, y_title or y)
    for point in points:
        hint = f"{_shown(point[0])}, {_shown(point[1])}"
        canvas.dot(
            plot.x(point[0]),
            plot.y(point[1]),
            groups.index(point[2]),
            f"{point[2]} {hint}".strip(),
            radius=4,
            opacity=0.75,
        )
    return canvas.document()


@tool(
    tags=["chart", "pie", "graph", "diagram", "svg", "share", "percent"],
    examples=[{"request": "pie chart of these shares", "args": {"data": {"rent": 900, "food": 400, "fun": 200}}}],
)
def pie_chart(
    data: Given, *, labels: str = "", value: str = "", title: str = "", width: int = 640, height: int = 400
) -> str:
    """Draw shares of a whole as a pie, as SVG text, with a legend of numbers and percentages.

    Args:
        data: an object such as {"rent": 900, "food": 400}, a list of numbers, or a list of objects
        labels: the column with the labels, for a list of objects; by default the first that holds text
        value: the column with the numbers; by default the first that holds numbers
        title: what to write above the chart
        width: how wide the picture is, in pixels
        height: how high the picture is, in pixels
    """
    names, series = _series(data, labels, [value] if value else None, _MOST_BARS)
    found = [(str(name), number) for name, number in zip(names, series[0].values, strict=True) if number is not None]
    if below := [name for name, number in found if number < 0]:
        raise _wrong(f"data has a number below zero for {below[0]!r}; a pie can show none, but a bar_chart can")
    total = math.fsum(number for _, number in found)
    if total <= 0:
        raise _wrong("data adds up to zero; give at least one number above it")
    slices = sorted((item for item in found if item[1] > 0), key=lambda item: -item[1])
    if len(slices) > len(_COLOURS):
        slices, rest = slices[: len(_COLOURS) - 1], slices[len(_COLOURS) - 1 :]
        slices.append((f"{len(rest)} others", math.fsum(number for _, number in rest)))
    canvas = _Canvas(width, height, title, [])
    top = canvas.top + 4
    radius = max(20.0, min((height - top - 16) / 2, width * 0.28))
    x, y, turned = 24 + radius, top + radius, 0.0
    for number, (name, share) in enumerate(slices):
        canvas.slice(
            (x, y), radius, turned / total, (turned + share) / total, number=number, hint=f"{name}: {_shown(share)}"
        )
        turned += share
        line = top + 12 + number * min(26.0, (height - top - 16) / len(slices))
        canvas.add(
            f'<rect x="{x + radius + 28:.1f}" y="{line - 6:.1f}" width="12" height="12" fill="{_colour(number)}"/>'
        )
        text = f"{name}: {_shown(share)} ({share / total:.1%})"
        canvas.text(x + radius + 48, line + 4, _cut(text, width - x - radius - 56, 13), 13)
    return canvas.document()


# --- data


def _rows(data: Given) -> list[Any]:
    if isinstance(data, dict) and isinstance(data.get("rows"), list):
        data = data["rows"]
    if not isinstance(data, list):
        raise _wrong("data is no list; give a list of objects or of pairs of numbers")
    return data


def _series(data: Given, labels: str, values: list[str] | None, most: int) -> tuple[list[Any], list[Series]]:
    """The labels, and for each column of numbers its name and values."""
    if isinstance(data, dict) and not isinstance(data.get("rows"), list):
        rows: list[Any] = [{"label": name, "value": value} for name, value in data.items()]
        labels, values = "label", ["value"]
    else:
        rows = _rows(data)
        if rows and not isinstance(rows[0], dict):
            rows = [{"label": place, "value": value} for place, value in enumerate(rows, 1)]
            labels, values = "label", ["value"]
    if not rows:
        raise _wrong("data is empty; give at least one number")
    if len(rows) > most:
        raise _wrong(f"data has {len(rows)} entries; give at most {most}, perhaps grouped by table_query")
    if not all(isinstance(row, dict) for row in rows):
        raise _wrong("data mixes objects with other things; give a list of objects")
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for argument, name in [("labels", labels), *(("values", name) for name in values or ())]:
        if name and name not in columns:
            raise _wrong(f"{argument} names the unknown column {name!r}; there are: {', '.join(columns)}")
    numeric = [name for name in columns if any(_is_number(row.get(name)) for row in rows)]
    labels = labels or next((name for name in columns if name not in numeric and name not in (values or ())), "")
    values = values or [name for name in numeric if name != labels]
    if not values:
        raise _wrong("data holds no numbers; give some, or name their columns in values")
    if len(values) > len(_COLOURS):
        raise _wrong(f"values names {len(values)} columns; give at most {len(_COLOURS)}")
    names = [row.get(labels) if labels else place for place, row in enumerate(rows, 1)]
    series = [Series(name, [_checked(row.get(name), name) for row in rows]) for name in values]
    if all(value is None for one in series for value in one.values):
        raise _wrong("data holds no numbers; give at least one")
    return names, series


def _checked(value: Any, name: str) -> float | None:
    if value is None or value == "":
        return None
    if not _is_number(value):
        raise _wrong(
            f"data holds {_brief(value)} for {name}; give numbers up to 1e300, or name other columns in values"
        )
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e300


def _texts(names: Sequence[Any]) -> list[str]:
    return ["" if name is None else _shown(name) if _is_number(name) else str(name) for name in names]


# --- scales


class Scale(NamedTuple):
    low: float
    high: float
    step: float

    @property
    def ticks(self) -> list[float]:
        return [self.low + place * self.step for place in range(round((self.high - self.low) / self.step) + 1)]

    def label(self, tick: float) -> str:
        if self.step < 1e-6 or max(abs(self.low), abs(self.high)) >= 1e12:
            return f"{tick:.3g}" if abs(tick) > self.step / 1000 else "0"
        digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        if round(self.step * 10**digits, 9) % 1:  # steps of 2.5 have a digit more
            digits += 1
        return f"{tick if abs(tick) > self.step / 1000 else 0:,.{digits}f}".replace("-", "−")


def _scale(low: float, high: float) -> Scale:
    """Round numbers from below the lowest value to above the highest, about six of them."""
    # Between the smallest of all numbers there is no room for steps.
    low, high = (0.0 if abs(bound) < 1e-290 else bound for bound in (low, high))
    if high - low < abs(high) * 1e-9 or high == low:
        around = abs(high) * 0.1 or 1.0
        low, high = low - around, high + around
    if low > 0 and low < (high - low) * 0.5:
        low = 0.0  # not far from zero: one sees more when it is there
    power = 10.0 ** math.floor(math.log10((high - low) / 6))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10, 20) if (high - low) / (factor * power) <= 6.5)
    return Scale(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step)


def _shown(value: float) -> str:
    return f"{value:,.10g}".replace("-", "−")


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


# --- drawing


class Plot(NamedTuple):
    """Where the data goes."""

    left: float
    top: float
    right: float
    bottom: float
    up: Scale
    across: Scale | None

    @property
    def width(self) -> float:
        return self.right - self.left

    def y(self, value: float) -> float:
        return self.bottom - (value - self.up.low) / (self.up.high - self.up.low) * (self.bottom - self.top)

    def x(self, value: float) -> float:
        assert self.across is not None
        return self.left + (value - self.across.low) / (self.across.high - self.across.low) * self.width


class _Canvas:
    """Collects the parts of a picture; the title and the legend are drawn at once."""

    def __init__(self, width: int, height: int, title: str, legend: Sequence[str]) -> None:
        for name, size in (("width", width), ("height", height)):
            if not 200 <= size <= 5000:
                raise _wrong(f"{name} is {size}; give a number of pixels from 200 to 5000")
        self._width, self._height = width, height
        self._parts: list[str] = []
        self._title = title
        self.top = 20.0
        if title:
            self.text(width / 2, 30, _cut(title, width - 32, 18), 18, anchor="middle", weight="600")
            self.top = 50.0
        if len(legend) > 1:
            self._legend(legend)

    def _legend(self, names: Sequence[str]) -> None:
        x = 24.0
        for number, name in enumerate(names):
            shown = _cut(name, 200, 13)
            size = 18 + _text_width(shown, 13) + 20
            if x + size > self._width - 16 and x > 24:
                x, self.top = 24.0, self.top + 20
            self.add(f'<rect x="{x:.1f}" y="{self.top - 4:.1f}" width="12" height="12" fill="{_colour(number)}"/>')
            self.text(x + 18, self.top + 7, shown, 13)
            x += size
        self.top += 26

    def add(self, part: str) -> None:
        self._parts.append(part)

    def text(
        self, x: float, y: float, text: str, size: int, *, anchor: str = "start", weight: str = "", turn: int = 0
    ) -> None:
        more = f' font-weight="{weight}"' if weight else ""
        more += f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        fill = _INK if size >= 13 else _GREY
        self.add(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"{more}>'
            f"{_safe(text)}</text>"
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
        self.add(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>')

    def dot(self, x: float, y: float, number: int, hint: str, *, radius: float = 3.5, opacity: float = 1.0) -> None:
        self.add(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{_colour(number)}" fill-opacity="{opacity}">'
            f"<title>{_safe(hint)}</title></circle>"
        )

    def slice(
        self, centre: tuple[float, float], radius: float, start: float, end: float, *, number: int, hint: str
    ) -> None:
        """A part of a pie, from one share of the whole to another."""
        x, y = centre
        look = f'fill="{_colour(number)}" stroke="#ffffff" stroke-width="1.5"><title>{_safe(hint)}</title>'
        if end - start > 0.9999:  # an arc from a point to itself is none
            self.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {look}</circle>')
            return
        angles = (math.tau * start, math.tau * end)
        (x1, y1), (x2, y2) = ((x + radius * math.sin(angle), y - radius * math.cos(angle)) for angle in angles)
        arc = f"A{radius:.2f} {radius:.2f} 0 {int(end - start > 0.5)} 1 {x2:.2f} {y2:.2f}"
        self.add(f'<path d="M{x:.2f} {y:.2f}L{x1:.2f} {y1:.2f}{arc}Z" {look}</path>')

    def axes(self, up: Scale, across: Scale | list[str], x_title: str, y_title: str) -> Plot:
        """Draw both axes with their labels; where the data goes."""
        ticks = [(tick, up.label(tick)) for tick in up.ticks]
        left = 20 + max(_text_width(label, 12) for _, label in ticks) + (22 if y_title else 0)
        right = self._width - 20.0
        slot = (right - left) / (len(across) if isinstance(across, list) else 1)
        widths = [_text_width(_cut(label, 170, 12), 12) for label in across] if isinstance(across, list) else [0.0]
        is_turned = max(widths) > slot - 6
        longest = max(widths) if is_turned else 0
        bottom = self._height - 34 - (22 if x_title else 0) - longest * 0.62
        if bottom - self.top < 40:
            raise _wrong("height leaves no room for the chart; give a larger one, or shorter labels")
        plot = Plot(left, self.top, right, bottom, up, across if isinstance(across, Scale) else None)
        for tick, label in ticks:
            self.line(left, plot.y(tick), right, plot.y(tick), _PALE)
            self.text(left - 8, plot.y(tick) + 4, label, 12, anchor="end")
        if isinstance(across, Scale):
            for tick in across.ticks:
                self.line(plot.x(tick), bottom, plot.x(tick), bottom + 5, _GREY)
                self.text(plot.x(tick), bottom + 20, across.label(tick), 12, anchor="middle")
        else:
            every = math.ceil(16 / slot)  # where labels would overlap even when turned, some are left out
            for place, label in list(enumerate(across))[::every]:
                x = left + slot * (place + 0.5)
                if is_turned:
                    self.text(x + 4, bottom + 14, _cut(label, 170, 12), 12, anchor="end", turn=-38)
                else:
                    self.text(x, bottom + 20, label, 12, anchor="middle")
        self.line(left, bottom, right, bottom, _GREY)
        if x_title:
            self.text((left + right) / 2, self._height - 12, _cut(x_title, right - left, 13), 13, anchor="middle")
        if y_title:
            middle = (self.top + bottom) / 2
            self.text(20, middle, _cut(y_title, bottom - self.top, 13), 13, anchor="middle", turn=-90)
        return plot

    def document(self) -> str:
        body = "\n".join(self._parts)
        named = f"<title>{_safe(self._title)}</title>\n" if self._title else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width} {self._height}" width="{self._width}"'
            f' height="{self._height}" font-family="system-ui, Segoe UI, Helvetica, Arial, sans-serif" role="img">\n'
            f'{named}<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
        )


def _safe(text: str) -> str:
    """A text as XML can hold it."""
    return escape("".join(letter if unicodedata.category(letter) not in ("Cc", "Cs", "Cn") else " " for letter in text))


def _text_width(text: str, size: int) -> float:
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.56 for letter in text) * size


def _cut(text: str, room: float, size: int) -> str:
    """A text that is shortened to the room there is."""
    if _text_width(text, size) <= room:
        return text
    while text and _text_width(text, size) > room - size:
        text = text[: -max(1, len(text) // 10)]
    return f"{text.rstrip()}…"


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")


def _brief(value: Any) -> str:
    """A value as far as it fits into a line that somebody reads."""
    said = repr(value)
    return said if len(said) <= _MOST_SHOWN else f"{said[:_MOST_SHOWN]}…"


_MOST_SHOWN = 60
