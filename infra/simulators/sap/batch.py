"""`$batch`: many requests in one, by multipart/mixed; what is inside a changeset is one whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from urllib.parse import urlsplit

from infra.simulators.messages import Request, Response
from infra.simulators.sap.addresses import plain
from infra.simulators.sap.desk import Desk
from infra.simulators.sap.failures import malformed

Dispatch = Callable[[Request], Response]
_END = "\r\n"


@dataclass(frozen=True)
class Part:
    """A request of a batch; `content_id` is the name that later ones of its changeset know."""

    request: Request
    content_id: str = ""


class ChangesetFailed(Exception):
    """One of a changeset was refused, with this answer: nothing of it may stay."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def run(desk: Desk, request: Request, dispatch: Dispatch) -> Response:
    """202 with an answer to each. Raises `SapError` 400 for what is no batch."""
    answers: list[tuple[str, bytes]] = []
    for part in _parts(request.headers.get("content-type", ""), request.body):
        if part.get_content_type() == "multipart/mixed":
            answers.append(_changeset(desk, request, part, dispatch, len(answers)))
        else:
            answers.append(_http(dispatch(_read(desk, request, part).request)))
    boundary = f"batch_{desk.tenant.next('batch'):08X}"
    return Response(
        202,
        _joined(boundary, answers),
        {"content-type": f"multipart/mixed; boundary={boundary}"},
    )


def _changeset(
    desk: Desk, request: Request, part: Message, dispatch: Dispatch, number: int
) -> tuple[str, bytes]:
    """The answers to all; or one single answer, where one was refused."""
    try:
        with desk.tenant.rows.atomic():
            answers = _all(desk, request, part, dispatch)
    except ChangesetFailed as failed:
        return _http(failed.response)
    boundary = f"changeset_{number:08X}"
    return f"Content-Type: multipart/mixed; boundary={boundary}{_END}", _joined(boundary, answers)


def _all(
    desk: Desk, request: Request, part: Message, dispatch: Dispatch
) -> list[tuple[str, bytes]]:
    made: dict[str, str] = {}
    answers: list[tuple[str, bytes]] = []
    for inner in _inside(part):
        one = _read(desk, request, inner, made)
        response = dispatch(one.request)
        if response.status >= 400:
            raise ChangesetFailed(response)
        made[one.content_id] = response.headers.get("location", "")
        answers.append(_http(response, one.content_id))
    return answers


def _parts(content_type: str, body: bytes) -> list[Message]:
    whole = BytesParser().parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    if whole.get_content_type() != "multipart/mixed" or whole.defects:
        raise malformed("The batch request is no multipart/mixed with its boundary")
    return _inside(whole)


def _inside(part: Message) -> list[Message]:
    found = part.get_payload()
    if not isinstance(found, list):
        raise malformed("A part of the batch request has no parts")
    return [one for one in found if isinstance(one, Message)]


def _read(desk: Desk, outer: Request, part: Message, made: dict[str, str] | None = None) -> Part:
    raw = part.get_payload(decode=True)
    if part.get_content_type() != "application/http" or not isinstance(raw, bytes):
        raise malformed("A part of the batch request is no application/http")
    head, _, body = raw.lstrip().replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    method, _, rest = first.partition(" ")
    if made is not None and method == "GET":
        raise malformed("A changeset must not contain a GET")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
    }
    content_id = part.get("Content-ID", "") or headers.get("content-id", "")
    url = urlsplit(_absolute(desk, rest.rpartition(" ")[0], made or {}))
    if plain(url.path).rstrip("/").endswith("/$batch"):
        raise malformed("A batch request must not contain another one")
    headers |= {"host": outer.headers.get("host", "localhost")}
    return Part(Request(method, plain(url.path), url.query, headers, body), str(content_id))


def _absolute(desk: Desk, url: str, made: dict[str, str]) -> str:
    """An address that may be relative to the service, or to what the changeset has made."""
    start, slash, rest = url.lstrip("/").partition("/")
    if start.startswith("$") and start[1:] in made:
        return made[start[1:]] + slash + rest
    if url.startswith("/sap/") or "://" in url:
        return url
    return f"{desk.service.path}/{url.lstrip('/')}"


def _http(response: Response, content_id: str = "") -> tuple[str, bytes]:
    """An answer as a part: the part's own headers, its content."""
    lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines.append(f"Content-Length: {len(response.body)}")
    content = _END.join(lines).encode() + b"\r\n\r\n" + response.body
    head = f"Content-Type: application/http{_END}Content-Length: {len(content)}{_END}"
    head += f"content-transfer-encoding: binary{_END}"
    return (f"{head}content-id: {content_id}{_END}" if content_id else head), content


def _joined(boundary: str, parts: list[tuple[str, bytes]]) -> bytes:
    lines = [f"--{boundary}{_END}{head}{_END}".encode() + body + b"\r\n" for head, body in parts]
    return b"".join(lines) + f"--{boundary}--{_END}".encode()
