"""Signed requests, spoiled in the ways that an attacker or a careless proxy would spoil them.

Each mutation makes of a good request one that must not be taken. `mutated` applies one to three of
them; what comes of a seed is always the same.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from busbar.domain.webhook_signature import key_of, sign
from tests.doubles.world import ORG, WEBHOOK_KEY, http_event
from tests.functions.sender import Event, body_of, card_assigned, status_changed

KEY = key_of(WEBHOOK_KEY)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
NAMES = (ID, TIMESTAMP, SIGNATURE)


@dataclass(frozen=True)
class Sent:
    """A request as API Gateway hands it on: `text` is its body there."""

    headers: dict[str, str]
    text: str | None
    encoded: bool
    org: str = ORG
    event: dict[str, Any] = field(default_factory=dict)
    """Parts of the event that are replaced."""

    @property
    def body(self) -> bytes:
        """The bytes that were signed, of a request whose body is untouched."""
        text = self.text or ""
        return base64.b64decode(text) if self.encoded else text.encode(errors="surrogatepass")

    def with_body(self, body: bytes) -> Sent:
        """The same headers over other bytes, as API Gateway would hand those on."""
        try:
            return replace(self, text=body.decode(), encoded=False)
        except UnicodeDecodeError:
            return replace(self, text=base64.b64encode(body).decode(), encoded=True)

    def with_header(self, name: str, value: str) -> Sent:
        """Another value of one header."""
        return replace(self, headers={**self.headers, name: value})

    def as_event(self) -> dict[str, Any]:
        """What the function is called with."""
        path = f"/v1/webhooks/salesforce/{self.org}"
        made = http_event("POST", path, self.text, self.headers, {"org": self.org}, None)
        return {**made, "isBase64Encoded": self.encoded, **self.event}


Mutation = Callable[[Random, Sent], Sent]
ALL: list[Mutation] = []


def mutation(function: Mutation) -> Mutation:
    """Let `mutated` use it."""
    ALL.append(function)
    return function


def chance(seed: int) -> Random:
    """Chance that repeats."""
    return Random(seed)  # noqa: S311


def good(rng: Random, now: int) -> Sent:
    """A request that is taken as it is."""
    events: list[Event] = [
        rng.choice((card_assigned, status_changed))(Note__c=rng.choice(("ü", "x", "+/", "\u2028")))
        for _ in range(rng.randint(1, 3))
    ]
    body = json.dumps({"events": events}, ensure_ascii=rng.random() < 0.5).encode()
    message_id = f"msg_{rng.randrange(10**12):012}"
    return signed(body, message_id, str(now - rng.randint(-200, 200)), encoded=rng.random() < 0.3)


def signed(body: bytes, message_id: str, timestamp: str, *, encoded: bool = False) -> Sent:
    """A request signed with the org's own key."""
    text = base64.b64encode(body).decode() if encoded else body.decode()
    values = (message_id, timestamp, sign(KEY, message_id, timestamp, body))
    return Sent(dict(zip(NAMES, values, strict=True)), text, encoded)


def mutated(seed: int, now: int) -> tuple[str, Sent]:
    """(names of what was done, the request) of this seed."""
    rng = chance(seed)
    whole = good(rng, now)
    while True:
        chosen: Sequence[Mutation] = rng.choices(ALL, k=rng.choice((1, 1, 1, 2, 3)))
        sent = whole
        for mutate in chosen:
            sent = mutate(rng, sent)
        if sent.as_event() != whole.as_event():
            return "+".join(m.__name__ for m in chosen), sent


# --- the body ------------------------------------------------------------------------------------


def _bytes(sent: Sent) -> bytes:
    try:
        return sent.body
    except ValueError:
        return b"{}"


@mutation
def bit_of_the_body(rng: Random, sent: Sent) -> Sent:
    body = bytearray(_bytes(sent) or b"{}")
    body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return sent.with_body(bytes(body))


@mutation
def truncated(rng: Random, sent: Sent) -> Sent:
    body = _bytes(sent)
    return sent.with_body(body[: rng.randrange(len(body))] if body else b"x")


@mutation
def more_bytes(rng: Random, sent: Sent) -> Sent:
    more = rng.choice((b" ", b"\n", b"\r\n", b"\0", b"}", b'{"events": []}', b"x" * 140_000))
    return sent.with_body(more + _bytes(sent) if rng.random() < 0.5 else _bytes(sent) + more)


