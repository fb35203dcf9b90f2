"""Tool files in the form that the first such assistants used, so that collections of them go on working.

    type: llm                          type: executable
    llm:                               executable:
      system_prompt: ...                 command: python
      prompt_template: "{prompt}"        args: ["{tool_dir}/tool.py", "{prompt}"]

Only the names differ; what such a file says about cost, speed or quality of a model is not used.
"""

from __future__ import annotations

from collections.abc import Mapping

from overseer.jsonvalue import Json

_RENAMED = {"input_schema": "parameters", "output_schema": "output"}
_UNUSED = frozenset(
    {"type", "cost_tier", "speed_tier", "quality_tier", "priority", "track_usage", "version", "constraints"}
)
_MARKS = frozenset({"type", "executable", *_RENAMED, *_UNUSED})


def from_seed_form(value: Mapping[str, Json]) -> Mapping[str, Json]:
    """A declaration in our own form; one that is in it already comes back as it is."""
    llm = value.get("llm")
    is_old = any(mark in value for mark in _MARKS) or (isinstance(llm, dict) and "prompt_template" in llm)
    if not is_old:
        return value
    renamed = {_RENAMED.get(key, key): item for key, item in value.items() if key not in _UNUSED}
    if isinstance(llm, dict):
        renamed["llm"] = _llm(llm)
    executable = renamed.pop("executable", None)
    if isinstance(executable, dict):
        renamed["command"] = _command(executable)
    if isinstance(renamed.get("openapi"), dict):
        renamed["openapi"] = _openapi(renamed["openapi"])
    return renamed


def _llm(section: Mapping[str, Json]) -> dict[str, Json]:
    names = {"system_prompt": "system", "prompt_template": "prompt"}
    made = {names.get(key, key): item for key, item in section.items() if key != "tier"}
    made.setdefault("prompt", "{prompt}")
    return made


def _command(section: Mapping[str, Json]) -> dict[str, Json]:
    """The prompt was given as an argument and on standard input as well."""
    args = section.get("args", [])
    rest = {key: item for key, item in section.items() if key not in ("command", "args", "install_command")}
    arguments = [section.get("command"), *(args if isinstance(args, list) else [args])]
    return {"arguments": arguments, "stdin": "{prompt}", **rest}


def _openapi(section: Mapping[str, Json]) -> dict[str, Json]:
    names = {"spec_url": "document", "spec_path": "document"}
    return {names.get(key, key): item for key, item in section.items() if key != "code_template"}
