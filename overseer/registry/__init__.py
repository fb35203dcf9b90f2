"""Where tools come from: folders of Python and YAML files, ours, the project's and the user's own."""

from overseer.registry.findings import Entry, Problem
from overseer.registry.folders import Layer, ToolFolder, our_tools, tool_folders
from overseer.registry.registry import LiveRegistry, Registry, load_tools

__all__ = [
    "Entry",
    "Layer",
    "LiveRegistry",
    "Problem",
    "Registry",
    "ToolFolder",
    "load_tools",
    "our_tools",
    "tool_folders",
]
