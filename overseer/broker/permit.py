"""What whoever holds a door may do: what the settings say about each class, and what was granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from overseer.broker.desk import Desk
from overseer.broker.permissions import NOTHING_GRANTED, Grants, Policy, Verdict
from overseer.errors import ApprovalNeeded
from overseer.jsonvalue import Json
from overseer.tool import Effect, ToolError

# How classes of tools are approved on the command line of a run or a call.
APPROVE_OPTION = "--approve {classes}"


@dataclass(frozen=True, slots=True)
class Permit:
    """ToolErrors say what is missing, and `remedy` how whoever has not approved it may do so."""

    policy: Policy
    grants: Grants = NOTHING_GRANTED
    remedy: str = APPROVE_OPTION

    def check(self, desk: Desk, args: Mapping[str, Json]) -> None:
        """ToolError where a tool may not be called so."""
        tool, verdict = desk.tool, desk.verdict or self.policy.verdict(desk.tool, args)
        if verdict == "deny" or (verdict == "ask" and not self.grants.cover(tool)):
            raise self._refusal(f"tool '{tool.name}' ({', '.join(tool.effects)})", tool.effects, verdict)

    def check_asking(self) -> None:
        """ToolError where models may not be asked: what is said of tools that do so holds for nobody's, too."""
        verdict = self.policy.classes["model"]
        if verdict == "deny" or (verdict == "ask" and "model" not in self.grants.classes):
            raise self._refusal("a question to a model", ("model",), verdict)

    def require_asking(self) -> None:
        """The same as ApprovalNeeded: who has nothing else to do need not begin."""
        try:
            self.check_asking()
        except ToolError as error:
            raise ApprovalNeeded(str(error)) from error

    def _refusal(self, what: str, effects: tuple[Effect, ...], verdict: Verdict) -> ToolError:
        if verdict == "deny":
            problem = f"{what} is denied by the settings; change 'permissions' in config.yaml if it should not be"
        else:
            remedy = self.remedy.format(classes=",".join(effects))
            problem = f"{what} needs approval, and nobody gave it; give it with {remedy}, "
            problem += "or allow it under 'permissions' in config.yaml"
        return ToolError(problem, kind="denied")
