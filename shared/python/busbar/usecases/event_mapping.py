"""Has events mapped where what customers wrote can do no harm: in the child process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from busbar.domain.erp_events import Format
from busbar.domain.integrations import InboundUseCase, Integration
from busbar.domain.updates import Fault, Mapped
from busbar.mapping.child import Child, JobLost
from busbar.mapping.jobs import ConfigurationUnknown, job_of, mapped_of
from busbar.mapping.sources import Context

TARGET = "busbar.mapping.inbound:serve"


class Served(Protocol):
    """Answers jobs of bytes. Raises `JobLost` for a job that nobody survives."""

    def ask(self, job: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event that is to be mapped."""

    integration: Integration
    use_case: InboundUseCase
    payload: Any
    form: Format


class EventMapper:
    """Maps the events of use cases. Raises `ChildUnavailable` if the child does not start.

    `child` stands in for the process, `engine` names what evaluates in it.
    """

    def __init__(self, child: Served | None = None, *, engine: str = "jlens") -> None:
        self._child = child or Child(TARGET, engine=engine)
        self._texts: dict[int, tuple[InboundUseCase, str, str]] = {}

    def map_all(self, events: Sequence[Wanted]) -> list[Mapped]:
        """What events come to, in their order. What is wrong with one, or with its mapping, are
        faults."""
        return [self._map(one) for one in events]

    def _map(self, event: Wanted) -> Mapped:
        text, digest = self._configuration(event.use_case)
        context = Context(env=event.integration.environment())
        return self._mapped(text, digest, event.payload, event.form, context)

    def try_out(
        self,
        configuration: Mapping[str, Any],
        payload: Any,
        form: Format,
        context: Context,
        event: str | None = None,
    ) -> Mapped:
        """The same, by a configuration that nobody has saved; of several in it, that of `event`."""
        return self._mapped(*_text_of(configuration), payload, form, context, event)

    def check(
        self, configuration: Mapping[str, Any], known: Mapping[str, Collection[str]]
    ) -> Mapped:
        """What is wrong with a configuration, as faults with their paths, and what is warned of.

        `known`: the attributes of the org's schemas.
        """
        return self.try_out(configuration, {}, "json", Context(check=True, known=known))

    def _mapped(
        self,
        text: str,
        digest: str,
        payload: Any,
        form: Format,
        context: Context,
        event: str | None = None,
    ) -> Mapped:
        def answer(configuration: str | None) -> Mapped:
            job = job_of(configuration, digest, payload, format=form, event=event, context=context)
            return mapped_of(self._child.ask(job))

        try:
            try:
                return answer(None)
            except ConfigurationUnknown:
                return answer(text)
        except JobLost as lost:
            code = "TIMEOUT" if lost.code == "TIMEOUT" else "MAPPING_EXPRESSION_FAILED"
            return Mapped(faults=(Fault(code, f"the mapping was ended: {lost.code}"),))

    def _configuration(self, use_case: InboundUseCase) -> tuple[str, str]:
        """Its text and the hash of that, made once for a use case that is kept."""
        known = self._texts.get(id(use_case))
        if known is None or known[0] is not use_case:
            text, digest = _text_of(use_case.configuration)
            if len(self._texts) > 256:
                self._texts.clear()
            self._texts[id(use_case)] = known = (use_case, text, digest)
        return known[1], known[2]


def _text_of(configuration: Mapping[str, Any]) -> tuple[str, str]:
    text = json.dumps(configuration, ensure_ascii=False, separators=(",", ":"))
    return text, hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
