"""The command line: from arguments to a command, and from its end to an exit code."""

from __future__ import annotations

# Nothing more is imported up here: Ctrl-C while loading must find `entry` at work.
import os
import sys

TYPE_CHECKING = False  # what type checkers take it for
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any

    from overseer.commands.misuse import Misused
    from overseer.console import Form
    from overseer.errors import OutputError


def entry() -> None:
    """The installed command. A tool that hangs in a thread must not keep the process alive."""
    code = 1
    try:
        _leave_when_interrupted()
        _look_for_garbage_less_often()
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
    from overseer.commands.arguments import parsed
    from overseer.commands.misuse import Misused
    from overseer.errors import OutputError

    try:
        try:
            options = parsed(arguments)
        except Misused as misused:
            _complain_of_use(misused, sys.argv[1:] if arguments is None else arguments)
            raise
        form: Form = "json" if getattr(options, "json", False) else "jsonl" if _has_lines(options) else "text"
        return _carry_out(options, form)
    except OutputError as error:
        return _unsaid(error)


def _has_lines(options: argparse.Namespace) -> bool:
    return bool(getattr(options, "jsonl", False))


def _complain_of_use(misused: Misused, arguments: Sequence[str]) -> None:
    """Give a document to whoever asked for one; a person has been told."""
    form: Form | None = next((form for form in ("json", "jsonl") if f"--{form}" in arguments), None)
    if form is not None:
        from overseer.console import complain
        from overseer.errors import UsageError

        complain(UsageError(misused.reason), form, 2)


def _carry_out(options: argparse.Namespace, form: Form) -> int:
    from overseer import exits
    from overseer.console import complain
    from overseer.errors import OutputError, OverseerError

    try:
        from overseer.commands import carry_out

        return carry_out(options)
    except OutputError:
        raise
    except OverseerError as error:
        code = exits.code_of(error)
        complain(error, form, code)
        return code
    except Exception as error:  # a bug: whoever reads a document gets one all the same
        _print_traceback()
        if form != "text":
            complain(OverseerError(f"unexpected error: {type(error).__name__}: {error}"), form, exits.ERROR)
        return exits.ERROR


def _sent_off(code: int) -> int:
    """The exit code, once all that was printed is on its way."""
    from overseer.console import flush
    from overseer.errors import OutputError

    try:
        flush()
    except OutputError as error:
        return code or _unsaid(error)
    return code


def _unsaid(error: OutputError) -> int:
    """The exit code where standard output fails; if its reader has gone, there is nobody to tell."""
    from overseer import exits
    from overseer.console import complain

    if not error.is_unread:
        complain(error, "text", exits.ERROR)
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


def _look_for_garbage_less_often() -> None:
    """Loading makes many objects, all of which stay: looking through them again and again takes a sixth of its time."""
    import gc

    gc.set_threshold(20_000, 10, 10)


def _say_interrupted() -> None:
    try:
        os.write(sys.stderr.fileno(), b"interrupted\n")
    except (AttributeError, OSError, ValueError):  # nobody listens
        return


if __name__ == "__main__":
    entry()
