"""The shape of the house, read from the import statements: imports point down, the kernel is pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "overseer"

# From the top to the bottom. A module may import from its own layer and from those below.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("chat_cli", "overseer.__main__", "overseer.catalogue"),
    ("overseer.commands", "overseer.chat"),
    ("overseer.serving", "overseer.checkup"),
    ("overseer.workbench", "overseer.codework"),
    ("overseer.wiring",),
    ("overseer.settings", "overseer.registry", "overseer.terminal", "overseer.drawing"),
    ("overseer.reports",),
    ("overseer.running",),
    ("overseer.conversation", "overseer.review"),
    ("overseer.sources", "overseer.frontends", "overseer.demo"),
    ("overseer.kinds", "overseer.sandbox"),
    ("overseer.broker",),
    ("overseer.nodes",),
    ("overseer.undo",),
    ("overseer.models", "overseer.workspace", "overseer.web", "overseer.processes"),
    ("overseer.secrets", "overseer.journal"),
    ("overseer.timing",),
    ("overseer.ids", "overseer.home", "overseer.trust"),
    ("overseer.kernel",),
    ("overseer.plan",),
    (
        "overseer.console",
        "overseer.descriptors",
        "overseer.ownterminal",
        "overseer.exits",
        "overseer.stopreasons",
        "overseer.stopsignals",
    ),
    ("overseer.spending", "overseer.text"),
    ("overseer.jsonvalue", "overseer.errors", "overseer.printing"),
    ("overseer.tool",),
)

# What would let a decision depend on anything but the events: clocks, chance, threads, files, processes.
IMPURE = {
    "asyncio", "concurrent", "datetime", "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random",
    "secrets", "shutil", "signal", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "uuid",
}  # fmt: skip


def sources() -> list[Path]:
    return [*sorted(PACKAGE.rglob("*.py")), ROOT / "chat_cli.py"]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports when it runs, wherever in the file that is said."""
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def statements(block: ast.AST) -> Iterator[ast.AST]:
    """All statements in a block that are carried out, however deep, and not those that are there for types alone."""
    if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING":
        return
    for part in ("body", "handlers", "cases", "orelse", "finalbody"):
        for node in getattr(block, part, ()):
            yield node
            yield from statements(node)


def layer_of(module: str) -> int:
    for number, layer in enumerate(LAYERS):
        if any(module == name or module.startswith(f"{name}.") for name in layer):
            return number
    raise AssertionError(f"{module} is in no layer: say where it belongs")


def test_imports_point_down() -> None:
    upward = [
        f"{module} imports {imported} from above"
        for module, path in {name_of(path): path for path in sources()}.items()
        if module != "overseer"  # the door to everything, opened only when used
        for imported in imports(path)
        if imported.startswith("overseer.") and imported != "overseer.__version__"
        if layer_of(imported) < layer_of(module)
    ]
    assert upward == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "kernel").glob("*.py")), ids=name_of)
def test_the_kernel_imports_nothing_impure(path: Path) -> None:
    assert not {imported.partition(".")[0] for imported in imports(path)} & IMPURE


@pytest.mark.parametrize("path", sorted((PACKAGE / "tool").glob("*.py")), ids=lambda path: path.stem)
def test_the_leaf_imports_nothing_else_of_ours(path: Path) -> None:
    ours = [imported for imported in imports(path) if imported.startswith("overseer")]
    assert all(imported.startswith("overseer.tool.") for imported in ours)


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "tools").glob("*.py"), *(ROOT / "examples/tools").glob("*.py")]),
    ids=lambda path: path.stem,
)
def test_a_tool_file_imports_only_the_leaf(path: Path) -> None:
    ours = {imported for imported in imports(path) if imported.startswith("overseer")}
    assert all(imported.startswith("overseer.tool.") for imported in ours)


def test_no_module_is_outgrown() -> None:
    long = {name_of(path): count for path in sources() if (count := len(path.read_text().splitlines())) > 400}
    assert not long, "look for the second noun inside"
