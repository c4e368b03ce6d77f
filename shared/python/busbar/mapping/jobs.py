"""Jobs for the child process, and what comes back: bytes of JSON.

A job is `{"configuration": text, "hash": text, "event"?: name, "payload": text | object, "format":
"json" | "xml", "context": {…}}`, the context as `Context` has it, without what is empty. A payload
that is a text may follow in a line of its own instead, as it is: so it is not escaped. A
configuration is compiled once per process and hash. It may be left out of a job whose hash the
process has seen; if it has not, `ConfigurationUnknown` comes out of `mapped_of`, and the job is
sent again with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from busbar.domain.updates import (
    EntityUpdate,
    Explained,
    Fault,
    Mapped,
    PruneScope,
    ReadingPrune,
    ReadingUpdate,
    Warned,
)
from busbar.errors import BusbarError, InvalidMapping
from busbar.mapping import direct, payloads
from busbar.mapping.answer_size import is_too_large
from busbar.mapping.configuration import parse
from busbar.mapping.model import Configuration
from busbar.mapping.payload_faults import MalformedPayload
from busbar.mapping.sources import Context
from busbar.mapping.wire import schema_warnings

MOST_CONFIGURATIONS = 256
"""Kept compiled; of more, that which has been unused for longest goes."""
_UNKNOWN = b'{"unknown":true}'
_TOO_MUCH = Mapped(faults=(Fault("MAPPING_EXPRESSION_FAILED", "it comes to too much at once"),))
_compiled: dict[tuple[str, str | None], Configuration | InvalidMapping] = {}

MapEvent = Callable[[Configuration, Any, Context], Mapped]


class ConfigurationUnknown(BusbarError):
    """The process does not have the configuration that a job names by its hash: send it along."""


def job_of(
    configuration: str | None,
    digest: str,
    payload: Any,
    *,
    format: payloads.Format = "json",  # noqa: A002  as events name it
    event: str | None = None,
    context: Context | None = None,
) -> bytes:
    """A job. `configuration`: its JSON text; None if the process has seen `digest` before."""
    head = head_of(configuration, digest, format=format, event=event, context=context)
    return job_with(head, payload)


def head_of(
    configuration: str | None,
    digest: str,
    *,
    format: payloads.Format = "json",  # noqa: A002  as events name it
    event: str | None = None,
    context: Context | None = None,
) -> bytes:
    """What a job has beside its payload: the same for many events."""
    context = context or Context()
    return _encoded(
        {
            "configuration": configuration,
            "hash": digest,
            "event": event,
            "format": format,
            "context": {
                "simulation": context.simulation,
                "explain": context.explain,
                "env": dict(context.env),
                "portals": None if context.portals is None else list(context.portals),
                **(
                    {"known": {n: dict(k) for n, k in context.known.items()}}
                    if context.known
                    else {}
                ),
                **({"check": True} if context.check else {}),
            },
        }
    )


def job_with(head: bytes, payload: Any) -> bytes:
    """A job of its head and its payload."""
    if isinstance(payload, str):
        return head + b"\n" + payload.encode(errors="surrogatepass")
    return head[:-1] + b',"payload":' + _encoded(payload) + b"}"


def served(job: bytes, map_event: MapEvent) -> bytes:
    """What `map_event` makes of a job. Raises `MemoryError` at most: other faults are told."""
    try:
        told = _told(job)
        configuration = _configuration(told)
        if configuration is None:
            return _UNKNOWN
        context = _context(told.get("context") or {})
        mapped = _mapped(told, configuration, context, map_event)
        if context.known:
            warned = schema_warnings(configuration, mapped, context.known)
            mapped = replace(mapped, warnings=(*mapped.warnings, *warned))
        return bytes_of(mapped)
    except InvalidMapping as error:
        faults = (Fault("INVALID_MAPPING", text, path=path) for path, text in error.faults)
        return bytes_of(Mapped(faults=tuple(faults)))
    except MalformedPayload as error:
        return bytes_of(Mapped(faults=(Fault(error.code, str(error)),)))
    except MemoryError:
        # The process has to be made anew.
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, the process has to answer
        # Its kind only: a message may quote the event.
        return bytes_of(Mapped(faults=(Fault("UNKNOWN_ERROR", type(error).__name__),)))


def _told(job: bytes) -> dict[str, Any]:
    head, line, payload = job.partition(b"\n")
    if not line:
        return dict(json.loads(job))
    return {**json.loads(head), "payload": payload.decode(errors="surrogatepass")}


def _mapped(
    told: dict[str, Any], configuration: Configuration, context: Context, map_event: MapEvent
) -> Mapped:
    form: Any = told.get("format") or "json"
    payload: Any = told.get("payload")
    if context.check:
        return Mapped(warnings=configuration.warnings)
    if configuration.direct:
        return direct.read(payload, configuration, form)
    return map_event(configuration, payloads.parse(payload, form), context)


def _configuration(told: dict[str, Any]) -> Configuration | None:
    if not isinstance(told["hash"], str):
        raise TypeError("a hash is a text")
    key = (told["hash"], told.get("event"))
    found = _compiled.pop(key, None)
    if found is None:
        text = told.get("configuration")
        if text is None:
            return None
        found = _parsed(text, told.get("event"))
        while len(_compiled) >= MOST_CONFIGURATIONS:
            _compiled.pop(next(iter(_compiled)))
    _compiled[key] = found
    if isinstance(found, InvalidMapping):
        raise found
    return found


def _parsed(text: Any, event: str | None) -> Configuration | InvalidMapping:
    try:
        return parse(payloads.loads(text) if isinstance(text, str) else text, event)
    except MalformedPayload as error:
        return InvalidMapping([("", str(error))])
    except InvalidMapping as error:
        return error


def _context(told: dict[str, Any]) -> Context:
    return Context(
        simulation=bool(told.get("simulation")),
        explain=bool(told.get("explain")),
        env=told.get("env") or {},
        portals=told.get("portals"),
        known=told.get("known") or {},
        check=bool(told.get("check")),
    )


def bytes_of(mapped: Mapped) -> bytes:
    """As JSON: a list of lists, each entry the fields of its class in their order."""
    lists = [[_row(each) for each in part] for part in _parts(mapped)]
    answer = _encoded(lists)
    return bytes_of(_TOO_MUCH) if is_too_large(answer, lists) else answer


def _encoded(value: Any) -> bytes:
    # What has half of a character is refused where it is read, not where it is passed on.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="surrogatepass")


def _parts(mapped: Mapped) -> tuple[tuple[Any, ...], ...]:
    return (
        mapped.entity_updates,
        mapped.prune_scope_updates,
        mapped.meter_readings_updates,
        mapped.meter_readings_prune_scope_updates,
        mapped.warnings,
        mapped.faults,
        mapped.explained,
    )


def _row(value: Any) -> list[Any]:
    return [getattr(value, name) for name in value.__slots__]


def mapped_of(answer: bytes) -> Mapped:
    """What `serve` answered. Raises `ConfigurationUnknown`."""
    told = json.loads(answer)
    if isinstance(told, dict):
        raise ConfigurationUnknown
    entities, prunes, readings, reading_prunes, warned, faults, explained = told
    return Mapped(
        tuple(EntityUpdate(*row) for row in entities),
        tuple(PruneScope(slug, scope, tuple(keep), mode) for slug, scope, keep, mode in prunes),
        tuple(ReadingUpdate(*row) for row in readings),
        tuple(ReadingPrune(m, c, tuple(keep), source) for m, c, keep, source in reading_prunes),
        tuple(Warned(*row) for row in warned),
        tuple(Fault(*row) for row in faults),
        tuple(_explained(*row) for row in explained),
    )


def _explained(*row: Any) -> Explained:
    schema, item, attribute, source, expression, reads, value = row
    return Explained(schema, item, attribute, source, expression, tuple(reads), value)
