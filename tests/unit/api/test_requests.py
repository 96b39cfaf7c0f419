"""Bad input is a 4xx that names the field and repeats nothing; good input is taken as it is."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.api.conftest import ALICE, PAY, World

CARD = "4242424242424242"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 10**12 + 1}, "amount"),
        ({"amount": 10**18}, "amount"),
        ({"amount": 4.0}, "amount"),
        ({"amount": 1.5, "currency": "JPY"}, "amount"),
        ({"amount": "4999"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": [1]}, "amount"),
        ({"currency": "EURO"}, "currency"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": 978}, "currency"),
        ({"currency": ""}, "currency"),
        ({"payment_method": ""}, "payment_method"),
        ({"payment_method": "x" * 256}, "payment_method"),
        ({"capture_method": "later"}, "capture_method"),
        ({"gateway": "../stripe"}, "gateway"),
        ({"off_session": "true"}, "off_session"),
        ({"return_url": "ftp://shop.example"}, "return_url"),
        ({"return_url": "https://"}, "return_url"),
        ({"return_url": "https://shop.example/a b"}, "return_url"),
        ({"description": "x" * 1001}, "description"),
        ({"description": "a\u0000b"}, "description"),
        ({"statement_descriptor": "<b>"}, "statement_descriptor"),
        ({"order_reference": "\u0007"}, "order_reference"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": {"a": {"b": "c"}}}, "metadata.a"),
        ({"metadata": []}, "metadata"),
        ({"expires_in": 4}, "expires_in"),
        ({"expires_in": 3600.0}, "expires_in"),
        ({"card_number": "x"}, "card_number"),
        ({"metadata": {"note": f"pay with {CARD}"}}, "metadata.note"),
        ({"metadata": {"note": "4242 4242 4242 4242"}}, "metadata.note"),
        ({"metadata": {"4242-4242-4242-4242": "x"}}, "metadata"),
        ({"description": CARD}, "description"),
        ({"payment_method": CARD}, "payment_method"),
        ({"order_reference": CARD}, "order_reference"),
        ({"order_reference": int(CARD)}, "order_reference"),
        ({"statement_descriptor": f"S {CARD}"}, "statement_descriptor"),
        ({"return_url": f"https://shop.example/?card={CARD}"}, "return_url"),
        ({"surprise": {"deep": [{"er": CARD}]}}, "surprise"),
        ({CARD: "x"}, "(a card number)"),
        ({"metadata": {CARD: 1}}, "metadata.(a card number)"),
    ],
)
async def test_a_bad_field_is_named_and_its_value_not_repeated(
    world: World, change: dict[str, Any], field: str
) -> None:
    answer = await world.post("/v1/payments", PAY | change)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert CARD not in answer.text
    assert "4242" not in answer.text
    assert world.archive.payments == {}


async def test_every_bad_field_is_named_at_once(world: World) -> None:
    asked = {"amount": 0, "currency": "E", "colour": "red", "country": "Germany", "payment_method_type": "Card"}
    answer = await world.post("/v1/payments", asked)
    named = {error["field"] for error in answer.json()["errors"]}
    assert named == asked.keys()


async def test_allowed_values_are_listed(world: World) -> None:
    answer = await world.post("/v1/payments", PAY | {"capture_method": "later"})
    assert answer.json()["errors"][0]["allowed"] == ["automatic", "manual"]


@pytest.mark.parametrize("escaped", [True, False])
async def test_a_card_number_cannot_hide_behind_escapes_or_other_digits(world: World, escaped: bool) -> None:
    hidden = (
        "".join(f"\\u{ord(digit):04x}" for digit in CARD)
        if escaped
        else CARD.translate({ord(str(digit)): chr(0xFF10 + digit) for digit in range(10)})
    )
    body = json.dumps(PAY)[:-1] + f', "description": "{hidden}"}}'
    answer = await world.post("/v1/payments", body.encode())
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "card_number")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b'{"amount": 1} x',
        b"[" * 100_00,
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b'{"amount": 1, "currency": "\xff\xfe"}',
        b'{"amount": 1, "currency": "\\ud800"}',
        b'{"amount": ' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"amount": 1, "description": "\x00"}',
    ],
)
async def test_broken_json_is_400(world: World, body: bytes) -> None:
    answer = await world.post("/v1/payments", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "broken_json")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"1", b'{"amount": NaN}', b'{"amount": Infinity}'])
async def test_json_of_another_shape_is_422(world: World, body: bytes) -> None:
    assert (await world.post("/v1/payments", body)).status_code == 422


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e3", "1E400", "-0", "4.0", "9" * 300])
async def test_numbers_that_are_no_amount_name_it(world: World, number: str) -> None:
    body = f'{{"amount": {number}, "currency": "EUR", "payment_method": "pm"}}'
    answer = await world.post("/v1/payments", body.encode())
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "amount")


async def test_ten_megabytes_are_refused_announced_or_not(world: World) -> None:
    headers = {"Authorization": f"Bearer {ALICE}", "Idempotency-Key": "k", "Content-Type": "application/json"}
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1
            yield b" " * 1000

    announced = await world.client.post("/v1/payments", content=b" " * 10_000_000, headers=headers)
    chunked = await world.client.post("/v1/payments", content=chunks(), headers=headers)
    lying = await world.client.post("/v1/payments", content=chunks(), headers=headers | {"Content-Length": "x"})
    for answer in (announced, chunked, lying):
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Content_Type": "text/plain"}, 415, "content_type"),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415, "content_type"),
        ({"Content_Encoding": "gzip"}, 415, "content_encoding"),
    ],
)
async def test_other_media_types_are_415(world: World, headers: dict[str, str], status: int, code: str) -> None:
    answer = await world.post("/v1/payments", json.dumps(PAY).encode(), **headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_json_may_say_its_charset(world: World) -> None:
    answer = await world.post("/v1/payments", json.dumps(PAY).encode(), Content_Type="application/json; charset=utf-8")
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        (None, 400, "idempotency_key_missing"),
        ("", 400, "idempotency_key_invalid"),
        ("a b", 400, "idempotency_key_invalid"),
        ("k" * 256, 400, "idempotency_key_invalid"),
        (CARD, 422, "card_number"),
        ("4242-4242-4242-4242", 422, "card_number"),
    ],
)
async def test_a_bad_key_is_refused(world: World, key: str | None, status: int, code: str) -> None:
    answer = await world.post("/v1/payments", PAY, key=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert world.archive.payments == {}


@pytest.mark.parametrize(
    "path", [f"/v1/payments/{CARD}", f"/v1/payments?order_reference={CARD}", "/v1/x?q=4242+4242%204242-4242"]
)
async def test_a_card_number_in_an_address_is_refused(world: World, path: str) -> None:
    answer = await world.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "card_number")
    assert "4242" not in answer.text
