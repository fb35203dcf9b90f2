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
from inspect import CO_VARARGS
from types import CodeType, CoroutineType, ModuleType
from typing import Any, NoReturn

INPUT, OUTPUT, NOTES, BROKER, REPORT = range(5)

VALUE, NOT_JSON, CRASHED, OUT_OF_MEMORY = b"V", b"N", b"C", b"M"

FILE = "<node>"
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
        _report(CRASHED, _explained(error).encode("utf-8", "backslashreplace"))
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


def has_main(code: CodeType, text: str) -> bool:
    """Whether the file defines a `main` that is to be called with the input."""
    if "main" not in code.co_names:
        return False
    functions = [part for part in code.co_consts if isinstance(part, CodeType) and part.co_name == "main"]
    if functions and "__name__" not in code.co_names:  # as in most; the rest has to be read more closely
        return bool(functions[-1].co_argcount or functions[-1].co_flags & CO_VARARGS)
    return _defines_main(ast.parse(text, FILE))


def _defines_main(tree: ast.Module) -> bool:
    functions = [
        node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "main"
    ]
    if functions:
        needed, possible = _parameters(functions[-1].args)
        return needed == 1 or (needed == 0 and possible > 0 and not _runs_itself(tree))
    names = {name for node in tree.body for name in _assigned(node)}
    return "main" in names and not _runs_itself(tree)


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


def _runs_itself(tree: ast.Module) -> bool:
    """Whether it has `if __name__ == "__main__":`, as programs do."""
    return any(
        isinstance(node, ast.If)
        and any(isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test))
        for node in tree.body
    )


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
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            continue
    os._exit(code)


def _explained(error: BaseException) -> str:
    """The exception, with those of its frames that are the node's own."""
    try:
        told = traceback.TracebackException.from_exception(error, compact=True)
        _keep_own_frames(told)
        return "".join(told.format()).strip()
    except BaseException:  # an exception that breaks whoever looks at it
        return f"{type(error).__name__}, which cannot say why"


def _keep_own_frames(told: traceback.TracebackException) -> None:
    seen: Any = told
    for _ in range(10):
        if seen is None:
            return
        own = [frame for frame in seen.stack if frame.filename == FILE]
        if len(own) > _MOST_FRAMES:  # of an endless recursion, the beginning and the end say all
            own = [*own[: _MOST_FRAMES // 2], *own[-_MOST_FRAMES // 2 :]]
        seen.stack = traceback.StackSummary.from_list(own)
        seen = seen.__cause__ or seen.__context__


def _report(kind: bytes, text: bytes) -> None:
    left = memoryview(kind + text)
    while left:
        left = left[os.write(REPORT, left) :]
