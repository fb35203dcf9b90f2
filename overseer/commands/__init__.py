"""The commands without a chat. What a command returns is the process's exit code.

Results go to standard output, everything said on the way to standard error.
"""

from overseer.commands.plans import check, resume, run
from overseer.commands.runs import runs, show
from overseer.commands.serving import serve
from overseer.commands.tools import call, tools

__all__ = ["call", "check", "resume", "run", "runs", "serve", "show", "tools"]
