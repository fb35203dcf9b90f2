"""A jail for code that a model wrote: it can compute, and reach nothing but the broker.

with Sandbox.start() as sandbox:
    outcome = sandbox.run(Job("def main(input): return input['x'] * 2", {"x": 21}))
    assert outcome.value == 42
"""

from overseer.sandbox.places import PackageNotFound, package_places
from overseer.sandbox.sandbox import Sandbox, SandboxUnavailable
from overseer.sandbox.template import SandboxLost
from overseer.sandbox.values import LEVELS, Job, Level, Limits, Metrics, Outcome, Verdict

__all__ = [
    "LEVELS",
    "Job",
    "Level",
    "Limits",
    "Metrics",
    "Outcome",
    "PackageNotFound",
    "Sandbox",
    "SandboxLost",
    "SandboxUnavailable",
    "Verdict",
    "package_places",
]
