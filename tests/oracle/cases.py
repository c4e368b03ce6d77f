"""What is compared: every expression that the product brings along, over its sample events.

* `shared/python/busbar/mappings/<system>/<use_case>.jsonata` over
  `tests/oracle/samples/<system>/<use_case>.json`, a list of sources;
* `integrations/<name>/<slug>/use_case.json`: its expressions over every payload in the folder
  `events` beside it, with the variables of its integration: the fields on each item that the entity
  fans out to, with the payload for `$$`.

And each of these once more for each part of its source: without it, with null, with an empty text;
of a use case, for the largest payload, which is the typical one, and the expressions that name the
part.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from busbar.errors import Unmappable
from busbar.mapping import engine
from busbar.mapping.registry import MAPPINGS
from tests.oracle.reference import Case

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = Path(__file__).parent / "samples"
INTEGRATIONS = ROOT / "integrations"
EXPRESSIONS = {"jsonataExpression", "jsonata", "response", "return"}
"""Keys of a configuration whose texts are expressions; and `enabled`, where it is a text."""
UNCHANGED = "as it is"
ENV: dict[str, Any] = {
    "salutation": {"Mr.": "1", "Mr": "1", "Ms. / Mrs.": "2", "None": None, "Number": 3},
    "country": {"D": "DE", "A": "AT"},
}
LOOK_UPS = (
    *("$mapValue($env.salutation, word)", '$mapValue($env.salutation, word, "!")'),
    *("$mapKey($env.salutation, word)", '$mapKey($env.salutation, word, "!")'),
    *("$mapValue($env.missing, word)", "$mapKey(word, 1)", "$mapValue(word, 1, null)"),
)
WORDS: tuple[Any, ...] = ("Mr.", "1", "2", "None", 1, 3, 3.5, True, None, "", [], ["1"], {"1": 1})


def all_cases(integrations: Path = INTEGRATIONS) -> list[Case]:
    """Every case, each by a name that says where it comes from."""
    return [*_of_helpers(), *_of_mappings(), *of_integrations(integrations)]


def mappings_without_samples() -> list[str]:
    """Mappings of the product that nothing is known to be sent through."""
    names = {p.relative_to(MAPPINGS).with_suffix("") for p in MAPPINGS.glob("*/*.jsonata")}
    return sorted(str(n) for n in names if not (SAMPLES / n).with_suffix(".json").is_file())


def variants(source: Any) -> Iterator[tuple[str, Any]]:
    """The source, and what becomes of it when one part is missing, null or empty."""
    yield UNCHANGED, source
    for path in _paths(source):
        shown = ".".join(map(str, path))
        yield f"without {shown}", _changed(source, path, None, remove=True)
        yield f"null {shown}", _changed(source, path, None)
        yield f"empty {shown}", _changed(source, path, "")


def _of_helpers() -> Iterator[Case]:
    for text in LOOK_UPS:
        yield Case(text, {}, ENV)
        for word in WORDS:
            yield Case(text, {"word": word}, ENV, name=f"{text} of {word!r}")


def _of_mappings() -> Iterator[Case]:
    for path in sorted(SAMPLES.glob("*/*.json")):
        name = path.relative_to(SAMPLES).with_suffix("").as_posix()
        text = (MAPPINGS / f"{name}.jsonata").read_text(encoding="utf-8")
        for number, source in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            for what, changed in variants(source):
                yield Case(text, changed, name=f"{name} {number} {what}")


def of_integrations(above: Path) -> Iterator[Case]:
    """The expressions of the integrations in a folder, over their own payloads."""
    for file in sorted(above.glob("*/*/use_case.json")):
        slug = file.parent
        configuration = _read(file)
        env = _environment(slug.parent / "integration.json")
        payloads = {path.stem: _read(path) for path in sorted((slug / "events").glob("*.json"))}
        largest = max(payloads, key=lambda case: len(json.dumps(payloads[case])), default="")
        for case, payload in payloads.items():
            name = f"{slug.relative_to(above)} {case}"
            sources = variants(payload) if case == largest else [(UNCHANGED, payload)]
            for what, source in sources:
                made = _of_configuration(configuration, source, env, f"{name} {what}")
                yield from (one for one in made if _is_about(one.text, what))


def _is_about(text: str, what: str) -> bool:
    """Whether an expression may see what became of the source. An item is seen by all."""
    path = what.partition(" ")[2].split(".")
    return what == UNCHANGED or path[-1].isdigit() or any(key in text for key in path)


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _environment(file: Path) -> dict[str, Any]:
    variables = _read(file).get("variables", []) if file.is_file() else []
    return {each["key"]: each.get("value") for each in variables}


def _of_configuration(
    configuration: Any, payload: Any, env: dict[str, Any], name: str
) -> Iterator[Case]:
    for kind in ("entities", "meter_readings"):
        for number, entity in enumerate(_found(configuration, kind)):
            where = f"{name} {kind}[{number}]"
            items = [payload]
            before = entity.get("jsonataExpression")
            if isinstance(before, str):
                yield Case(before, payload, env, name=f"{where} itself")
                items = _fanned_out(before, payload)
            rest = {k: v for k, v in entity.items() if k != "jsonataExpression"}
            for at, item in enumerate(items):
                for text in sorted(_texts(rest)):
                    yield Case(text, item, env, payload, f"{where} item {at}: {text[:60]}")


def _fanned_out(text: str, payload: Any) -> list[Any]:
    try:
        made = engine.compile(text).run(payload)
    except Unmappable:
        return []
    return made if isinstance(made, list) else [made] if made is not engine.UNDEFINED else []


def _found(value: Any, key: str) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for name, below in value.items():
            if name == key and isinstance(below, list):
                yield from (entry for entry in below if isinstance(entry, dict))
            else:
                yield from _found(below, key)
    elif isinstance(value, list):
        for below in value:
            yield from _found(below, key)


def _texts(value: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(value, dict):
        for key, below in value.items():
            if isinstance(below, str) and key in {*EXPRESSIONS, "enabled"}:
                found.add(below)
            found |= _texts(below)
    elif isinstance(value, list):
        for below in value:
            found |= _texts(below)
    return found


def _paths(value: Any, start: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    below: Any = ()
    if isinstance(value, dict):
        below = value.items()
    elif isinstance(value, list):
        below = enumerate(value)
    for key, part in below:
        yield (*start, key)
        yield from _paths(part, (*start, key))


def _changed(source: Any, path: tuple[str | int, ...], value: Any, *, remove: bool = False) -> Any:
    made = copy.deepcopy(source)
    place = made
    for key in path[:-1]:
        place = place[key]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return made