@mutation
def written_anew(rng: Random, sent: Sent) -> Sent:
    try:
        value = json.loads(_bytes(sent))
    except (ValueError, RecursionError):
        return sent.with_body(b"[]")
    style = rng.choice(({"indent": 1}, {"indent": 2}, {"separators": (",", ":")}))
    return sent.with_body(json.dumps(value, **style).encode())


@mutation
def other_value(rng: Random, sent: Sent) -> Sent:
    other = body_of(rng.choice((card_assigned, status_changed))(Other__c=str(rng.random())))
    return sent.with_body(other)


@mutation
def other_charset(rng: Random, sent: Sent) -> Sent:
    text = _bytes(sent).decode(errors="replace")
    charset = rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp500"))
    named = sent.with_header("content-type", f"application/json; charset={charset}")
    return named.with_body(text.encode(charset, errors="replace"))


@mutation
def compressed(_rng: Random, sent: Sent) -> Sent:
    body = gzip.compress(_bytes(sent), mtime=0)
    return sent.with_header("content-encoding", "gzip").with_body(body)


@mutation
def other_base64(rng: Random, sent: Sent) -> Sent:
    plain = base64.b64encode(_bytes(sent)).decode()
    texts = (
        f"{plain[:10]}\n{plain[10:]}",
        f"{plain} ",
        f"{plain}=",
        f"{plain}====",
        plain.rstrip("=") + "!",
        base64.b64encode(plain.encode()).decode(),
        plain[:-1],
    )
    return replace(sent, text=rng.choice(texts), encoded=True)


@mutation
def wrong_word_about_base64(_rng: Random, sent: Sent) -> Sent:
    return replace(sent, encoded=not sent.encoded)


@mutation
def body_of_another_kind(rng: Random, sent: Sent) -> Sent:
    return replace(sent, text=rng.choice(("", None, "\ud800", "null", "[]", "0")), encoded=False)


# --- the headers ---------------------------------------------------------------------------------


@mutation
def header_gone(rng: Random, sent: Sent) -> Sent:
    name = rng.choice(NAMES)
    headers = {k: v for k, v in sent.headers.items() if k != name}
    more = rng.choice(({}, {f"x-{name}": "1"}, {name: ""}, {f"{name}s": "1"}))
    return replace(sent, headers={**headers, **more})


@mutation
def no_headers(_rng: Random, sent: Sent) -> Sent:
    return replace(sent, event={**sent.event, "headers": None})


@mutation
def header_twice(rng: Random, sent: Sent) -> Sent:
    # API Gateway joins what came twice by a comma.
    name = rng.choice(NAMES)
    value = sent.headers.get(name, "")
    other = rng.choice((value, "", "x", "v1,AAAA", " v1,AAAA", str(rng.randrange(10**10))))
    joined = f"{value},{other}" if rng.random() < 0.5 else f"{other},{value}"
    return sent.with_header(name, joined)


@mutation
def other_id(rng: Random, sent: Sent) -> Sent:
    now = sent.headers.get(ID, "msg")
    ids: list[str] = [now + "x", now[:-1], now.upper(), f" {now}", f"{now} ", "", ".", f"msg.{now}"]
    ids += [f"{now}.{sent.headers.get(TIMESTAMP, '1')}", "\u00fc", "x" * 5000, f"{now}\n", "\0"]
    return sent.with_header(ID, rng.choice(ids))


@mutation
def id_and_time_of_another(rng: Random, sent: Sent) -> Sent:
    other = f"msg_{rng.randrange(10**12):012}x"
    taken = rng.choice((ID, TIMESTAMP))
    values = {ID: other, TIMESTAMP: str(int(_time(sent)) + rng.choice((-7, -1, 1, 7)))}
    return sent.with_header(taken, values[taken])


def _time(sent: Sent) -> str:
    text = sent.headers.get(TIMESTAMP, "")
    return text if text.isascii() and text.isdigit() else "1"


@mutation
def other_time(rng: Random, sent: Sent) -> Sent:
    now = _time(sent)
    fullwidth = "".join(chr(0xFF10 + int(digit)) for digit in now[:15])
    times = [
        *(f"0{now}", f"+{now}", f" {now}", f"{now} ", f"{now}.0", f"{now}e0", f"-{now}"),
        f"{now}000",
        now[:-1],
        "",
        "NaN",
        "inf",
        "0",
        "9" * 400,
        fullwidth,
        f"{now[0]}_{now[1:]}",
    ]
    return sent.with_header(TIMESTAMP, rng.choice(times))


