"""GET /v1/openapi.json."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from infra.operations import Operation, Says


class ApiDocument(BaseModel):
    """An OpenAPI 3.1 document."""

    model_config = ConfigDict(extra="allow")

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


EXAMPLE = {"openapi": "3.1.0", "info": {"title": "Busbar", "version": "1"}, "paths": {}}
OPERATIONS = {
    "openapi": Operation("This document", {200: Says("The document", ApiDocument, EXAMPLE)}),
}
