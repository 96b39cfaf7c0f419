"""T6: three hundred requests under one key at once, through two APIs, one of which dies meanwhile: one payment each."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg
import pytest

import bootstrap
from tests.client import Merchant, Referee, eventually, referee_of
from tests.safety import figures
from tests.safety.chaos.house import APIS, House, open_house
from tests.safety.chaos.tenants import add_merchant

pytestmark = pytest.mark.xdist_group("chaos")

BODY: dict[str, Any] = {"amount": 4999, "currency": "EUR", "payment_method": "pm_card_visa"}
VARIATIONS: tuple[dict[str, Any], ...] = (
    {"amount": 5000},
    {"currency": "USD"},
    {"payment_method": "pm_card_mastercard"},
    {"capture_method": "manual"},
    {"description": "another"},
    {"metadata": {"a": "b"}},
    {"order_reference": "another"},
    {"return_url": "https://shop.example/other"},
    {"expires_in": 60},
    {"statement_descriptor": "OTHER SHOP"},
)
SAME, VARIED, STRANGERS = 200, 50, 50
ANSWERED_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Told:
    """A final answer, and whether it said of itself that it is a replay."""

    status: int
    content: bytes
    replayed: bool


@pytest.fixture(scope="module")
def two_tenants() -> Iterator[tuple[House, str]]:
    """A running house with two APIs and two workers, and the API key of a second merchant."""
    with open_house() as house:
        house.prepare()
        other = add_merchant(house.stack, "The neighbour")
        house.start()
        yield house, other


@pytest.fixture
def referee(two_tenants: tuple[House, str]) -> Iterator[Referee]:
    with referee_of(two_tenants[0].stack) as referee:
        yield referee


@pytest.mark.timeout(180)
@pytest.mark.parametrize("victim", APIS)
def test_three_hundred_at_once_under_one_key_while_an_api_dies(
    two_tenants: tuple[House, str], referee: Referee, victim: str
) -> None:
    house, other = two_tenants
    seed, key = random.SystemRandom().randrange(1_000_000), uuid.uuid4().hex
    chance, ours = random.Random(seed), house.stack.api_key
    before = _counts(house)
    asks = [(ours, BODY)] * SAME + [(other, BODY)] * STRANGERS
    asks += [(ours, BODY | VARIATIONS[number % len(VARIATIONS)]) for number in range(VARIED)]
    chance.shuffle(asks)
    began = time.monotonic()
    told, conflicts, lost = asyncio.run(_race(house, "/v1/payments", asks, key, victim, chance))
    seconds = time.monotonic() - began
    body, mine = _agreed([(body, one) for (api_key, body), one in zip(asks, told, strict=True) if api_key == ours])
    _, theirs = _agreed([(body, one) for (api_key, body), one in zip(asks, told, strict=True) if api_key == other])
    ids = {json.loads(mine.content)["id"], json.loads(theirs.content)["id"]}
    assert len(ids) == 2, f"seed {seed}: the tenants met"
    assert [after - earlier for after, earlier in zip(_counts(house), before, strict=True)] == [2, 2], f"seed {seed}"
    for payment_id in ids:
        assert referee.totals(payment_id)["charges"] == 1, f"seed {seed}"
    _replays_are_the_same(house, body, mine, key)
    figures.note(
        f"idempotency race, {victim} killed", seed=seed, requests=len(asks), conflicts=conflicts, lost=lost,
        payments=2, charges=2, wall_seconds=round(seconds, 1),
    )  # fmt: skip


@pytest.mark.timeout(180)
def test_a_hundred_refunds_at_once_under_one_key_while_an_api_dies(
    two_tenants: tuple[House, str], referee: Referee
) -> None:
    house, other = two_tenants
    seed, key = random.SystemRandom().randrange(1_000_000), uuid.uuid4().hex
    chance, ours = random.Random(seed), house.stack.api_key
    with Merchant(house.api_url("api-1"), ours) as merchant:
        payment_id = merchant.pay().json()["id"]
    path = f"/v1/payments/{payment_id}/refunds"
    asks: list[tuple[str, dict[str, Any]]] = [(ours, {"amount": 300})] * 80 + [(ours, {"amount": 301})] * 20
    asks += [(other, {"amount": 300})] * 20
    chance.shuffle(asks)
    told, _, _ = asyncio.run(_race(house, path, asks, key, chance.choice(APIS), chance))
    _, mine = _agreed([(body, one) for (api_key, body), one in zip(asks, told, strict=True) if api_key == ours])
    strangers = {one.status for (api_key, _), one in zip(asks, told, strict=True) if api_key == other}
    assert strangers == {404}, f"seed {seed}: another tenant could see the payment"
    assert referee.totals(payment_id)["refunded_minor"] == json.loads(mine.content)["amount"], f"seed {seed}"


@pytest.mark.timeout(180)
def test_an_api_that_slept_over_its_key_answers_what_the_other_one_answered(
    two_tenants: tuple[House, str], referee: Referee
) -> None:
    """The first API takes the key and is stopped; the second takes it over once it has run out, and answers."""
    house, key = two_tenants[0], uuid.uuid4().hex
    referee.fault("slow", path="/v1/payment_intents", method="POST", seconds=4)
    shops = [Merchant(house.api_url(name), house.stack.api_key) for name in APIS]
    with shops[0] as merchant, shops[1] as other, ThreadPoolExecutor(1) as threads:
        asked = threads.submit(merchant.post, "/v1/payments", BODY, key=key)
        eventually(lambda: sum(state["hits"] for state in referee.get("/faults")["faults"]), bool, 20)
        house.suspend("api-1")
        try:
            answer = eventually(
                lambda: other.post("/v1/payments", BODY, key=key),
                lambda a: a.status_code != 409,
                bootstrap.LOCK_SECONDS + 20,
            )
            moved_on = other.post(f"/v1/payments/{answer.json()['id']}/refunds", {"amount": 100})
            assert moved_on.status_code == 201, moved_on.text
        finally:
            house.resume("api-1")
        late = asked.result()
    referee.calm()
    assert (late.status_code, late.content) == (answer.status_code, answer.content)
    assert referee.totals(answer.json()["id"])["charges"] == 1


def _agreed(told: Sequence[tuple[dict[str, Any], Told]]) -> tuple[dict[str, Any], Told]:
    """The body that came first and its one answer: the same bytes for all who sent it, 422 for everybody else."""
    winners = [(body, one) for body, one in told if one.status in (200, 201, 202)]
    assert winners
    winning, first = winners[0]
    assert all(body == winning for body, _ in winners), "two bodies under one key"
    assert len({(one.status, one.content) for _, one in winners}) == 1, "two answers to one request"
    assert sum(not one.replayed for _, one in winners) <= 1, "done twice"
    assert {one.status for body, one in told if body != winning} <= {422}
    assert all(one.status == first.status for body, one in told if body == winning)
    return winning, first


def _replays_are_the_same(house: House, body: dict[str, Any], first: Told, key: str) -> None:
    """After a restart of both, after the payment is terminal, after it moved on: the same bytes from either API."""
    for name in APIS:
        house.revive(name)
    shops = [Merchant(house.api_url(name), house.stack.api_key) for name in APIS]
    with shops[0] as one, shops[1] as other:
        payment = one.until(json.loads(first.content)["id"], lambda p: p["status"] in ("captured", "authorized"))
        for merchant in (one, other):
            _is_replay(merchant.post("/v1/payments", body, key=key), first)
        one.post(f"/v1/payments/{payment['id']}/{'refunds' if payment['status'] == 'captured' else 'cancel'}")
        for merchant in (one, other):
            _is_replay(merchant.post("/v1/payments", body, key=key), first)


def _is_replay(answer: Any, first: Told) -> None:
    assert (answer.status_code, answer.content) == (first.status, first.content)
    assert answer.headers["Idempotent-Replayed"] == "true"


async def _race(
    house: House, path: str, asks: Sequence[tuple[str, dict[str, Any]]], key: str, victim: str, chance: random.Random
) -> tuple[list[Told], int, int]:
    """Every final answer in the order asked; how many 409 and how many lost answers came before."""
    counts = {"conflicts": 0, "lost": 0}
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx2.AsyncClient(timeout=ANSWERED_WITHIN_SECONDS, limits=limits) as http:
        dying = asyncio.create_task(_kill(house, victim, chance.uniform(0, 0.8)))
        asked = [_insist(http, house, path, api_key, body, key, chance, counts) for api_key, body in asks]
        told = await asyncio.gather(*asked)
        await dying
    return list(told), counts["conflicts"], counts["lost"]


async def _kill(house: House, victim: str, after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    await asyncio.to_thread(house.kill, victim)
    await asyncio.sleep(0.5)
    await asyncio.to_thread(house.revive, victim)


async def _insist(
    http: httpx2.AsyncClient,
    house: House,
    path: str,
    api_key: str,
    body: Mapping[str, Any],
    key: str,
    chance: random.Random,
    counts: dict[str, int],
) -> Told:
    headers = {"Authorization": f"Bearer {api_key}", "Idempotency-Key": key}
    deadline = time.monotonic() + ANSWERED_WITHIN_SECONDS
    while True:
        try:
            answer = await http.post(house.api_url(chance.choice(APIS)) + path, json=dict(body), headers=headers)
        except httpx2.TransportError:
            counts["lost"] += 1
        else:
            if "Retry-After" not in answer.headers:
                assert answer.status_code in (200, 201, 202, 404, 422), answer.text
                return Told(answer.status_code, answer.content, "Idempotent-Replayed" in answer.headers)
            assert answer.status_code in (409, 503), answer.text
            counts["conflicts"] += answer.status_code == 409
        assert time.monotonic() < deadline, "no final answer"
        await asyncio.sleep(chance.uniform(0.2, 1))


def _counts(house: House) -> tuple[int, int]:
    """Payments on record, and payments the gateway knows of."""
    with psycopg.connect(house.stack.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM payments").fetchone()
    with referee_of(house.stack) as referee:
        return (int(row[0]) if row else 0), len(referee.get("/totals")["totals"])
