"""The command line: arguments, wiring and exit codes. What the commands do is in `overseer.commands`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from overseer import __version__

EXIT_CODES = """\
exit codes: 0 all steps succeeded, 1 unexpected error, 2 usage or configuration, 3 the plan is not valid,
4 a step failed, 5 a decision is missing, 130 interrupted"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the process's exit code."""
    _make_streams_safe()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    return _carry_out(options)


def _carry_out(options: argparse.Namespace) -> int:
    from overseer import commands
    from overseer.config import load_settings
    from overseer.errors import ApprovalNeeded, OverseerError, PlanError, RunNotFound, UsageError

    try:
        command = getattr(commands, options.command)
        code: int = command(options, load_settings())
        return code
    except OverseerError as error:
        commands.complain(error, as_json=getattr(options, "json", False))
        match error:
            case UsageError() | RunNotFound():
                return commands.EXIT_USAGE
            case PlanError():
                return commands.EXIT_PLAN
            case ApprovalNeeded():
                return commands.EXIT_APPROVAL
        return commands.EXIT_ERROR
    except BrokenPipeError:
        # Whoever read the output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return commands.EXIT_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="overseer", description="Plans a task as a graph of steps and runs it in parallel.", epilog=EXIT_CODES
    )
    parser.add_argument("--version", action="version", version=f"overseer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    check = commands.add_parser("check", help="say everything that is wrong with a plan file, or how it would run")
    check.add_argument("file", type=Path, metavar="FILE")
    _add_tools(check)
    _add_json(check)

    run = commands.add_parser("run", help="carry out a plan file", epilog=EXIT_CODES)
    run.add_argument("file", type=Path, metavar="FILE")
    run.add_argument("--input", action="append", default=[], metavar="NAME=VALUE", help="an input of the plan")
    run.add_argument("--no-journal", action="store_true", help="leave no trace; the run cannot be resumed")
    _add_tools(run)
    _add_running(run)

    runs = commands.add_parser("runs", help="list the runs in the journal, newest first")
    runs.add_argument("--limit", type=_positive, default=50, metavar="N", help="how many (default: 50)")
    _add_json(runs)

    show = commands.add_parser("show", help="say what became of every step of a run")
    show.add_argument("run", metavar="RUN", help="its id, or the beginning of it")
    _add_json(show)

    resume = commands.add_parser("resume", help="go on with a run where it was", epilog=EXIT_CODES)
    resume.add_argument("run", metavar="RUN", help="its id, or the beginning of it")
    for flag, what in (("--repeat", "call again"), ("--give-up", "count as failed")):
        resume.add_argument(
            flag,
            action="append",
            default=[],
            metavar="STEP",
            help=f"a step that was cut off: {what} ('all': every one)",
        )
    _add_tools(resume)
    _add_running(resume)
    return parser


def _add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-parallel", type=_positive, metavar="N", help="steps that may work at the same time")
    form = parser.add_mutually_exclusive_group()
    _add_json(form)
    form.add_argument("--jsonl", action="store_true", help="print the events as they happen, one JSON object a line")


def _add_tools(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tools", action="append", default=[], type=Path, metavar="DIR", help="a folder of further tools (repeatable)"
    )


def _add_json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 999999999")
    return number


def _make_streams_safe() -> None:
    """No terminal and no pipe may make a result unprintable, and a closed one is no reason to break off."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the whole process
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def entry() -> None:
    """The installed command. A tool that hangs in a thread must not keep the process alive."""
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    entry()
