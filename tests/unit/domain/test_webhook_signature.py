"""Standard Webhooks: the example of its own libraries, and what is no signature."""

from __future__ import annotations

import base64

import pytest

from busbar.domain.webhook_signature import MOST_SIGNATURES, is_signed, key_of, sign

# The example with which the libraries of Standard Webhooks test themselves.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
KEY = key_of(SECRET)
OTHER = b"another key of a length that will do"


def fits(signatures: str, *keys: bytes) -> bool:
    return is_signed(signatures, keys or (KEY,), ID, TIMESTAMP, BODY)


def secret_of(length: int) -> str:
    return "whsec_" + base64.b64encode(bytes(length)).decode()


def test_should_sign_as_the_libraries_of_the_specification_do() -> None:
    assert sign(KEY, ID, TIMESTAMP, BODY) == SIGNATURE


@pytest.mark.parametrize(
    "signatures",
    [
        SIGNATURE,
        f"v1,AAAA {SIGNATURE}",
        f"v1a,AAAA {SIGNATURE} v2,AAAA",
        " ".join(["v1,AAAA"] * (MOST_SIGNATURES - 1) + [SIGNATURE]),
    ],
)
def test_should_take_one_signature_of_several_that_fits(signatures: str) -> None:
    assert fits(signatures)
    assert fits(signatures, OTHER, KEY)
    assert not fits(signatures, OTHER)


@pytest.mark.parametrize(
    "signatures",
    [
        "",
        "v1,",
        SIGNATURE.removeprefix("v1,"),
        SIGNATURE.replace("v1,", "v2,"),
        SIGNATURE.replace("v1,", "v1a,"),
        SIGNATURE.rstrip("="),
        SIGNATURE + "=",
        # The last letter of 32 bytes in base64 has two bits that say nothing.
        SIGNATURE.replace("OE=", "OF="),
        SIGNATURE.replace("+", "-").replace("/", "_"),
        SIGNATURE.lower(),
        SIGNATURE + ",v1,AAAA",
        f"v1,AAAA,{SIGNATURE}",
        f"{SIGNATURE}\t",
        "v1,ü" + SIGNATURE,
        "v1,\udc80",
        " ".join(["v1,AAAA"] * MOST_SIGNATURES + [SIGNATURE]),
    ],
)
def test_should_take_no_other_text_for_the_signature(signatures: str) -> None:
    assert not fits(signatures)


def test_should_sign_id_time_and_every_byte_of_the_body() -> None:
    for other in (
        (ID + "x", TIMESTAMP, BODY),
        (ID, "1614265331", BODY),
        (ID, TIMESTAMP, BODY + b" "),
    ):
        assert not is_signed(SIGNATURE, (KEY,), *other)


def test_should_fit_nothing_without_a_key() -> None:
    assert not is_signed(SIGNATURE, (), ID, TIMESTAMP, BODY)


@pytest.mark.parametrize(
    "text",
    ["", SECRET.removeprefix("whsec_"), "whsec_", "whsec_%%%%", "whsec_ü", SECRET + " "]
    + [secret_of(length) for length in (0, 23, 65)],
)
def test_should_refuse_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"key|base64|padding|ASCII|character"):
        key_of(text)


@pytest.mark.parametrize("length", [24, 64])
def test_should_take_keys_of_24_to_64_bytes(length: int) -> None:
    assert key_of(secret_of(length)) == bytes(length)
