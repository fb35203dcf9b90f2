"""Saving a plan under review as a file, from which it can be run again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from overseer.errors import UsageError
from overseer.plan import to_yaml
from overseer.plan.values import WorkflowPlan

# Keeps a plan under a name, and says where.
Save: TypeAlias = Callable[[WorkflowPlan, str], str]

# What to call the first secret in a text; None if there is none.
SecretIn: TypeAlias = Callable[[str], str | None]


def saver(folder: Path, secret_in: SecretIn = lambda text: None) -> Save:
    """Saves plans as files; a bare name means a workflow of the user's own, in `folder`."""

    def save(plan: WorkflowPlan, name: str) -> str:
        if not name.strip(". ") or name.endswith("/"):
            raise UsageError(f"cannot save the plan as {name!r}, which names no file")
        path = Path(name).expanduser() if "/" in name or name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
        text = to_yaml(plan, embed=True)  # the files of its workflows may change, or be gone
        if (secret := secret_in(text)) is not None:
            raise UsageError(f"the plan was not saved: it holds {secret}, which would be in the file")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                try:
                    file.write(text)
                    file.flush()
                except OSError:  # half of a plan is no plan
                    with suppress(OSError):
                        path.unlink()
                    raise
        except FileExistsError as error:
            raise UsageError(f"{path} is there already; save the plan under another name") from error
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"cannot save the plan as {path}: {reason}") from error
        return f"saved as '{path}'" if " " in str(path) else f"saved as {path}"

    return save
