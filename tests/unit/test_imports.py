"""What a fresh interpreter loads for a function: a cold start pays for each module."""

from __future__ import annotations

import subprocess
import sys

INGEST = "functions.erp_events.handler"
WORKER = "functions.erp_apply.handler"
NOT_OF_INGEST = (
    "boto3",
    "busbar.connectors",
    "busbar.settings.energised",
    "busbar.settings.salesforce",
    "busbar.settings.sap",
    "busbar.usecases.event_mapping",
    "httpx",
    "jlens",
    "jsonata",
)


def fresh(code: str) -> str:
    """What a fresh interpreter prints."""
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


def test_should_load_nothing_for_the_ingest_that_it_does_not_call() -> None:
    loaded = fresh(f"import sys, {INGEST}; print(*sys.modules)").split()
    assert INGEST in loaded
    assert [name for name in loaded if name.startswith(NOT_OF_INGEST)] == []


def test_should_load_the_settings_of_the_systems_that_an_org_has_and_no_others() -> None:
    said = '{"acme": {"sap": {"base_url": "https://sap.acme.example", "secret_id": "any"}}}'
    told = {"BUSBAR_STAGE": "dev", "BUSBAR_TABLE": "any", "BUSBAR_ORGS": said}
    code = f"from busbar.settings.reading import read_settings as r; import sys; r({told})"
    loaded = fresh(f"{code}; print(*sys.modules)").split()
    parts = [name for name in loaded if name.startswith("busbar.settings.")]
    assert "busbar.settings.sap" in parts
    assert not {"busbar.settings.salesforce", "busbar.settings.energised"} & set(parts)


def test_should_not_look_for_plugins_among_all_packages() -> None:
    # A plugin that is found is asked at the first model, and an import of ours makes many.
    code = (
        "import importlib.metadata as m\n"
        "def looked(**_): raise AssertionError('looked')\n"
        "m.entry_points = looked\n"
        f"import {WORKER}\n"
        "print('quiet')"
    )
    assert fresh(code) == "quiet"
