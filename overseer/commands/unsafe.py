"""Leave to run generated code without a sandbox. Nobody gives it by accident."""

from __future__ import annotations

import os
import sys
from argparse import Namespace

from overseer.commands.output import is_machine
from overseer.console import say
from overseer.errors import ApprovalNeeded
from overseer.ownterminal import keyboard, line_typed

REASON_VARIABLE = "OVERSEER_UNSAFE_NO_SANDBOX"
PHRASE = "run it without a sandbox"

_RED, _PLAIN = "\x1b[1;31m", "\x1b[0m"
_BANNER = "NO SANDBOX: this code can read, change and send whatever you can."


def require_leave(options: Namespace) -> None:
    """ApprovalNeeded, unless the phrase is typed or, where nobody can be asked, a variable names the reason."""
    if is_machine(options) or not (keyboard().isatty() and sys.stderr.isatty()):
        if not os.environ.get(REASON_VARIABLE, "").strip():
            raise ApprovalNeeded(
                f"--unsafe-no-sandbox needs, where nobody can be asked, a reason in the variable {REASON_VARIABLE}"
            )
        say(_BANNER)
        return
    sys.stderr.write(f"{_RED}{_BANNER}{_PLAIN}\nTo go on, type: {PHRASE}\n> ")
    sys.stderr.flush()
    if line_typed().strip() != PHRASE:
        raise ApprovalNeeded("that was not the phrase, so nothing was run")
