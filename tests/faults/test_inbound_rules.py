"""The judge of an ERP's events says nothing of a good run, and sees every fault put into it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.faults.checker import judge
from tests.faults.cloud import Cloud
from tests.faults.evidence import Evidence
from tests.faults.inbound import (
    A_FILE,
    ANNA,
    ERP,
    MANY_AT_ONCE,
    OLD,
    ONE_CUSTOMER,
    POWER,
    UPLOADED,
)
from tests.faults.inbound_held import Inbound
from tests.faults.inbound_rules import RULES, Rule, Told
from tests.faults.ordered import Letter
from tests.faults.run import played
from tests.faults.trouble import Calm

CONTACT, CONTRACT = ("contact", ANNA), ("contract", POWER)
Json = dict[str, Any]


@cache
def a_good_run() -> Evidence:
    """A run in which nothing went wrong."""
    return played(Cloud(tenant=ERP), ONE_CUSTOMER, Calm())


@pytest.fixture
def run() -> Evidence:
    """The same, to be spoilt."""
    return copy.deepcopy(a_good_run())


def held(run: Evidence) -> Inbound:
    """What stands of it."""
    assert run.inbound
    return run.inbound


def lineage(run: Evidence, name: str) -> Json:
    """The event of an attribute of the customer."""
    there: Json = held(run).entities[CONTACT]["_lineage"][name]
    return there


def test_should_find_nothing_in_a_good_run() -> None:
    assert judge(a_good_run()) == []


def lost(run: Evidence) -> None:
    held(run).entities[CONTACT].pop("last_name")


def overwritten(run: Evidence) -> None:
    held(run).entities[CONTACT]["last_name"] = "Stale"


def not_found(run: Evidence) -> None:
    held(run).entities[CONTRACT] = {"problem": "not-found"}


def doubled(run: Evidence) -> None:
    held(run).listed["contact"].append(ANNA)


def another(run: Evidence) -> None:
    held(run).listed["contact"].append("0000000009")


def unlisted(run: Evidence) -> None:
    held(run).listed["contract"].clear()


def of_another_event(run: Evidence) -> None:
    lineage(run, "last_name")["event_id"] = lineage(run, "title")["event_id"]


def of_no_event(run: Evidence) -> None:
    lineage(run, "last_name")["event_id"] = "any"


def unrelated(run: Evidence) -> None:
    held(run).entities[CONTRACT]["meters"] = {"$relation": []}


def one_sided(run: Evidence) -> None:
    held(run).related["meter", OLD].clear()


def related_twice(run: Evidence) -> None:
    items = held(run).related[CONTACT]
    items.append(items[0])


def added_twice(run: Evidence) -> None:
    held(run).entities[CONTACT]["_tags"].append("first")


def added_in_another_order(run: Evidence) -> None:
    held(run).entities[CONTACT]["_tags"].reverse()


def reading_twice(run: Evidence) -> None:
    held(run).readings[OLD].append(held(run).readings[OLD][0])


def reading_lost(run: Evidence) -> None:
    held(run).readings[OLD].pop()


def reading_old(run: Evidence) -> None:
    next(r for r in held(run).readings[OLD] if r["external_id"] == "r2")["value"] = 20


def applied_twice(run: Evidence) -> None:
    items = held(run).histories[CONTACT]
    items.append(items[0])


def written_again(run: Evidence) -> None:
    held(run).entities[CONTACT]["_version"] += 9


def not_kept(run: Evidence) -> None:
    requests = held(run).requests
    requests.pop(next(name for name in requests if name.endswith("-003")))


def without_row(run: Evidence) -> None:
    mine = held(run)
    mine.rows = [row for row in mine.rows if mine.name_of(row.event_id) != "metered"]


def row_after_parking(run: Evidence) -> None:
    mine = held(run)
    mine.rows = [r._replace(at=r.at + 1) if r.level == "error" else r for r in mine.rows]


def letter_gone(run: Evidence) -> None:
    held(run).left.pop()


def letter_of_a_good_one(run: Evidence) -> None:
    mine = held(run)
    letter = mine.left[0]
    mine.left.append(letter._replace(body=letter.body.replace('"broken"', '"metered"')))


def letter_with_a_name(run: Evidence) -> None:
    mine = held(run)
    letter = mine.parked[0]
    mine.parked[0] = letter._replace(body=letter.body[:-1] + ',"x":"anna@example.test"}')


def parked_for_its_predecessor(run: Evidence) -> None:
    mine = held(run)
    letter = mine.parked[0]
    ours = next(o for o, e in mine.requests.items() if e["correlation_id"] == "first readings")
    body = f'{{"event_id":"{ours}","correlation_id":"first readings"}}'
    mine.parked.append(letter._replace(body=body, reason="METER_NOT_FOUND"))


def load_not_done(run: Evidence) -> None:
    held(run).loads[0]["state"] = "running"


def line_counted_twice(run: Evidence) -> None:
    held(run).loads[0]["lines_done"] += 1


def bad_line_not_counted(run: Evidence) -> None:
    held(run).loads[0]["lines_bad"] = 1


def good_line_is_bad(run: Evidence) -> None:
    mine = held(run).loads[0]
    mine["bad_lines"] = [{**mine["bad_lines"][0], "line": 1}]
    mine["lines_bad"] = 1


def load_made_twice(run: Evidence) -> None:
    held(run).loads.append({**held(run).loads[0]})


def line_taken_for_a_repeat(run: Evidence) -> None:
    held(run).loads[0]["outcomes"]["DUPLICATE_EVENT"] = 1


def load_given_up(run: Evidence) -> None:
    held(run).loads_left.append(Letter("{}", "any", "", 0.0))


def bad_line_told_twice(run: Evidence) -> None:
    mine = held(run)
    bad = mine.loads[0]["bad_lines"][0]["event_id"]
    mine.rows.append(next(row for row in mine.rows if row.event_id == bad))


def bad_line_not_told(run: Evidence) -> None:
    mine = held(run)
    bad = mine.loads[0]["bad_lines"][0]["event_id"]
    mine.rows = [row for row in mine.rows if row.event_id != bad]


SPOILT_LOADS: tuple[tuple[Callable[[Evidence], None], str], ...] = (
    (load_not_done, "the load is ('running', 55, 100), of 55 lines"),
    (line_counted_twice, "the load is ('done', 56, 100), of 55 lines"),
    (bad_line_not_counted, "the load counts 1 bad lines"),
    (good_line_is_bad, "shows [1] as bad, and not [4, 54]"),
    (load_made_twice, "was made twice"),
    (line_taken_for_a_repeat, "takes lines for repeats"),
    (load_given_up, "was given up"),
    (bad_line_told_twice, "2 rows tell of the bad line 4"),
    (bad_line_not_told, "0 rows tell of the bad line 4"),
)


@cache
def a_good_load() -> Evidence:
    """A load in which nothing went wrong."""
    return played(Cloud(tenant=ERP), A_FILE, Calm())


@pytest.mark.parametrize(("spoil", "seen"), SPOILT_LOADS)
def test_should_see_what_is_wrong_with_a_load(spoil: Callable[[Evidence], None], seen: str) -> None:
    assert judge(a_good_load()) == []
    run = copy.deepcopy(a_good_load())
    spoil(run)
    assert [one for one in judge(run) if seen in one], judge(run)


def payload_not_kept(run: Evidence) -> None:
    held(run).payloads.clear()


def payload_is_another(run: Evidence) -> None:
    mine = held(run).payloads
    mine[next(iter(mine))] = "{}"


@pytest.mark.parametrize(
    ("spoil", "seen"),
    [
        (payload_not_kept, "the payload of the event anna, answered as"),
        (payload_is_another, "the payload of the event anna is kept as another one"),
    ],
)
def test_should_see_what_is_wrong_with_an_uploaded_payload(
    spoil: Callable[[Evidence], None], seen: str
) -> None:
    run = played(Cloud(tenant=ERP), UPLOADED, Calm())
    assert judge(run) == []
    spoil(run)
    assert [one for one in judge(run) if seen in one], judge(run)


SPOILT: tuple[tuple[Callable[[Evidence], None], str], ...] = (
    (lost, "last_name is None, and not 'Other'"),
    (overwritten, "last_name is 'Stale', and not 'Other'"),
    (not_found, "is not to be found"),
    (doubled, "is there 2 times"),
    (another, "of which nobody told"),
    (unlisted, "is not listed"),
    (of_another_event, "is said to be of 'late', and is of renamed"),
    (of_no_event, "is said to be of '', and is of renamed"),
    (unrelated, "meters is"),
    (one_sided, "which does not show it"),
    (related_twice, "is there twice"),
    (added_twice, "_tags is"),
    (added_in_another_order, "_tags is"),
    (reading_twice, "has the readings"),
    (reading_lost, "has the readings"),
    (reading_old, "reading r2 is 20, and not 21"),
    (applied_twice, "was applied 2 times"),
    (written_again, "was written"),
    (not_kept, "is not in S3"),
    (without_row, "nothing tells what became of the event metered"),
    (row_after_parking, "before a row told so"),
    (letter_gone, "and they are not parked"),
    (letter_of_a_good_one, "['metered'] are parked at the end"),
    (letter_with_a_name, "holds ['anna@example.test']"),
    (parked_for_its_predecessor, "for want of what stood before it"),
)


@pytest.mark.parametrize(("spoil", "seen"), SPOILT)
def test_should_see_what_is_wrong(
    run: Evidence, spoil: Callable[[Evidence], None], seen: str
) -> None:
    spoil(run)
    assert [one for one in judge(run) if seen in one], judge(run)


def test_should_have_a_spoilt_run_for_every_rule() -> None:
    spoilt = []
    for spoil, _ in SPOILT:
        run = copy.deepcopy(a_good_run())
        spoil(run)
        spoilt.append(run)
    gone = played(Cloud(tenant=ERP), MANY_AT_ONCE, Calm())
    held(gone).entities["contact", "0000000002"] = {}
    spoilt.append(gone)
    for spoil, _ in SPOILT_LOADS:
        run = copy.deepcopy(a_good_load())
        spoil(run)
        spoilt.append(run)

    def sees(rule: Rule, run: Evidence) -> bool:
        return any(rule(held(run), Told(run.history.of("event"))))

    assert [rule for rule in RULES if not any(sees(rule, run) for run in spoilt)] == []


def test_should_see_who_is_there_though_he_was_said_to_be_gone() -> None:
    run = played(Cloud(tenant=ERP), MANY_AT_ONCE, Calm())
    assert judge(run) == []
    held(run).entities["contact", "0000000002"] = {}
    assert "contact 0000000002 is there, and was last said to be gone" in judge(run)


def test_should_believe_either_of_what_was_never_answered(run: Evidence) -> None:
    for asked in run.history.of("event"):
        if asked.subject in {"renamed", "broken"}:
            asked.outcome = "unknown"
    held(run).left.clear()
    assert [one for one in judge(run) if "last_name" in one] == []
    overwritten(run)
    mine = held(run)
    by = next(o for o, e in mine.requests.items() if e["correlation_id"] == "late")
    lineage(run, "last_name")["event_id"] = by
    assert [one for one in judge(run) if "last_name" in one] == []
