"""Work in flight as a file, and back: table, queues, systems, and what people had asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from busbar.store.keys import Key
from busbar.store.table import Item
from tests.doubles.files import Held
from tests.doubles.memory_table import PlainTable
from tests.faults.cloud import Cloud, Message
from tests.faults.engine import START
from tests.faults.history import NEVER, History, Operation
from tests.faults.inbound_events import Fact, Link, Said
from tests.faults.run import LONGEST, VirtualStage, guarded
from tests.faults.setups import Tenant
from tests.recorded.cases import Case, Once
from tests.recorded.records import items

FORMAT = 1
"""Of these files."""
HERE = Path(__file__).parent
LOOK = 0.02
"""Seconds between two looks whether the point is reached."""
OTHER_IDS = 1_000_000
"""Ids of the run that goes on begin there, far from those of the recorded one."""
Json = dict[str, Any]


class _ReachedError(Exception):
    """The point that is to be recorded."""


def record(case: Case, commit: str) -> Json:
    """Play a case up to its point: what lies there then. Raises `LookupError` if it never comes."""
    cloud = Cloud(mode=case.mode, tenant=case.tenant)
    stage = VirtualStage(cloud)
    trouble = Once(word=case.word, effect=case.effect)
    cloud.layer.start(trouble)

    def watch() -> None:
        while not case.stop(cloud) or (case.word and not trouble.happened):
            cloud.engine.rest(LOOK)
        cloud.engine.rest(0.1 if case.word.startswith("die") else 0.0)  # until it is dead
        raise _ReachedError

    for line in case.lines:
        cloud.engine.start(guarded(line, stage))
    cloud.engine.start(watch)
    try:
        cloud.engine.run(LONGEST)
    except _ReachedError:
        return {"format": FORMAT, "commit": commit, "case": case.name, **_dumped(stage)}
    raise LookupError(f"{case.name} never came to its point")


def _dumped(stage: VirtualStage) -> Json:
    cloud = stage.cloud
    waiting = sorted(cloud.waiting.values(), key=lambda m: (m.due, m.number))
    return {
        "mode": cloud.mode,
        "at": cloud.engine.now().isoformat(),
        "table": as_file(items(cloud)),
        "messages": [
            {
                "queue": message.queue,
                "body": message.body,
                "received": message.received,
                "seconds_until_visible": round(max(message.due - cloud.engine.seconds, 0.0), 3),
            }
            for message in waiting
        ],
        "dead": [{"queue": queue, "body": body} for queue, body in cloud.dead],
        "salesforce": cloud.salesforce.dump(),
        "energised": cloud.energised.dump(),
        "asked": [_asked(operation) for operation in stage.history.operations],
        **(_of_erp(cloud) if cloud.tenant.erp else {}),
    }


def _of_erp(cloud: Cloud) -> Json:
    """What only an ERP's events leave. Its queues have to be empty: of those that keep order, what
    they ever took is recorded, to be delivered once more."""
    assert all(queue.empty for queue in cloud.ordered.values())
    files = {
        key: {**as_file([{"content": file.content}])[0], "content_type": file.content_type}
        for key, file in cloud.files.objects.items()
    }
    ever = {name: queue.ever for name, queue in cloud.ordered.items() if queue.ever}
    return {"erp": True, "files": files, "ordered": ever}


def _asked(operation: Operation) -> Json:
    """An operation; infinity is no JSON."""
    done = operation.completed
    return {**asdict(operation), "completed": None if done == NEVER else done}


def as_file(table: Iterable[Item]) -> list[Json]:
    """Items as they stand in a file; `table_of` reads them."""
    return [{k: _plain(v) for k, v in item.items()} for item in table]


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _scalar(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def read(path: Path) -> Json:
    """A recorded file."""
    recorded: Json = json.loads(path.read_text())
    if recorded["format"] != FORMAT:
        raise ValueError(f"{path} has format {recorded['format']}; this reads {FORMAT}")
    return recorded


def table_of(recorded: Mapping[str, Any]) -> list[Item]:
    """The items of the table."""
    return [{k: _scalar(v) for k, v in item.items()} for item in recorded["table"]]


def load(recorded: Mapping[str, Any]) -> VirtualStage:
    """The code of now, over what was recorded: the release was rolled out at that very moment."""
    tenant = Tenant(erp=recorded.get("erp", False))
    cloud = Cloud(mode=recorded["mode"], tenant=tenant, first_id=OTHER_IDS)
    at = (datetime.fromisoformat(recorded["at"]) - START).total_seconds()
    cloud.engine.at(at - cloud.engine.seconds, lambda: None)
    cloud.engine.run(LONGEST)
    cloud.salesforce.restore(recorded["salesforce"])
    cloud.energised.restore(recorded["energised"])
    _fill(cloud, recorded)
    history = History([_operation(raw) for raw in recorded["asked"]])
    return VirtualStage(cloud, history=history)


def _fill(cloud: Cloud, recorded: Mapping[str, Any]) -> None:
    table = cloud.table
    assert isinstance(table, PlainTable)
    table.items = {Key(str(i["pk"]), str(i["sk"])): i for i in table_of(recorded)}
    for key, item in table.items.items():
        cloud.written(key, item)  # rows that nobody has sent yet still stand in the stream
    for key, file in recorded.get("files", {}).items():
        content = _scalar(file["content"])
        cloud.files.objects[key] = Held(content, file["content_type"], cloud.engine.now())
    for name, ever in recorded.get("ordered", {}).items():
        cloud.ordered[name].ever += [(body, group) for body, group in ever]
    cloud.dead += [(row["queue"], row["body"]) for row in recorded["dead"]]
    for number, row in enumerate(recorded["messages"]):
        due = cloud.engine.seconds + row["seconds_until_visible"]
        cloud.sent.append((row["queue"], row["body"]))
        cloud.hold(Message(-1 - number, row["queue"], row["body"], row["received"], due))


def _operation(raw: Mapping[str, Any]) -> Operation:
    wants, completed = dict(raw["wants"]), raw["completed"]
    if "said" in wants:
        told = wants["said"]["facts"]
        facts = tuple(Fact(slug, number, name, _told(value)) for slug, number, name, value in told)
        wants["said"] = Said(**{**wants["said"], "facts": facts})
    read = {"wants": wants, "completed": NEVER if completed is None else completed}
    return Operation(**{**raw, **read})


def _told(value: Any) -> Any:
    """The value of a fact: of a relation a list, whose schema is before its numbers."""
    return Link(value[0], tuple(value[1])) if isinstance(value, list) else value
