"""A node that looks at another node's code before that runs, and says what is sure to go wrong. Run as a node:
code of strangers is not even read outside of the sandbox.

Its input holds the `source`, the names of its `tools`, and the `packages` that it may import.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from typing import Any

# They can be imported, and can do nothing here.
_USELESS = frozenset({"asyncio", "ftplib", "http", "multiprocessing", "smtplib", "socket", "subprocess", "urllib3"})


def main(given: dict[str, Any]) -> list[str]:
    """Everything that is wrong, each with its line."""
    try:
        tree = ast.parse(given["source"])
    except (SyntaxError, ValueError) as error:
        return [f"line {getattr(error, 'lineno', 1) or 1}: it is no Python: {getattr(error, 'msg', error)}"]
    return [*_main_faults(tree), *_import_faults(tree), *_call_faults(tree, given["tools"])]


def _main_faults(tree: ast.Module) -> Iterator[str]:
    functions = [part for part in tree.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)]
    mains = [function for function in functions if function.name == "main"]
    if not mains:
        yield "it defines no function main(input)"
    elif isinstance(mains[-1], ast.AsyncFunctionDef):
        yield f"line {mains[-1].lineno}: main is async, and nothing waits for it; write it as a plain function"
    elif not (mains[-1].args.posonlyargs or mains[-1].args.args or mains[-1].args.vararg):
        yield f"line {mains[-1].lineno}: main takes no input; write main(input)"


def _import_faults(tree: ast.Module) -> Iterator[str]:
    for part in ast.walk(tree):
        names = [alias.name for alias in part.names] if isinstance(part, ast.Import) else []
        if isinstance(part, ast.ImportFrom):
            names = [part.module or ""]
        for name in names:
            root = name.partition(".")[0]
            if root in _USELESS:
                yield f"line {part.lineno}: '{root}' can do nothing in the sandbox; call a tool, or compute it"  # type: ignore[attr-defined]
            elif not _is_there(root):
                yield f"line {part.lineno}: there is no module '{name}' here; use the standard library"  # type: ignore[attr-defined]


def _is_there(name: str) -> bool:
    try:
        return name in ("node_runtime", "__future__") or importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _call_faults(tree: ast.Module, tools: list[str]) -> Iterator[str]:
    for part in ast.walk(tree):
        if not isinstance(part, ast.Call) or not isinstance(part.func, ast.Name) or part.func.id != "call_tool":
            continue
        first = part.args[0] if part.args else None
        if isinstance(first, ast.Constant) and first.value not in tools:
            there_are = f"there are: {', '.join(sorted(tools))}" if tools else "there are none"
            yield f"line {part.lineno}: there is no tool {first.value!r} for this program; {there_are}"
