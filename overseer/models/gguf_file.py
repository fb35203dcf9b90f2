"""Files that hold a language model: what keeps one from being used, found out without loading it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from overseer.tool import how_to_add

SUFFIX = ".gguf"

_MAGIC = b"GGUF"


def is_file_name(text: str) -> bool:
    """Whether a model is named by a file."""
    return text.casefold().endswith(SUFFIX)


def fault_of(path: Path) -> str:
    """Why the model in a file cannot be used, with what would help; empty if nothing speaks against it."""
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_MAGIC))
    except FileNotFoundError:
        return f"there is no file {path}; check the path"
    except IsADirectoryError:
        return f"{path} is a folder; name the file in it that ends with {SUFFIX}"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}; check its permissions"
    if beginning != _MAGIC:
        return f"{path} is no GGUF file; use one in that format, such as llama.cpp reads"
    if find_spec("llama_cpp") is None:
        return f"a model in a file needs llama-cpp-python; run: {how_to_add('local')}"
    return ""
