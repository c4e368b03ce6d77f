"""A request as handlers see it, and what they answer: bodies, query parameters, ETags, keys."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from busbar.body import (
    check_content,
    check_file,
    in_words,
    read_object,
    refuse_halves,
    repeatable,
)
from busbar.domain.customers import Caller
from busbar.domain.field_lists import may_send, shown_to
from busbar.errors import FieldError, Problem
from busbar.ports.runtime import Json
from busbar.process.idempotency import FinalAnswer, Idempotency, check_key
from busbar.usecases.deps import Deps

M = TypeVar("M", bound=BaseModel)

MOST_FAULTS = 50
"""Faults that one answer names."""
TOOLKIT_DEEPEST = 64
"""Levels of a body with a mapping in it."""


@dataclass(frozen=True)
class Answer:
    """What a handler answers; `body` becomes JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """An authenticated, authorised request."""

    caller: Caller
    deps: Deps
    operation: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw_body: str
    idempotency: Idempotency

    def json(self) -> Any:
        """The body. Raises a `Problem`: 400 if it is no JSON object, 415 if its headers say so."""
        check_content(self.headers)
        return read_object(self.raw_body)

    def parse(self, model: type[M]) -> M:
        """The body as a model. Raises a 422 `Problem` that names each field at fault.

        A field that is not for the caller's role is at fault, as one that nobody knows.
        """
        body = self.json()
        self._check_role_sends(body)
        try:
            return model.model_validate(body)
        except ValidationError as error:
            raise invalid(error) from None

    def _check_role_sends(self, body: Json) -> None:
        yours = may_send(self.caller.user.role, self.operation, body)
        others = [name for name in body if name not in yours]
        if others:
            faults = tuple(FieldError(name, "is not for your role") for name in others)
            raise Problem(422, "fields-invalid", "Some fields are invalid", errors=faults)

    def for_caller(self, answer: Answer) -> Answer:
        """An answer with what the caller's role sees of it."""
        if isinstance(answer.body, Raw):
            return answer  # `once` has seen to it
        body = shown_to(self.caller.user.role, self.operation, answer.body)
        return replace(answer, body=body)

    def parse_toolkit(self, model: type[M]) -> M:
        """The body of one of the toolkit's routes; without one, what stands for nothing said.

        Raises a 400 `Problem` that names each field at fault, as the toolkit has no other status.
        """
        check_content(self.headers)
        body = read_object(self.raw_body or "{}", TOOLKIT_DEEPEST)
        # What is of any form is kept as it is.
        refuse_halves(self.raw_body, body)
        try:
            return model.model_validate(body)
        except ValidationError as error:
            told = invalid(error)
        title = "The request is invalid"
        raise Problem(400, "invalid-request", title, errors=told.errors)

    def number(self, name: str, default: int) -> int:
        """A whole number of the query. Raises a 400 `Problem`."""
        text = self.query.get(name)
        if text is None:
            return default
        if not re.fullmatch(r"[0-9]{1,6}", text):
            fault = FieldError(name, "has to be a whole number")
            raise Problem(400, "invalid-parameter", f"{name} is invalid", errors=(fault,))
        return int(text)

    def etag(self) -> int | None:
        """The version in `If-Match`; None without the header or for `*`.

        Raises a 412 `Problem` for a tag that is none of ours: it cannot match anything.
        """
        text = self.headers.get("if-match", "*").strip()
        if text == "*":
            return None
        match = re.fullmatch(r'"([0-9]{1,15})"', text)
        if not match:
            raise Problem(412, "etag-unknown", "If-Match names no version of this object")
        return int(match[1])

    def etag_seen(self) -> int | None:
        """Like `etag`, but the header has to be there. Raises a 428 `Problem`."""
        if "if-match" not in self.headers:
            raise Problem(
                428, "if-match-missing", "If-Match is missing", "Send the ETag that you saw."
            )
        return self.etag()

    def imported(self, work: Callable[[str, bool], Json]) -> Answer:
        """An import by CSV: `work` is given the text and whether it is a dry run.

        A dry run makes nothing and needs no key; one that is sent has to be one all the same.
        Raises `Problem` 400 or 415.
        """
        check_file(self.headers, self.raw_body)
        dry_run = self.query.get("dry_run", "false")
        if dry_run not in {"true", "false"}:
            fault = FieldError("dry_run", "has to be true or false")
            raise Problem(400, "invalid-parameter", "dry_run is invalid", errors=(fault,))
        if dry_run == "true":
            if (key := self.headers.get("idempotency-key")) is not None:
                check_key(key)
            return Answer(200, {"dry_run": True, **work(self.raw_body, True)})

        def all_of_it(_entity_id: str) -> Answer:
            return Answer(200, {"dry_run": False, **work(self.raw_body, False)})

        return self.once(all_of_it, {"csv": self.raw_body})

    def once(self, work: Callable[[str], Answer], body: Json | None = None) -> Answer:
        """Run `work` once per `Idempotency-Key`; it is given the id of what it makes.

        `body` is what tells one request from another, by default the JSON body.
        """
        key = check_key(self.headers.get("idempotency-key"))

        def final(entity_id: str) -> FinalAnswer:
            answer = self.for_caller(work(entity_id))
            return FinalAnswer(answer.status, dump(answer.body), dict(answer.headers))

        said = self.json() if body is None else body
        if self.path:  # the same body for another object is another request
            said = {**self.path, "body": said}
        done = self.idempotency.once(self.operation, self.caller.user.id, key, said, final)
        replayed = {"Idempotent-Replayed": "true"} if done.replayed else {}
        return Answer(done.status, Raw(done.body), {**done.headers, **replayed})


@dataclass(frozen=True)
class Delivery:
    """What an outside system has sent and signed: the body byte by byte, under its own id."""

    deps: Deps
    message_id: str
    body: bytes

    @property
    def body_hash(self) -> str:
        """Tells whether two bodies are the same, byte by byte."""
        return hashlib.sha256(self.body).hexdigest()

    def parse(self, model: type[M]) -> M:
        """The body as a model, its numbers as they are. Raises a 400 or 422 `Problem`."""
        try:
            body = json.loads(self.body.decode(), parse_constant=_no_constant, parse_float=_finite)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Problem(400, "body-invalid", "The body is no JSON object")
        try:
            return model.model_validate(body)
        except ValidationError as error:
            raise invalid(error) from None


def shown(view: Json, made_below: str = "") -> Answer:
    """A view with its ETag: 200, or 201 where it was just made, with its address."""
    if not made_below:
        return Answer(200, view, {"ETag": view["etag"]})
    return Answer(201, view, {"ETag": view["etag"], "Location": f"{made_below}/{view['id']}"})


def gone() -> Answer:
    """204: it is removed."""
    return Answer(204, Raw(""))


class Raw(str):
    """A body that is JSON text already."""

    __slots__ = ()


def _finite(digits: str) -> float:
    """A number that can be written as JSON again; `1e999` cannot."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _no_constant(name: str) -> None:
    raise ValueError(name)


def dump(body: Any) -> str:
    """A body as JSON text."""
    if isinstance(body, Raw):
        return str(body)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def invalid(error: ValidationError) -> Problem:
    """A 422 that names each field at fault, without the values that were sent."""
    faults = tuple(
        FieldError(_json_path(e["loc"]), in_words(e["msg"]))
        for e in error.errors(include_input=False)[:MOST_FAULTS]
    )
    return Problem(422, "fields-invalid", "Some fields are invalid", "See errors.", errors=faults)


def _json_path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{p}]" if isinstance(p, int) else f".{repeatable(p)}" for p in location)
    return path.removeprefix(".")
