"""What our tools say of themselves: enough to be found by, and true."""

from __future__ import annotations

from typing import Any

import pytest

from overseer.plan import argument_faults
from overseer.tool import Tool, ToolError
from tests.tools.fakes import call, tools

FILES = (
    *("text", "text_analysis", "text_patterns", "calculator", "number_lists", "units", "dates", "time_zones"),
    *("tables", "json_data", "documents", "charts", "encoding"),
)

OURS = [tool for tool in tools().values() if tool.origin.endswith(tuple(f"/{name}.py" for name in FILES))]
EXAMPLES = [(tool, example) for tool in OURS for example in tool.examples]


@pytest.mark.parametrize("tool", OURS, ids=lambda tool: tool.name)
def test_a_tool_describes_itself_and_its_arguments(tool: Tool) -> None:
    summary, _, rest = tool.description.partition("\n")
    assert summary.endswith(".")
    assert not rest.strip() or rest.startswith("\n")
    assert tool.tags
    assert tool.examples
    undocumented = [name for name, schema in tool.parameters["properties"].items() if "description" not in schema]
    assert not undocumented


@pytest.mark.parametrize(("tool", "example"), EXAMPLES, ids=lambda value: getattr(value, "name", None))
def test_an_example_is_a_request_and_what_serves_it(tool: Tool, example: dict[str, Any]) -> None:
    assert set(example) == {"request", "args"}
    assert not argument_faults(tool.parameters, example["args"])
    if tool.effect in ("pure", "read") and "path" not in example["args"]:
        try:
            call(tool.name, **example["args"])
        except ToolError as error:
            pytest.fail(f"the example does not work: {error}")
