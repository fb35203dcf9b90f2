"""`python -m overseer`: the same program as `overseer`, for where that is not on the path."""

import os
import sys
from contextlib import suppress


def _look_for_modules_at_home() -> None:
    """Python looks for modules in the folder that somebody stands in, first of all; what lies there is not ours."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with suppress(OSError):  # that folder is gone: so is what lay there
        if not sys.flags.safe_path and sys.path[0] == os.getcwd() != home:
            del sys.path[0]


if __name__ == "__main__":
    _look_for_modules_at_home()
    from chat_cli import entry

    entry()
