"""What became of a node, in one of five words and a sentence."""

from __future__ import annotations

import signal

from overseer.sandbox.inside import node
from overseer.sandbox.results import NoResult, result_from
from overseer.sandbox.running import Ended
from overseer.sandbox.values import MEGABYTE, Job, Level, Limits, Metrics, Outcome, Verdict

_MOST_ERROR = 20_000


def outcome_of(ended: Ended, job: Job, level: Level) -> Outcome:
    """The outcome that the facts amount to."""
    metrics = Metrics(ended.latency_s, ended.record["cpu_s"], ended.record["memory"])
    stderr = ended.stderr.decode(errors="replace")
    verdict: Verdict = "good"
    value, error = None, ""
    if why := _killed_for(ended, job.limits):
        verdict, error = "killed", why
    elif why := _crashed_by(ended):
        verdict, error = "crash", why
    elif ended.broke_rule:
        verdict, error = "crash", f"it broke the rules of the channel to its tools: {ended.broke_rule}"
    elif ended.report.startswith(node.NOT_JSON):
        verdict, error = "non-JSON", _said(ended.report)
    elif not ended.report and not ended.stdout.strip():
        verdict, error = "silent", "it ended without a result: nothing was printed, and no main(input) returned"
    else:
        try:
            value = result_from(ended.report[1:] if ended.report else ended.stdout)
        except NoResult as problem:
            what = "what main returned" if ended.report else "what it printed"
            verdict, error = "non-JSON", f"{what} is no JSON value: {problem}"
    return Outcome(verdict, level, metrics, value, error[:_MOST_ERROR], stderr)


def _killed_for(ended: Ended, limits: Limits) -> str:
    """Which limit the node was killed for; empty if it was not."""
    record = ended.record
    if ended.stopped_for == "cancelled":
        return "it was given up"
    if ended.stopped_for == "result":
        return f"output: it printed or returned more than {_in_words(limits.result)}"
    if record["killed_for"] == "wall":
        return f"time: it took longer than {limits.wall_s:g} s"
    if ended.report.startswith(node.OUT_OF_MEMORY):
        return f"memory: it needed more than {_in_words(limits.memory)}"
    if record["code"] >= 0:
        return ""
    return _killed_by(-record["code"], record["cpu_s"], limits)


def _killed_by(number: int, cpu_s: float, limits: Limits) -> str:
    most_cpu_s = limits.wall_s if limits.cpu_s is None else limits.cpu_s
    if number == signal.SIGXCPU or (number == signal.SIGKILL and cpu_s >= most_cpu_s):
        return f"processor time: it used more than {most_cpu_s:g} s"
    if number == signal.SIGSYS:
        return "system calls: it made one of another kind of machine"
    if number == signal.SIGXFSZ:
        return f"files: it wrote one of more than {_in_words(limits.scratch)}"
    if number == signal.SIGKILL:
        return "memory: the system killed it, most likely because it ran out of memory"
    return ""


def _crashed_by(ended: Ended) -> str:
    if ended.report.startswith(node.CRASHED):
        return _said(ended.report)
    code = ended.record["code"]
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"it died of {name}"
    if code == 0:
        return ""
    last = ended.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return f"it ended with exit code {code}" + (f"; the last it said: {last[0][:500]}" if last else "")


def _said(report: bytes) -> str:
    return report[1:].decode(errors="replace")


def _in_words(size: int) -> str:
    return f"{size / MEGABYTE:g} MB" if size >= MEGABYTE // 10 else f"{size} bytes"
