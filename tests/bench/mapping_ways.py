"""Ways to map the event of `tests.bench.inbound_event`, from the parsed payload to attributes."""

from __future__ import annotations

from collections.abc import Callable

import jsonata

from busbar.mapping import engine, inbound
from busbar.mapping.configuration import parse
from tests.bench.by_hand import map_by_hand
from tests.bench.inbound_event import CONFIGURATION, EVENT, FORMULAS, PATHS

TEXTS = {**PATHS, **FORMULAS}
WHOLE = "{" + ", ".join(f'"{name}": ({text})' for name, text in TEXTS.items()) + "}"
"""All fields as one expression."""


def ways() -> dict[str, Callable[[], object]]:
    """Each way, ready to map one event. All come to the same, which is made sure of here."""
    configuration = parse(CONFIGURATION)
    whole, single = engine.compile(WHOLE), [engine.compile(text) for text in TEXTS.values()]
    python = {name: jsonata.Jsonata(text) for name, text in TEXTS.items()}
    python_whole = jsonata.Jsonata(WHOLE)

    def ours() -> dict[str, object]:
        (update,) = inbound.map_event(configuration, EVENT).entity_updates
        return dict(update.attributes)

    def per_field() -> dict[str, object]:
        return {name: each.evaluate(EVENT) for name, each in python.items()}

    def one_by_one() -> list[object]:
        source = engine.source(EVENT)
        return [each.run(source) for each in single]

    expected = map_by_hand(EVENT)
    for made in (
        ours(),
        per_field(),
        whole.run(EVENT),
        dict(zip(TEXTS, one_by_one(), strict=True)),
    ):
        assert made == expected
    return {
        "ours, per field": ours,
        "engine, whole": lambda: whole.run(EVENT),
        "engine, one by one": one_by_one,
        "by hand": lambda: map_by_hand(EVENT),
        "jsonata-python, per field": per_field,
        "jsonata-python, whole": lambda: python_whole.evaluate(EVENT),
    }
