"""Has events mapped where what customers wrote can do no harm: in the child process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from busbar.domain.erp_events import Format
from busbar.domain.integrations import Integration, IntegrationUseCase
from busbar.domain.portals import Portals
from busbar.domain.schemas import Use
from busbar.domain.updates import Fault, Mapped
from busbar.mapping.child import Child, JobLost
from busbar.mapping.jobs import ConfigurationUnknown, head_of, job_with, mapped_of
from busbar.mapping.sources import Context

TARGET = "busbar.mapping.inbound:serve"


class Served(Protocol):
    """Answers jobs of bytes in their order, `JobLost` for one that nobody survives."""

    def ask_all(self, jobs: Sequence[bytes]) -> list[bytes | JobLost]: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event that is to be mapped."""

    integration: Integration
    use_case: IntegrationUseCase
    payload: Any
    form: Format


@dataclass(frozen=True)
class _Head:
    """All of a job but its payload."""

    text: str
    digest: str
    form: Format
    context: Context
    event: str | None = None

    @cached_property
    def short(self) -> bytes:
        """Without the configuration, for a child that has it."""
        return self._of(None)

    @cached_property
    def whole(self) -> bytes:
        """With it."""
        return self._of(self.text)

    def _of(self, text: str | None) -> bytes:
        return head_of(text, self.digest, format=self.form, event=self.event, context=self.context)


class EventMapper:
    """Maps the events of use cases. Raises `ChildUnavailable` if the child does not start.

    `child` stands in for the process, `engine` names what evaluates in it.
    """

    def __init__(self, child: Served | None = None, *, engine: str = "jlens") -> None:
        self._child = child or Child(TARGET, engine=engine)
        self._texts: dict[int, tuple[IntegrationUseCase, str, str]] = {}

    def map_all(self, events: Sequence[Wanted], portals: Portals = ()) -> list[Mapped]:
        """What events of an org that has these portals come to, in their order. What is wrong with
        one, or with its mapping, are faults. They are sent at once: to wait for a batch costs no
        more than to wait for one."""
        heads: dict[tuple[int, int, Format], _Head] = {}
        jobs = []
        for one in events:
            # The same objects for all events of a use case.
            key = (id(one.integration), id(one.use_case), one.form)
            if key not in heads:
                context = Context(env=one.integration.environment(), portals=portals)
                heads[key] = _Head(*self._configuration(one.use_case), one.form, context)
            jobs.append((heads[key], one.payload))
        return self._mapped(jobs)

    def try_out(
        self,
        configuration: Mapping[str, Any],
        payload: Any,
        form: Format,
        context: Context,
        event: str | None = None,
    ) -> Mapped:
        """The same, by a configuration that nobody has saved; of several in it, that of `event`."""
        head = _Head(*_text_of(configuration), form, context, event)
        (mapped,) = self._mapped([(head, payload)])
        return mapped

    def check(
        self, configuration: Mapping[str, Any], known: Mapping[str, Mapping[str, Use]]
    ) -> Mapped:
        """What is wrong with a configuration, as faults with their paths, and what is warned of.

        `known`: the attributes of the org's schemas, each with what it is for in unique ids.
        """
        return self.try_out(configuration, {}, "json", Context(check=True, known=known))

    def _mapped(self, jobs: Sequence[tuple[_Head, Any]]) -> list[Mapped]:
        answers = self._child.ask_all([job_with(head.short, payload) for head, payload in jobs])
        made: dict[int, Mapped] = {}
        unknown = []
        for number, answer in enumerate(answers):
            try:
                made[number] = _result(answer)
            except ConfigurationUnknown:
                unknown.append(number)
        if unknown:
            whole = [job_with(jobs[number][0].whole, jobs[number][1]) for number in unknown]
            for number, answer in zip(unknown, self._child.ask_all(whole), strict=True):
                made[number] = _result(answer)
        return [made[number] for number in range(len(jobs))]

    def _configuration(self, use_case: IntegrationUseCase) -> tuple[str, str]:
        """Its text and the hash of that, made once for a use case that is kept."""
        known = self._texts.get(id(use_case))
        if known is None or known[0] is not use_case:
            text, digest = _text_of(use_case.configuration)
            if len(self._texts) > 256:
                self._texts.clear()
            self._texts[id(use_case)] = known = (use_case, text, digest)
        return known[1], known[2]


def _result(answer: bytes | JobLost) -> Mapped:
    """Raises `ConfigurationUnknown`."""
    if isinstance(answer, JobLost):
        code = "TIMEOUT" if answer.code == "TIMEOUT" else "MAPPING_EXPRESSION_FAILED"
        return Mapped(faults=(Fault(code, f"the mapping was ended: {answer.code}"),))
    return mapped_of(answer)


def _text_of(configuration: Mapping[str, Any]) -> tuple[str, str]:
    text = json.dumps(configuration, ensure_ascii=False, separators=(",", ":"))
    return text, hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
