"""What of an integration is kept for its maker, and has no effect here.

A file of the toolkit also has use cases that bring something out, fetch files or call partners.
They are kept and shown as they were put, so that one PUT of all is one state; none of them is run.
Only their outermost keys are looked at, and that no secret stands in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from busbar.domain.integrations import UseCaseType
from busbar.domain.updates import Warned
from busbar.errors import FieldError, Problem

NEEDS: Mapping[UseCaseType, Mapping[str, type]] = {
    "outbound": {"event_catalog_event": str, "mappings": list},
    "file_proxy": {"steps": list},
    "managed_call": {"operation": dict},
    "secure_proxy": {"vpc_mode": str},
}
"""What the toolkit asks of the configuration of each type."""
_SECRET = frozenset(
    {
        *("clientsecret", "secret", "secretkey", "privatekey", "password", "passphrase"),
        *("apikey", "xapikey", "token", "accesstoken", "refreshtoken", "authorization"),
    }
)
"""Names of what is a secret, whatever their spelling: without signs, in small letters."""
KEPT = "unsupported here yet: it is kept as it is, and has no effect"


def kept_use_case(
    kind: UseCaseType, configuration: Mapping[str, Any], path: str
) -> Sequence[Warned]:
    """What is warned of. Raises a 400 `Problem` that names each secret, below `path`."""
    refuse_secrets(configuration, path)
    missing = [
        Warned("", f"configuration.{name}", f"the toolkit wants one, as {wanted.__name__}")
        for name, wanted in NEEDS[kind].items()
        if not isinstance(configuration.get(name), wanted)
    ]
    return [Warned("", "type", f"{kind} is {KEPT}"), *(missing if configuration else ())]


def refuse_secrets(configuration: Mapping[str, Any], path: str) -> None:
    """Raises a 400 `Problem` if a password or the like stands there, and no name of a variable."""
    faults = tuple(
        FieldError(place, "is a secret: name a variable, {{env.…}}")
        for place in _secrets(configuration, path)
    )
    if faults:
        raise Problem(400, "invalid-request", "The request is invalid", errors=faults)


def _secrets(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            here = f"{path}.{name}"
            if _bare(name) in _SECRET and isinstance(inner, str) and inner and "{{" not in inner:
                yield here
            yield from _secrets(inner, here)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _secrets(inner, f"{path}[{number}]")


def _bare(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
