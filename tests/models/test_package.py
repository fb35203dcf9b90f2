"""What importing the models costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_no_sdk_is_imported_before_it_is_used() -> None:
    program = (
        "import sys, overseer.models\n"
        "late = {'openai', 'ollama', 'httpx', 'httpx2', 'jsonschema', 'pydantic', 'yaml'}\n"
        "print(sorted(late & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"
