"""Where somebody who needs a larger budget gets one: that hangs on who stated the smaller one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from overseer.broker.caps import Cap, cap_mapping, cap_text

Remedy = Callable[[Cap], str]  # what would help where this larger cap would do


@dataclass(frozen=True, slots=True)
class Ways:
    """How somebody gives more to a run that is kept, and to one that is not; `{cap}` is what would do."""

    to_resume: str
    to_repeat: str


ON_COMMAND_LINE = Ways("overseer resume {run_id} --budget {cap}", "run it again with --budget {cap}")
IN_CHAT = Ways("/budget {cap}, then /resume {run_id}", "/budget {cap}, then ask again")


def of_run(run_id: str, *, is_recorded: bool, ways: Ways = ON_COMMAND_LINE) -> Remedy:
    """For a run whose budget was stated by whoever began it, and goes before all others."""

    def remedy(larger: Cap) -> str:
        said = {"run_id": run_id, "cap": cap_text(larger)}
        return f"go on with more: {ways.to_resume.format(**said)}" if is_recorded else ways.to_repeat.format(**said)

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
