"""The plan: its values, and how it is read, linked, checked, shown and written."""

from overseer.plan.arguments import argument_faults, value_faults
from overseer.plan.dependencies import completed
from overseer.plan.document import Document, read_document
from overseer.plan.durations import duration_text, seconds_of
from overseer.plan.faults import Fault
from overseer.plan.inputs import input_values, parse_input
from overseer.plan.linking import Checked, Loaded, check_draft, check_plan, load_plan
from overseer.plan.reading import Draft, plan_from, read_plan
from overseer.plan.references import Ref, Text
from overseer.plan.validation import Limits, validate
from overseer.plan.values import (
    UNLIMITED,
    Allowance,
    Call,
    Code,
    Each,
    FileChange,
    Guard,
    Hook,
    Input,
    On,
    Once,
    Retry,
    Scope,
    Timer,
    Until,
    WorkflowPlan,
    WorkflowStep,
)
from overseer.plan.waves import waves
from overseer.plan.writing import plan_hash, to_document, to_json, to_text, to_yaml

__all__ = [
    "UNLIMITED",
    "Allowance",
    "Call",
    "Checked",
    "Code",
    "Document",
    "Draft",
    "Each",
    "Fault",
    "FileChange",
    "Guard",
    "Hook",
    "Input",
    "Limits",
    "Loaded",
    "On",
    "Once",
    "Ref",
    "Retry",
    "Scope",
    "Text",
    "Timer",
    "Until",
    "WorkflowPlan",
    "WorkflowStep",
    "argument_faults",
    "check_draft",
    "check_plan",
    "completed",
    "duration_text",
    "input_values",
    "load_plan",
    "parse_input",
    "plan_from",
    "plan_hash",
    "read_document",
    "read_plan",
    "seconds_of",
    "to_document",
    "to_json",
    "to_text",
    "to_yaml",
    "validate",
    "value_faults",
    "waves",
]
