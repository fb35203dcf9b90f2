"""Programs as processes of their own: started without a shell, ended with everything they started."""

from overseer.processes.commands import CommandTimeout, ProcessCommands

__all__ = ["CommandTimeout", "ProcessCommands"]
