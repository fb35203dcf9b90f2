"""Plans without any model: plain English split into parts, each mapped to a tool by its words and shapes."""

from overseer.frontends.rules.planner import plan_by_rules

__all__ = ["plan_by_rules"]
