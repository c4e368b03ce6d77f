"""Salesforce's own errors: an array with one object, `fields` only where a row is at fault."""

from __future__ import annotations

from typing import Any

from infra.simulators.messages import RefusalError, Response, answer


class ApiError(RefusalError):
    """A refusal of the REST API. `fields` is None where no row is concerned."""

    def __init__(
        self, code: str, message: str, *fields: str, status: int = 400, of_row: bool = True
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.fields = list(fields) if of_row else None

    def shown(self) -> list[dict[str, Any]]:
        """The body."""
        item: dict[str, Any] = {"message": str(self), "errorCode": self.code}
        return [item if self.fields is None else {**item, "fields": self.fields}]

    def response(self) -> Response:
        """The refusal as the caller sees it."""
        return answer(self.status, self.shown())


def not_found() -> ApiError:
    """404 for an address behind which there is nothing."""
    message = "The requested resource does not exist"
    return ApiError("NOT_FOUND", message, status=404, of_row=False)


def no_such_column(field: str, sobject: str) -> ApiError:
    """400 for a field that the object does not have."""
    message = f"No such column '{field}' on sobject of type {sobject}"
    return ApiError("INVALID_FIELD", message, of_row=False)


def not_writable(*fields: str) -> ApiError:
    """400 for fields that cannot be set, or not any more."""
    message = (
        f"Unable to create/update fields: {', '.join(fields)}. Please check the security settings "
        "of this field and verify that it is read/write for your profile or permission set."
    )
    return ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", message, *fields)


def unparsable(kind: str, value: object) -> ApiError:
    """400 for a JSON value of the wrong type."""
    token = {str: "STRING", bool: "BOOLEAN", int: "NUMBER_INT", float: "NUMBER_FLOAT"}
    name = token.get(type(value), "NULL" if value is None else "OBJECT")
    message = (
        f"Cannot deserialize instance of {kind} from VALUE_{name} value {value} or request may be "
        "missing a required field"
    )
    return ApiError("JSON_PARSER_ERROR", message, of_row=False)
