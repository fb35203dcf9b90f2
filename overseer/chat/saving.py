"""Saving a plan under review as a file, from which it can be run again."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from overseer.errors import UsageError
from overseer.home import is_at_home, make_private
from overseer.jsonvalue import json_text
from overseer.plan import to_yaml
from overseer.plan.values import WorkflowPlan
from overseer.review import Proposal

# Keeps a plan under a name; what there is to say of that, and first of all where.
Save: TypeAlias = Callable[[Proposal, str], list[str]]

# What to call the first secret in a text; None if there is none.
SecretIn: TypeAlias = Callable[[str], str | None]

_SMALL = 2000  # letters of an earlier result that goes into the file


def saver(folder: Path, secret_in: SecretIn = lambda text: None) -> Save:
    """Saves plans as files; a bare name means a workflow of the user's own, in `folder`."""

    def save(proposal: Proposal, name: str) -> list[str]:
        if not name.strip(". ") or name.endswith("/"):
            raise UsageError(f"cannot save the plan as {name!r}, which names no file")
        path = Path(name).expanduser() if "/" in name or name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
        plan, notes = _by_itself(proposal, secret_in)
        text = to_yaml(plan, embed=True)  # the files of its workflows may change, or be gone
        if (secret := secret_in(text)) is not None:
            raise UsageError(f"the plan was not saved: it holds {secret}, which would be in the file")
        try:
            if is_private := is_at_home(path):
                make_private(path.parent)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "x", encoding="utf-8", opener=_privately if is_private else None) as file:
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
        return [f"saved as '{path}'" if " " in str(path) else f"saved as {path}", *notes]

    return save


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _by_itself(proposal: Proposal, secret_in: SecretIn) -> tuple[WorkflowPlan, list[str]]:
    """The plan as it can be run without the conversation that it came of, and what somebody should know of that.

    What it reads of earlier results is gone with them: a small one goes along, any other has to be given.
    """
    inputs, notes = dict(proposal.plan.inputs), []
    for name, about in proposal.origins.items():
        if name not in inputs:
            continue
        value, declared = proposal.inputs[name], inputs[name]
        inputs[name] = declared = replace(declared, description=declared.description or about)
        text = json_text(value)
        if len(text) <= _SMALL and secret_in(text) is None:
            inputs[name] = replace(declared, default=value, required=False)
            notes.append(f"its input '{name}' is {about}, unless another is given: {name}=…")
        else:
            why = f"is too long to be saved with it ({len(text):,} letters)" if len(text) > _SMALL else "holds a secret"
            notes.append(f"its input '{name}' has to be given: {name}=…; here it was {about}, which {why}")
    return replace(proposal.plan, inputs=inputs), notes
