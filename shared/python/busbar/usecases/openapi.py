"""Shows the API's own description: an OpenAPI 3.1 document, made at build time.

`infra.openapi` writes it beside this module, from the models and routes that are really used.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

WRITTEN = Path(__file__).with_name("openapi.json")


@cache
def document() -> str:
    """The document, as JSON text; a process reads it once."""
    return WRITTEN.read_text(encoding="utf-8")
