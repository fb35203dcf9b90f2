"""Carrying out one node: its code in, one JSON value out. Runs in a process that is locked in.

Two forms are taken. A file with `main(input)` is called with the input, and what it returns is the value;
what it prints is for people. Any other file is a program: it reads the input as JSON from standard input
and prints the value as JSON.

What became of it is told on a descriptor of its own, as a letter and a text. Nothing depends on that being
true: a node that lies there lies about itself alone.
"""

from __future__ import annotations

import ast
import atexit
import json
import linecache
import os
import sys
import threading
import traceback
from types import CodeType, CoroutineType, ModuleType
from typing import Any, NoReturn

INPUT, OUTPUT, NOTES, BROKER, REPORT = range(5)

VALUE, NOT_JSON, CRASHED, OUT_OF_MEMORY = b"V", b"N", b"C", b"M"

FILE = "<node>"
_LONGEST = 20_000  # characters of an explanation

# Held here, so that a node which puts others in their place is ended all the same.
_exit, _write, _streams = os._exit, os.write, ("stdout", "stderr")

_MOST_FRAMES = 40


def warm_up() -> None:
    """Have Python make what it makes at first use, so that it is there when nodes are forked."""
    text = "def main(input):\n    return [f'{x}' for x in input if x]\nclass A: pass\nimport json"
    code = compile(text, FILE, "exec", dont_inherit=True)
    _defines_main(ast.parse(text))
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    json.loads(json.dumps(namespace["main"]([1, "ä"]), ensure_ascii=False, allow_nan=False))
    try:
        namespace["main"](1)
    except TypeError as error:
        _explained(error)


def carry_out(source: bytes) -> NoReturn:
    """Run the code and end the process."""
    code = 1
    try:
        code = _carried_out(source)
    except SystemExit as left:
        code = _exit_code(left)
    except MemoryError:
        _report(OUT_OF_MEMORY, b"")
    except BaseException as error:
        _report(CRASHED, _shortened(_explained(error)).encode("utf-8", "backslashreplace"))
    finally:
        _end(code)


def _carried_out(source: bytes) -> int:
    text = source.decode(errors="surrogatepass").removeprefix("\ufeff")
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    code = compile(text, FILE, "exec", dont_inherit=True)
    if has_main(code, text):
        return _called(code)
    _module("__main__", code)
    _finish_threads()
    return 0


def _called(code: CodeType) -> int:
    os.dup2(NOTES, OUTPUT)  # what it prints is no result, and keeps its order
    sys.stdout = sys.stderr
    module = _module("node", code)
    with open(INPUT, "rb", closefd=False) as stdin:
        given = json.load(stdin)
    value = module.__dict__["main"](given)
    if isinstance(value, CoroutineType):
        value.close()
        _report(NOT_JSON, b"main is async, and nothing waits for it; write it as a plain function")
        return 0
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        data = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        _report(NOT_JSON, f"main returned what JSON cannot hold: {error}"[:1000].encode("utf-8", "replace"))
        return 0
    _report(VALUE, data)
    return 0


def _module(name: str, code: CodeType) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = FILE
    sys.modules[name] = sys.modules["__main__"] = module
    exec(code, module.__dict__)
    return module


# --- the form

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def has_main(code: CodeType, text: str) -> bool:
    """Whether the file defines a `main` that is to be called with the input."""
    if "main" not in code.co_names:
        return False
    functions = [part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == "main"]
    if len(functions) == 1 and functions[0].co_argcount == 1 and text.count("main") == 1:
        return True  # as in most; the rest has to be read more closely
    return _defines_main(ast.parse(text, FILE))


def _defines_main(tree: ast.Module) -> bool:
    """A program calls its `main` by itself, with what it has read or with nothing; a trial of it is no program."""
    functions = [part for part in tree.body if isinstance(part, _FUNCTIONS) and part.name == "main"]
    if functions:
        _, possible = _parameters(functions[-1].args)
        can_be_called = possible > 0
    else:
        can_be_called = "main" in {name for part in tree.body for name in _assigned(part)}
    return can_be_called and not any(_calls_main(part, tree) for part in tree.body)


def _calls_main(part: ast.stmt, tree: ast.Module) -> bool:
    """Whether a statement of the file itself makes it a program."""
    if isinstance(part, (*_FUNCTIONS, ast.ClassDef)):
        return False
    calls = [node for node in ast.walk(part) if isinstance(node, ast.Call) and _is_named(node.func, "main")]
    if not calls or not _is_guard(part):
        return bool(calls)
    given = [node for call in calls for argument in call.args for node in ast.walk(argument)]
    reads = any(_is_named(node, name) for node in ast.walk(tree) for name in ("stdin", "argv"))
    return reads or not given


def _is_guard(part: ast.stmt) -> bool:
    """Whether it is `if __name__ == "__main__":`."""
    return isinstance(part, ast.If) and any(_is_named(node, "__name__") for node in ast.walk(part.test))


def _is_named(node: ast.AST, name: str) -> bool:
    return (isinstance(node, ast.Name) and node.id == name) or (isinstance(node, ast.Attribute) and node.attr == name)


def _parameters(arguments: ast.arguments) -> tuple[int, int]:
    """How many positional arguments must be given, and how many may be."""
    positional = len(arguments.posonlyargs) + len(arguments.args)
    return positional - len(arguments.defaults), positional + (arguments.vararg is not None)


def _assigned(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    return []


# --- its end


def _exit_code(left: SystemExit) -> int:
    if left.code is None:
        return 0
    if isinstance(left.code, int):
        return left.code & 0xFF
    try:
        sys.stderr.write(f"{left.code}\n")
    except Exception:
        return 1
    return 1


def _finish_threads() -> None:
    """As Python does at its end: wait for threads that are no daemons, and for what was left for the end."""
    if finish := getattr(threading, "_shutdown", None):
        finish()
    atexit._run_exitfuncs()


def _end(code: int) -> NoReturn:
    for name in _streams:
        try:
            getattr(sys, name).flush()
        except BaseException:
            continue
    _exit(code)


def _explained(error: BaseException) -> str:
    """The exception, with those of its frames that are the node's own."""
    try:
        told = traceback.TracebackException.from_exception(error, compact=True)
        _keep_own_frames(told)
        return "".join(told.format()).strip()
    except BaseException:  # an exception that breaks whoever looks at it
        return f"{type(error).__name__}, which cannot say why"


def _shortened(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}\n…\n{text[-half:]}"


def _keep_own_frames(told: traceback.TracebackException) -> None:
    seen: Any = told
    for _ in range(10):
        if seen is None:
            return
        for member in seen.exceptions or ():
            _keep_own_frames(member)
        own = [frame for frame in seen.stack if frame.filename == FILE]
        if len(own) > _MOST_FRAMES:  # of an endless recursion, the beginning and the end say all
            own = [*own[: _MOST_FRAMES // 2], *own[-_MOST_FRAMES // 2 :]]
        seen.stack = traceback.StackSummary.from_list(own)
        seen = seen.__cause__ or seen.__context__


def _report(kind: bytes, text: bytes) -> None:
    left = memoryview(kind + text)
    while left:
        left = left[_write(REPORT, left) :]
