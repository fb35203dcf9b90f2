"""Where somebody who needs a larger budget gets one: that hangs on who stated the smaller one."""

from __future__ import annotations

from collections.abc import Callable

from overseer.broker.caps import Cap, cap_mapping, cap_text

Remedy = Callable[[Cap], str]  # what would help where this larger cap would do


def of_run(run_id: str, *, is_recorded: bool) -> Remedy:
    """For a run that was begun on the command line, whose budget goes before all others."""

    def remedy(larger: Cap) -> str:
        option = f"--budget {cap_text(larger)}"
        return f"go on with more: overseer resume {run_id} {option}" if is_recorded else f"run it again with {option}"

    return remedy


def of_setting(key: str) -> Remedy:
    """For what a setting states, such as `session`; it is read when a process begins."""

    def remedy(larger: Cap) -> str:
        return f"raise budget.{key} in config.yaml, such as to {cap_mapping(larger)}, and start again"

    return remedy


def of_request(larger: Cap) -> str:
    """For a request on the command line, and all that belongs to it."""
    return f"ask again with --budget {cap_text(larger)}"


def of_plan(larger: Cap, *, workflow: str | None = None) -> str:
    """For what a plan states, or a workflow in it."""
    place = "the plan" if workflow is None else f"the workflow '{workflow}'"
    return f"give it more in {place}: budget: {cap_mapping(larger)}"


def of_nobody(larger: Cap) -> str:
    """For a budget of which it is not known who states it."""
    return f"raise it to {cap_text(larger)}"
