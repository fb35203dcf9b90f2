"""Both SDKs over one HTTP library, so that respx sees what either of them sends."""

from __future__ import annotations

import httpx2

# Before anything imports httpx: openai uses httpx2, which respx knows only under that name.
httpx2.alias_httpx()
