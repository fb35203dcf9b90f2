"""The command line: arguments, wiring and exit codes. What the commands do is in `overseer.commands`."""

from __future__ import annotations

# Nothing more is imported up here: Ctrl-C while loading must find `entry` at work.
import os

TYPE_CHECKING = False  # what type checkers take it for
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from overseer.errors import OutputError

EXIT_CODES = """\
exit codes: 0 all steps succeeded, 1 unexpected error, 2 usage or configuration, 3 the plan is not valid,
4 a step failed, 5 a decision is missing, 130 interrupted, 141 nobody read the output to its end"""


def entry() -> None:
    """The installed command. A tool that hangs in a thread must not keep the process alive."""
    code = 1
    try:
        _leave_when_interrupted()
        from overseer.console import make_streams_safe

        make_streams_safe()
        code = _sent_off(main())
    except SystemExit as left:  # of argparse, which has said why
        code = _sent_off(left.code if isinstance(left.code, int) else 1)
    except KeyboardInterrupt:  # before it was known what to do then, or raised by a tool's own file
        _say_interrupted()
        code = 130
    except BaseException:
        _print_traceback()
    finally:
        os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the process's exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 0
    from overseer.errors import OutputError

    try:
        return _carry_out(options, as_json=getattr(options, "json", False))
    except OutputError as error:
        return _unsaid(error)


def _carry_out(options: argparse.Namespace, *, as_json: bool) -> int:
    from overseer import exits
    from overseer.console import complain
    from overseer.errors import OutputError, OverseerError

    try:
        from overseer import commands
        from overseer.config import load_settings

        command = getattr(commands, options.command)
        code: int = command(options, load_settings())
        return code
    except OutputError:
        raise
    except OverseerError as error:
        complain(error, as_json=as_json)
        return exits.code_of(error)
    except Exception as error:  # a bug: whoever reads a document gets one all the same
        _print_traceback()
        if as_json:
            complain(OverseerError(f"unexpected error: {type(error).__name__}: {error}"), as_json=True)
        return exits.ERROR


def _sent_off(code: int) -> int:
    """The exit code, once all that was printed is on its way."""
    from overseer.console import flush
    from overseer.errors import OutputError

    try:
        flush()
    except OutputError as error:
        return _unsaid(error)
    return code


def _unsaid(error: OutputError) -> int:
    """The exit code where standard output fails; if its reader has gone, there is nobody to tell."""
    from overseer import exits
    from overseer.console import complain

    if not error.is_unread:
        complain(error, as_json=False)
    return exits.code_of(error)


def _print_traceback() -> None:
    import traceback

    traceback.print_exc()


def _leave_when_interrupted() -> None:
    """Before a run begins there is nothing to stop: Ctrl-C ends the process, wherever in loading it is."""

    import signal

    def leave(_number: int, _frame: Any) -> None:
        # No exception: an import might turn it into another one, or swallow it.
        _say_interrupted()
        os._exit(130)

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # somebody may want it ignored
        signal.signal(signal.SIGINT, leave)


def _say_interrupted() -> None:
    try:
        os.write(2, b"interrupted\n")
    except OSError:
        return


def _parser() -> argparse.ArgumentParser:
    import argparse

    from overseer import __version__

    parser = argparse.ArgumentParser(
        prog="overseer", description="Plans a task as a graph of steps and runs it in parallel.", epilog=EXIT_CODES
    )
    parser.add_argument("--version", action="version", version=f"overseer {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    check = commands.add_parser("check", help="say everything that is wrong with a plan file, or how it would run")
    check.add_argument("file", type=_plan_file, metavar="FILE", help="a plan; '-': from standard input")
    _add_tools(check)
    _add_json(check)

    run = commands.add_parser("run", help="carry out a plan file", epilog=EXIT_CODES)
    run.add_argument("file", type=_plan_file, metavar="FILE", help="a plan; '-': from standard input")
    run.add_argument("--input", action="append", default=[], metavar="NAME=VALUE", help="an input of the plan")
    run.add_argument("--no-journal", action="store_true", help="leave no trace; the run cannot be resumed")
    _add_tools(run)
    _add_running(run)

    runs = commands.add_parser("runs", help="list the runs in the journal, newest first, or remove old ones")
    runs.add_argument("--limit", type=_positive, default=50, metavar="N", help="how many (default: 50)")
    runs.add_argument("--prune", type=_age, metavar="AGE", help="remove the runs that ended longer ago, such as 30d")
    runs.add_argument("--all", action="store_true", help="with --prune: also runs that were cut off that long ago")
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
    from pathlib import Path

    parser.add_argument(
        "--tools", action="append", default=[], type=Path, metavar="DIR", help="a folder of further tools (repeatable)"
    )


def _add_json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _plan_file(text: str) -> Path:
    from pathlib import Path

    return Path("/dev/stdin" if text == "-" and os.name == "posix" else text)


def _age(text: str) -> float:
    from argparse import ArgumentTypeError

    from overseer.plan import seconds_of

    try:
        return seconds_of(text, zero_ok=True)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1:
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{text[:40]!r} is not a whole number from 1 to 999999999")
    return number


if __name__ == "__main__":
    entry()
