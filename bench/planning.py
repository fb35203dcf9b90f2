"""Plans for a folder of planning cases, for a scorer to compare with gold plans.

    python bench/planning.py GOLD PREDICTIONS.jsonl [--rules | --model SPEC] [--jobs N] [--by FIELD ...]

GOLD is a file of cases or a folder of such files: JSON Lines with id, request and tools, each tool with
name, description, parameters (JSON Schema) and perhaps returns (the properties of its result). Of a case,
the planner is given the request and the tools, registered as stubs, and nothing else. A line of PREDICTIONS
is {"id", "steps": [{"step_id", "tool", "depends_on", "parallel_group", "args", "description"}]}.

`--rules` plans without any model, and is the default. Nobody is there to be asked back, so what a request
does not tell becomes an input of its plan. `--model` asks a model for the plans, as `overseer plan` does:
openai/gpt-5, ollama/llama3, scripted/FILE, the path of a .gguf file, or the address of a server that speaks
OpenAI's protocol. Keys and addresses come from the environment. `--jobs` cases are planned at the same time.
A case that fails has a line without steps, and its reason is on standard error. Ctrl-C ends the rest; what is
done is kept. `--by` counts what came out by a field of the cases.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeAlias

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.planners import ByModel, Plans, by_rules
from overseer.broker.budget import Spend
from overseer.errors import OverseerError
from overseer.frontends.draft import Draft, Planned, Refused
from overseer.plan import Scope, WorkflowPlan, WorkflowStep, to_document
from overseer.tool import Tool

Case: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a planner made of a case."""

    case: Case
    draft: Draft
    seconds: float

    @property
    def outcome(self) -> str:
        return type(self.draft).__name__.casefold()

    def line(self) -> dict[str, Any]:
        steps = steps_of(self.draft.plan) if isinstance(self.draft, Planned) else []
        return {"id": self.case["id"], "steps": steps}


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    try:
        cases = list(read_cases(options.gold))
    except (OSError, ValueError) as error:
        print(f"the cases cannot be read: {error}", file=sys.stderr)
        return 2
    try:
        planner = ByModel.named(options.model) if options.model else by_rules
        with options.predictions.open("w", encoding="utf-8") as out:
            predictions, is_whole = _written(cases, planner, options.jobs, out)
    except (OverseerError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for text in summary(predictions, options.by):
        print(text)
    if isinstance(planner, ByModel):
        print(_spent(planner.name, planner.broker.budget.spent))
    return 0 if is_whole else 130


def _written(cases: list[Case], planner: Plans, jobs: int, out: TextIO) -> tuple[list[Prediction], bool]:
    """The predictions, each written as soon as those before it are; and whether there is one for every case."""
    predictions: list[Prediction] = []

    def write(prediction: Prediction) -> None:
        predictions.append(prediction)
        out.write(json.dumps(prediction.line(), ensure_ascii=False) + "\n")
        out.flush()
        if isinstance(prediction.draft, Refused):
            print(f"{prediction.case['id']}: {'; '.join(prediction.draft.reasons)}", file=sys.stderr)

    pool = ThreadPoolExecutor(jobs)
    waiting = [pool.submit(predicted, case, planner) for case in cases]
    try:
        for future in waiting:
            write(future.result())
        return predictions, True
    except KeyboardInterrupt:
        print("interrupted; what is done is kept", file=sys.stderr)
        for prediction in _done(waiting[len(predictions) :]):
            write(prediction)
        return predictions, False
    finally:
        if isinstance(planner, ByModel):
            planner.cancellation.ask()
        pool.shutdown(cancel_futures=True)


def _done(waiting: Sequence[Future[Prediction]]) -> list[Prediction]:
    return [future.result() for future in waiting if future.done() and not future.cancelled()]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path, metavar="GOLD")
    parser.add_argument("predictions", type=Path, metavar="PREDICTIONS")
    planner = parser.add_mutually_exclusive_group()
    planner.add_argument("--rules", action="store_true", help="plan without any model (the default)")
    planner.add_argument("--model", metavar="SPEC", help="ask this model for the plans, such as ollama/llama3")
    parser.add_argument("--jobs", type=_positive, default=1, metavar="N", help="cases at the same time (default: 1)")
    parser.add_argument("--by", action="append", default=[], metavar="FIELD", help="count by a field, such as source")
    return parser


def _positive(text: str) -> int:
    if text.isdecimal() and 0 < int(text) <= 1000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")


def read_cases(gold: Path) -> Iterator[Case]:
    """The cases of a file, or of all files of a folder."""
    for path in sorted(gold.glob("*.jsonl")) if gold.is_dir() else [gold]:
        for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
            if not line.strip():
                continue
            case = json.loads(line)
            if not isinstance(case, dict) or not {"id", "request", "tools"} <= case.keys():
                raise ValueError(f"{path.name}:{number} is no case with id, request and tools")
            yield case


def predicted(case: Case, planner: Plans) -> Prediction:
    """What a planner makes of the request and the tools of a case; one that raises, makes nothing of it."""
    began = time.perf_counter()
    try:
        tools = {tool.name: tool for tool in map(stub, case["tools"])}
        draft = planner(case["request"], tools)
    except Exception as error:
        draft = Refused((f"{type(error).__name__}: {error}",), "rules" if planner is by_rules else "model")
    return Prediction(case, draft, time.perf_counter() - began)


def stub(described: dict[str, Any]) -> Tool:
    """A tool that can be planned with and not be called."""
    returns = described.get("returns")
    return Tool(
        str(described["name"]),
        _not_to_be_called,
        str(described.get("description", "")),
        described.get("parameters") or {"type": "object"},
        output={"type": "object", "properties": returns} if isinstance(returns, dict) else None,
    )


def _not_to_be_called(**arguments: Any) -> None:
    raise NotImplementedError("a stub is there to be planned with")


def steps_of(plan: WorkflowPlan) -> list[dict[str, Any]]:
    """The steps as a scorer reads them; a round over a list counts as the one call in it."""
    documents = to_document(plan)["steps"]
    return [_line(step, document) for step, document in zip(plan.steps, documents, strict=True)]


def _line(step: WorkflowStep, document: dict[str, Any]) -> dict[str, Any]:
    inner = document["steps"][0] if isinstance(step.action, Scope) and document.get("steps") else document
    return {
        "step_id": step.step_id,
        "tool": inner.get("tool"),
        "depends_on": list(step.depends_on),
        "parallel_group": step.parallel_group,
        "args": inner.get("args", {}),
        "description": step.description,
    }


def summary(predictions: list[Prediction], fields: list[str]) -> Iterator[str]:
    """What came out, in all and by the fields of the cases."""
    yield _row("all", predictions)
    for field in fields:
        for value in sorted({str(p.case.get(field)) for p in predictions}):
            yield _row(f"{field} {value}", [p for p in predictions if str(p.case.get(field)) == value])


def _spent(model: str, spent: Spend) -> str:
    return f"{model}: {spent.requests} requests, {spent.tokens} tokens"


def _row(name: str, predictions: list[Prediction]) -> str:
    if not predictions:
        return f"{name}: no cases"
    counted = Counter(prediction.outcome for prediction in predictions)
    slowest = max(prediction.seconds for prediction in predictions)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in counted.most_common())
    return f"{name}: {len(predictions)} cases, {outcomes}; slowest {slowest * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
