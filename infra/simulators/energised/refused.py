"""How be.ENERGISED refuses a call: two shapes, by the API that was called."""

from __future__ import annotations

from infra.simulators.messages import RefusalError, Response, answer


class RefusedError(RefusalError):
    """The legacy REST and Fleet APIs: `status` and the text of `message`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        """`{"message": …}`."""
        return answer(self.status, {"message": str(self)})


class CpoRefusedError(RefusedError):
    """The CPO API, which follows jsonapi.org (documented); the texts are assumed."""

    def response(self) -> Response:
        """`{"errors": [{"status", "detail"}]}`."""
        return answer(self.status, {"errors": [{"status": str(self.status), "detail": str(self)}]})
