"""Figures and goals as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from bench.dags import made
from bench.figures import Figures, Ratio, Row, Table, growth_exponents, pace_of
from bench.goals import Goal, Verdict
from bench.measure import Failed

_Columns: TypeAlias = dict[str, Callable[[Figures], str]]

_COST: _Columns = {
    "us/step": lambda row: f"{row.us_per_step:.1f}",
    "CPU us/step": lambda row: f"{row.cpu_us_per_step:.1f}",
    "build ms": lambda row: f"{row.build_s * 1e3:.1f}",
    "run ms": lambda row: f"{row.run_s * 1e3:.1f}",
    "x reference (least-greatest)": lambda row: _ratio(row.against_reference),
}
_MAKESPAN: _Columns = {
    "makespan / critical path": lambda row: f"{pace_of(row).over_critical_path:.4f}",
    "speed-up": lambda row: f"{pace_of(row).speed_up:.2f}",
    "build ms": lambda row: f"{row.build_s * 1e3:.1f}",
    "start delay ms: half": lambda row: f"{pace_of(row).delays.half_s * 1e3:.2f}",
    "99 %": lambda row: f"{pace_of(row).delays.most_s * 1e3:.2f}",
    "worst": lambda row: f"{pace_of(row).delays.worst_s * 1e3:.2f}",
    "x reference (least-greatest)": lambda row: _ratio(row.against_reference),
}
_SPEED_UP: _Columns = {
    "speed-up": lambda row: f"{pace_of(row).speed_up:.2f}",
    "in the first run": lambda row: f"{pace_of(row).first_speed_up:.2f}",
    "build ms": lambda row: f"{row.build_s * 1e3:.1f}",
    "x reference (least-greatest)": lambda row: _ratio(row.against_reference),
}
_MEMORY: _Columns = {
    "bytes/step": lambda row: f"{row.bytes_per_step:.0f}",
    "KB/step": lambda row: f"{row.bytes_per_step / 1024:.2f}",
}
_BY_GROUP = {"overhead": _COST, "huge": _COST, "makespan": _MAKESPAN, "speedup": _SPEED_UP, "memory": _MEMORY}


def report(table: Table, verdicts: Iterable[Verdict]) -> str:
    """Everything that was measured, then the goals."""
    parts = [
        f"### {group}, {_described(dag)}\n\n{_figures(rows, _BY_GROUP[group])}" for (group, dag), rows in table.items()
    ]
    if exponents := growth_exponents(table):
        parts.append(f"### growth exponents, 1000 to 10000 steps\n\n{_growth(exponents)}")
    return "\n\n".join([*parts, f"### goals\n\n{_goals(verdicts)}"])


def _described(name: str) -> str:
    dag = made(name)
    text = f"{name}: {len(dag)} steps"
    if not dag.sleep_s:
        return text
    ideal = f"critical path {dag.critical_path_s():.3f} s, in waves at best {dag.waves_s():.3f} s"
    return f"{text}, {dag.work_s:.3f} s of work, {ideal}"


def _figures(rows: dict[str, Row], columns: _Columns) -> str:
    """Fastest first, then who failed and why."""
    good = {name: row for name, row in rows.items() if isinstance(row, Figures)}
    lines = [
        [name, *(cell(row) for cell in columns.values())]
        for name, row in sorted(good.items(), key=lambda item: item[1].total_s)
    ]
    failures = [f"{name} FAILS: {row.reason}" for name, row in rows.items() if isinstance(row, Failed)]
    return "\n\n".join([_grid(["contender", *columns], lines), *failures])


def _growth(exponents: dict[str, dict[str, float]]) -> str:
    shapes = sorted({shape for by_shape in exponents.values() for shape in by_shape})
    lines = [
        [name, *(f"{by_shape[shape]:.2f}" if shape in by_shape else "-" for shape in shapes)]
        for name, by_shape in exponents.items()
    ]
    return _grid(["contender", *shapes], lines)


def _goals(verdicts: Iterable[Verdict]) -> str:
    lines = [
        [
            verdict.goal.what,
            _reading(verdict),
            _limit(verdict.goal, verdict.goal.must),
            verdict.must,
            _limit(verdict.goal, verdict.goal.want),
            verdict.want,
        ]
        for verdict in verdicts
    ]
    return _grid(["goal", "figure", "must", "", "want", ""], lines)


def _reading(verdict: Verdict) -> str:
    match verdict.reading:
        case None:
            return "-"
        case Failed(reason):
            return f"FAILS: {reason}"
        case Ratio() as ratio:
            return _ratio(ratio)
        case figure:
            return f"{figure:.3f} {verdict.goal.unit}".rstrip()


def _limit(goal: Goal, limit: float | None) -> str:
    if limit is None:
        return "yes"
    return f"{'>=' if goal.is_floor else '<='} {limit:g} {goal.unit}".rstrip()


def _ratio(ratio: Ratio | None) -> str:
    return f"{ratio.median:.2f} ({ratio.least:.2f}-{ratio.greatest:.2f})" if ratio else "-"


def _grid(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others to the right."""
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(heads, *lines, strict=True)]

    def row(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([row(heads), f"|{rule}|", *map(row, lines)])
