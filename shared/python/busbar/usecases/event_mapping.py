"""Has events mapped where what customers wrote can do no harm: in the child process."""

from __future__ import annotations

import hashlib
import json
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


class EventMapper:
    """Maps the events of use cases. Raises `ChildUnavailable` if the child does not start.

    `child` stands in for the process, `engine` names what evaluates in it.
    """

    def __init__(self, child: Served | None = None, *, engine: str = "jlens") -> None:
        self._child = child or Child(TARGET, engine=engine)
        self._texts: dict[int, tuple[InboundUseCase, str, str]] = {}

    def map(
        self, integration: Integration, use_case: InboundUseCase, payload: Any, form: Format
    ) -> Mapped:
        """What an event comes to. What is wrong with it, or with the mapping, are faults."""
        text, digest = self._configuration(use_case)
        context = Context(env=integration.environment())

        def answer(configuration: str | None) -> Mapped:
            job = job_of(configuration, digest, payload, format=form, context=context)
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
            text = json.dumps(use_case.configuration, ensure_ascii=False, separators=(",", ":"))
            digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
            if len(self._texts) > 256:
                self._texts.clear()
            self._texts[id(use_case)] = known = (use_case, text, digest)
        return known[1], known[2]
