"""Other times than the stage's, for a run that cannot wait for minutes.

They are written into the templates as these are deployed: the functions read their settings, the
cloud ends calls and shows messages again, as they do with the stage's own times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from busbar.settings.function import Tuning
from infra.environment import changed
from infra.machines import step_seconds

_HANDLER = "functions."


@dataclass(frozen=True)
class Times:
    """Times of one run, in seconds.

    `limits` is how long functions may run, by use case; the others keep what the catalogue says.
    `visibility` is how long a message in hands stays out of sight, on every work queue.
    """

    tuning: Tuning
    limits: Mapping[str, int]
    visibility: int

    def as_text(self) -> str:
        """As `python -m infra.local --times` takes it."""
        return json.dumps(asdict(self))

    def put_into(self, resource: dict[str, Any]) -> None:
        """Change a resource of a template, if it is one that has such a time."""
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::SQS::Queue" and "VisibilityTimeout" in properties:
            properties["VisibilityTimeout"] = self.visibility
        if "StepSeconds" in properties.get("DefinitionSubstitutions", {}):
            properties["DefinitionSubstitutions"]["StepSeconds"] = step_seconds(self.tuning)
        handler = str(properties.get("Handler", ""))
        if resource["Type"] == "AWS::Lambda::Function" and handler.startswith(_HANDLER):
            use_case = handler.removeprefix(_HANDLER).partition(".")[0]
            properties["Timeout"] = self.limits.get(use_case, properties["Timeout"])
            variables = properties["Environment"]["Variables"]
            variables["BUSBAR_TUNING"] = json.dumps(changed(self.tuning), sort_keys=True)


def read_times(text: str) -> Times:
    """The inverse of `as_text`. Raises `ValueError` or `TypeError` for anything else."""
    raw = json.loads(text)
    return Times(**{**raw, "tuning": Tuning(**raw["tuning"])})
