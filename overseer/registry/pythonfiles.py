"""Python files with `@tool` functions in them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import traceback
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from overseer.registry.findings import FileContent, Problem
from overseer.tool import Tool


def read_python(path: Path, *, is_ours: bool = False) -> FileContent:
    """The tools that a file defines. It is carried out for that; one of ours from Python's cache, as modules are."""
    try:
        source = path.read_bytes()
    except OSError as error:
        return FileContent(problems=(Problem(path, f"cannot be read: {error.strerror}"),))
    try:
        module = _imported(path, source, is_ours)
    except BaseException as error:  # a stranger's file: even its SystemExit must not end us
        if isinstance(error, KeyboardInterrupt):
            raise
        return FileContent(problems=(_problem(path, error),))
    return FileContent(tuple(_tools_of(module, path)))


def _imported(path: Path, source: bytes, is_ours: bool) -> ModuleType:
    # Named after its content too: a file that was changed is another module, and steps that still run keep theirs.
    digest = hashlib.sha256(str(path.resolve()).encode() + b"\0" + source).hexdigest()[:12]
    name = f"overseer_tools_{path.stem}_{digest}"
    if is_ours and (loaded := sys.modules.get(name)) is not None:  # by an earlier reading of the same text
        return loaded
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert isinstance(spec.loader, SourceFileLoader)
    module = importlib.util.module_from_spec(spec)
    folder = Path.cwd()
    sys.modules[name] = module  # dataclasses and pickling look their module up by name
    try:
        # The cache goes by the time of the last change, in whole seconds: what people work at is compiled.
        code = spec.loader.get_code(name) if is_ours else compile(source, str(path.resolve()), "exec")
        assert code is not None
        exec(code, module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        os.chdir(folder)  # wherever the file went: everybody's relative paths hang on it
    return module


def _tools_of(module: ModuleType, path: Path) -> list[Tool]:
    """The tools that a module defines itself, not those it imported."""
    return [
        replace(value, origin=str(path))
        for value in vars(module).values()
        if isinstance(value, Tool) and value.function.__module__ == module.__name__
    ]


def _problem(path: Path, error: BaseException) -> Problem:
    line = next(
        (
            frame.lineno
            for frame in reversed(traceback.extract_tb(error.__traceback__))
            if frame.filename == str(path.resolve())
        ),
        getattr(error, "lineno", None),
    )
    return Problem(path, f"{type(error).__name__}: {error}", line)