@mutation
def too_old_or_too_new(rng: Random, sent: Sent) -> Sent:
    away = rng.choice((-1, 1)) * rng.choice((501, 3600, 10**6, 10**9))
    body = _bytes(sent)
    made = signed(body, "msg_late", str(max(0, int(_time(sent)) + away)), encoded=True)
    return replace(made, org=sent.org, event=sent.event)


@mutation
def other_signature(rng: Random, sent: Sent) -> Sent:
    now = sent.headers.get(SIGNATURE, "") or "v1,AAAA"
    code = now.partition(",")[2]
    position = rng.randrange(max(1, len(code)))
    wrong = "A" if code[position : position + 1] != "A" else "B"
    texts = (
        code, f"v1{code}", f"v1={code}", f"v1a,{code}", f"v2,{code}", f"V1,{code}", f"v1, {code}",
        f"sha256={code}", f"v1,{code[:-1]}", f"v1,{code}=", f"v1,{code.lower()}x", "v1,", "v1", ",",
        f"v1,{code[:position]}{wrong}{code[position + 1:]}", f"\t{now}", f"{now}\t", f"{now}\n",
        f"{now};v1,AAAA", f"v1,AAAA;{now}", f"{now},", f'"{now}"', "v1," + "A" * 43 + "=", "ü",
        "v1,AAAA " * 10 + now, "v1," + "A" * 9000, "null", "*", "v1,*", "\0",
    )  # fmt: skip
    return sent.with_header(SIGNATURE, rng.choice(texts))


@mutation
def signed_in_another_way(rng: Random, sent: Sent) -> Sent:
    message_id, timestamp = sent.headers.get(ID, ""), sent.headers.get(TIMESTAMP, "")
    head = f"{message_id}.{timestamp}".encode(errors="surrogatepass")
    body = _bytes(sent)
    text = head + b"." + body
    raw = WEBHOOK_KEY.encode()
    macs = (
        hmac.digest(KEY, body, hashlib.sha256),
        hmac.digest(KEY, head, hashlib.sha256),
        hmac.digest(KEY, head + body, hashlib.sha256),
        hmac.digest(KEY, text, hashlib.sha512),
        hmac.digest(KEY, text, hashlib.sha1),
        hmac.digest(raw, text, hashlib.sha256),
        hmac.digest(raw.removeprefix(b"whsec_"), text, hashlib.sha256),
        hmac.digest(b"", text, hashlib.sha256),
        hmac.digest(bytes(24), text, hashlib.sha256),
        hmac.digest(b"somebody else's key of any length", text, hashlib.sha256),
        hashlib.sha256(KEY + text).digest(),
        hashlib.sha256(text).digest(),
    )
    mac = rng.choice(macs)
    return sent.with_header(SIGNATURE, "v1," + base64.b64encode(mac).decode())


@mutation
def in_hex(_rng: Random, sent: Sent) -> Sent:
    message_id, timestamp = sent.headers.get(ID, ""), sent.headers.get(TIMESTAMP, "")
    text = f"{message_id}.{timestamp}.".encode(errors="surrogatepass") + _bytes(sent)
    return sent.with_header(SIGNATURE, "v1," + hmac.new(KEY, text, hashlib.sha256).hexdigest())


@mutation
def signature_of_another(rng: Random, sent: Sent) -> Sent:
    other = good(rng, int(_time(sent)))
    return sent.with_header(SIGNATURE, other.headers[SIGNATURE])


@mutation
def cut_in_another_place(_rng: Random, sent: Sent) -> Sent:
    # The same signed text `id.timestamp.body`, with the dots of another cut.
    whole = f"{sent.headers.get(ID, '')}.{sent.headers.get(TIMESTAMP, '')}"
    headers = {**sent.headers, ID: whole.partition(".")[0], TIMESTAMP: whole.partition(".")[2]}
    cut = replace(sent, headers={**headers, ID: whole})
    body = _bytes(sent)
    time, dot, rest = body.partition(b".")
    return cut.with_header(TIMESTAMP, time.decode(errors="replace")).with_body(rest if dot else b"")


# --- the address ---------------------------------------------------------------------------------


@mutation
def other_org(rng: Random, sent: Sent) -> Sent:
    orgs = ("other", "DEMO", "demo ", "demo%00", "demo.", "d\u00e9mo", "*", "%2e%2e", "{org}", "0")
    return replace(sent, org=rng.choice(orgs))


@mutation
def with_a_query(rng: Random, sent: Sent) -> Sent:
    query = {rng.choice(("org", "webhook-id", "", "a", "\u00fc")): rng.choice(("", "demo", "1"))}
    return replace(sent, event={**sent.event, "queryStringParameters": query})
