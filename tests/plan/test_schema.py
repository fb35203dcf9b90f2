"""The published schema: it says what the reader does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from overseer.plan import to_document
from overseer.plan.grammar import (
    BUDGET_KEYS,
    GUARD_KEYS,
    INPUT_KEYS,
    ON_KEYS,
    PLAN_KEYS,
    REPEAT_KEYS,
    RETRY_KEYS,
    STEP_KEYS,
)
from overseer.plan.schema import plan_schema
from overseer.plan.values import WorkflowPlan
from tests.plan.samples import BAD, GOOD, Document
from tests.plan.strategies import plans

ROOT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(plan_schema())


def test_the_published_file_is_the_generated_one() -> None:
    published = json.loads((ROOT / "docs" / "plan.schema.json").read_text(encoding="utf-8"))
    assert published == plan_schema(), "run: python -m overseer.plan.schema > docs/plan.schema.json"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(plan_schema())


@pytest.mark.parametrize("document", GOOD)
def test_good_plans_fit(document: Document) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.parametrize("document", [document for document, _ in BAD])
def test_bad_plans_do_not(document: Any) -> None:
    assert not VALIDATOR.is_valid(document)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(plans)
def test_every_plan_that_is_written_fits(plan: WorkflowPlan) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(to_document(plan))] == []


def test_every_key_is_explained() -> None:
    definitions = plan_schema()["$defs"]
    for name, keys in (
        ("step", STEP_KEYS),
        ("input", INPUT_KEYS),
        ("guard", GUARD_KEYS),
        ("retry", RETRY_KEYS),
        ("budget", BUDGET_KEYS),
        ("repeat", REPEAT_KEYS),
        ("on", ON_KEYS),
    ):
        assert list(definitions[name]["properties"]) == list(keys)
        assert all(property["description"] for property in definitions[name]["properties"].values())
    assert list(plan_schema()["properties"]) == list(PLAN_KEYS)
