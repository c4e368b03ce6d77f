"""SAP Gateway's errors: one JSON shape, whose codes are message class and number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.simulators.messages import RefusalError, Response, answer


@dataclass(frozen=True)
class Occasion:
    """What an error says of the call that it ended: a number of the call, the service, the time."""

    transaction: str
    service: str
    at: datetime


class SapError(RefusalError):
    """A refusal of the Gateway or the application. `target` names the property at fault."""

    def __init__(self, code: str, message: str, target: str = "", *, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.target = target
        self.status = status

    def shown(self, occasion: Occasion) -> Response:
        """The refusal as a caller of the service sees it."""
        application = {
            "component_id": "",
            "service_namespace": "/SAP/",
            "service_id": occasion.service,
            "service_version": "0001",
        }
        error: dict[str, Any] = {
            "code": self.code,
            "message": {"lang": "en", "value": str(self)},
            "innererror": {
                "application": application,
                "transactionid": occasion.transaction,
                "timestamp": f"{occasion.at:%Y%m%d%H%M%S.%f}0",
                "Error_Resolution": {"SAP_Transaction": "", "SAP_Note": ""},
                "errordetails": [self._detail()] if self.status == 400 else [],
            },
        }
        return answer(self.status, {"error": error})

    def response(self) -> Response:
        """The refusal as a clerk sees it: `{"message": …}`."""
        return answer(self.status, {"message": str(self)})

    def _detail(self) -> dict[str, str]:
        return {
            "code": self.code,
            "message": str(self),
            "propertyref": self.target,
            "severity": "error",
            "target": self.target,
        }


def no_entity(type_name: str) -> SapError:
    """404 for a key behind which there is nothing."""
    return SapError(
        "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{type_name}'", status=404
    )


def no_segment(name: str) -> SapError:
    """404 for a part of a path that the service does not have."""
    return SapError("/IWFND/CM_MGW/051", f"Resource not found for the segment '{name}'", status=404)


def no_property(name: str, type_name: str) -> SapError:
    """400 for a property that the type does not have."""
    return SapError(
        "005056A509B11EE1B9A8FEA8DE87F78E", f"Property {name} not found in type {type_name}", name
    )


def not_allowed(method: str, name: str) -> SapError:
    """405 for a method that the set does not have. The code is assumed."""
    return SapError("/IWFND/CM_MGW/056", f"Method {method} is not allowed for '{name}'", status=405)


def not_acceptable() -> SapError:
    """406 for an answer in another form than the caller takes."""
    return SapError(
        "005056A509B11ED19BEB6513AA349DA5",
        "The resource identified by the request is only capable of generating response entities "
        "which have content characteristics not acceptable according to the accept headers",
        status=406,
    )


def malformed(message: str, target: str = "") -> SapError:
    """400 for a request that cannot be read. The code is assumed."""
    return SapError("/IWFND/CM_BEC/026", message, target)


def missing(name: str) -> SapError:
    """400 for a field that has to be filled. That it is this number of the class is assumed."""
    return SapError("R11/120", f"Enter a value for field {name}", name)


def refused(message: str, target: str = "") -> SapError:
    """400 for what the application does not take. That it is this number is assumed."""
    return SapError("R11/121", message, target)


def not_unique(reference: str, value: str) -> SapError:
    """400 for a reference that another object has; `BPEXT_NOT_UNIQUE` is the exception's name in
    the function modules of the business partner, that it is the code here is assumed."""
    return SapError("BPEXT_NOT_UNIQUE", f"{reference} {value} is not unique", reference)


def locked() -> SapError:
    """400 for an object that somebody else is changing. The code is assumed."""
    return SapError("R1/203", "The object is being processed by user DIALOG_01")
