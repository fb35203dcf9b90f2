"""What it costs to run a graph of steps, beside others who can: overhead, size, overlap, memory.

    python bench/executor.py [--groups overhead,huge,makespan,speedup,memory] [--rounds 3]
                             [--peers a,b] [--out results.json] [--quick] [--check]

Every measurement is a fresh process. `docs/benchmarks.md` says what the figures mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.contenders import CONTENDERS, REFERENCE, Contender
from bench.figures import Ratio, Row, Table, growth_exponents, table_of
from bench.goals import Verdict, verdicts
from bench.measure import Failed, Measured, measured_apart
from bench.series import GROUPS, QUICK, Trial, Workload, trials
from bench.tables import report


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    versions, absences = _versions(options.peers)
    facts = {"began": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **_machine(), "load_before": os.getloadavg()}
    taken = _taken(options, [CONTENDERS[name] for name in versions])
    facts["load_after"] = os.getloadavg()
    table = table_of(taken)
    judged = verdicts(table)
    text = "\n".join([report(table, judged), "", *absences])
    results = json.dumps(_results(facts | {"rounds": options.rounds}, versions, taken, table, judged), indent=1)
    print(text, file=sys.stderr if options.out == "-" else sys.stdout)
    if options.out == "-":
        print(results)
    elif options.out:
        Path(options.out).write_text(results)
    return 1 if options.check and any(verdict.must == "FAIL" for verdict in judged) else 0


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure executors of step graphs beside each other.")
    parser.add_argument("--groups", default=list(GROUPS), type=_names(GROUPS), help=f"of {','.join(GROUPS)}")
    parser.add_argument("--peers", default=list(CONTENDERS), type=_names(CONTENDERS), help=f"of {','.join(CONTENDERS)}")
    parser.add_argument("--rounds", type=int, help="how often everything is measured; 3, or 1 with --quick")
    parser.add_argument("--timeout-s", type=float, default=60.0, help="for one measurement; 60")
    parser.add_argument("--out", help="a file for all figures as JSON; - for the standard output")
    parser.add_argument("--quick", action="store_true", help="tiny graphs, to see that everything works")
    parser.add_argument("--check", action="store_true", help="end with 1 if a figure is not what it must be")
    options = parser.parse_args(argv)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def _names(known: Mapping[str, Any]) -> Any:
    """How an option reads its list of names."""

    def read(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there is: {', '.join(known)}")
        return names

    return read


def _versions(asked: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The versions of those who can take part, the reference always among them; a line for each who cannot."""
    versions: dict[str, str] = {}
    absences: list[str] = []
    for name in dict.fromkeys([REFERENCE, *asked]):
        try:
            versions[name] = CONTENDERS[name].versions()
        except PackageNotFoundError as error:
            absences.append(f"{name} took no part: {error.name} is not installed")
    return versions, absences


def _machine() -> dict[str, Any]:
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def _taken(options: argparse.Namespace, contenders: Sequence[Contender]) -> list[Trial]:
    groups = QUICK if options.quick else GROUPS

    def measure(contender: Contender, workload: Workload) -> Measured | Failed:
        print(f"{time.strftime('%H:%M:%S')} {workload.dag} {contender.name}", file=sys.stderr, flush=True)
        return measured_apart(
            contender,
            workload.dag,
            workers=workload.workers,
            repeats=workload.repeats,
            timeout_s=options.timeout_s,
        )

    chosen = {group: groups[group] for group in options.groups}
    return list(trials(chosen, contenders, measure, rounds=options.rounds, chance=random.Random()))


def _results(
    facts: dict[str, Any], versions: dict[str, str], taken: list[Trial], table: Table, judged: list[Verdict]
) -> dict[str, Any]:
    """Everything, from which every figure can be worked out again."""
    return {
        **facts,
        "reference": REFERENCE,
        "contenders": {name: {"what": CONTENDERS[name].what, "versions": text} for name, text in versions.items()},
        "goals": [_goal(verdict) for verdict in judged],
        "growth_exponents": growth_exponents(table),
        "figures": [
            {"group": group, "dag": dag, "contender": name} | _row(row)
            for (group, dag), rows in table.items()
            for name, row in rows.items()
        ],
        "trials": [asdict(trial) for trial in taken],
    }


def _row(row: Row) -> dict[str, Any]:
    return {"fails": row.reason} if isinstance(row, Failed) else asdict(row)


def _goal(verdict: Verdict) -> dict[str, Any]:
    goal, reading = verdict.goal, verdict.reading
    return {
        "goal": goal.what,
        "figure": asdict(reading) if isinstance(reading, Ratio | Failed) else reading,
        "unit": goal.unit,
        "must": {"limit": goal.must, "verdict": verdict.must},
        "want": {"limit": goal.want, "verdict": verdict.want},
        "is_floor": goal.is_floor,
    }


if __name__ == "__main__":
    sys.exit(main())
