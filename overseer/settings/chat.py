"""The settings of the chat: what is planned at all, who looks at a plan before it runs, and how things look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Review = Literal["always", "risky", "never"]
REVIEWS: Final[tuple[str, ...]] = get_args(Review)

Theme = str | Mapping[str, str]  # the name of one, or styles by what they are for


@dataclass(frozen=True, slots=True)
class WorkflowMode:
    """Which requests become plans, and how many steps a plan may have."""

    enabled: bool
    detect_keywords: tuple[str, ...]  # none: the model decides about every request
    min_steps: int
    max_steps: int

    def is_planned(self, request: str) -> bool:
        """Whether a request may become a plan; otherwise it is answered directly."""
        if not self.enabled or not self.detect_keywords:
            return self.enabled
        text = _folded(request)
        return any(re.search(rf"(?<!\w){re.escape(_folded(word))}(?!\w)", text) for word in self.detect_keywords)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """The section `chat:`, read."""

    workflow_mode: WorkflowMode
    review: Review
    theme: Theme
    history: bool
    editor: str  # empty: what VISUAL or EDITOR name
    stdin_wait_s: float
