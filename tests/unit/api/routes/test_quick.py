"""The quick routes have exactly the prescribed shapes."""

import pytest

from domain.errors import OwnerUnavailable
from domain.outcomes import Declined, RefundReported
from tests.unit.api.conftest import World
from tests.unit.api.fake_owners import DECLINE

CHARGE = {"provider": "stripe", "amount": 4999, "currency": "EUR", "paymentMethodId": "pm_card_visa"}


@pytest.mark.parametrize("path", ["/payments/charge", "/charge"])
async def test_a_charge(world: World, path: str) -> None:
    answer = await world.post(path, CHARGE, key=None)
    told = answer.json()
    assert answer.status_code == 201
    assert told == {"success": True, "transactionId": told["transactionId"], "status": "completed"}
    assert told["transactionId"] in world.archive.payments


@pytest.mark.parametrize(
    ("token", "http_status", "status"), [("pm_3ds", 201, "requires_action"), ("pm_pending", 202, "pending")]
)
async def test_success_is_only_said_of_money_taken(world: World, token: str, http_status: int, status: str) -> None:
    answer = await world.post("/charge", CHARGE | {"paymentMethodId": token})
    assert (answer.status_code, answer.json()["success"], answer.json()["status"]) == (http_status, False, status)
    assert answer.json().get("nextActionUrl") == ("https://gateway.example/3ds/1" if token == "pm_3ds" else None)


async def test_a_declined_charge_is_402(world: World) -> None:
    answer = await world.post("/payments/charge", CHARGE | {"paymentMethodId": "pm_decline"})
    told = answer.json()
    assert (answer.status_code, told["success"], told["error"]["code"]) == (402, False, "payment_declined")
    assert (told["state"], told["decline"]["code"]) == ("failed", "insufficient_funds")
    assert told["transactionId"] in world.archive.payments


async def test_a_key_is_optional_and_honoured(world: World) -> None:
    first = await world.post("/charge", CHARGE, key="k")
    assert (await world.post("/charge", CHARGE, key="k")).content == first.content
    assert (await world.post("/charge", CHARGE | {"amount": 1}, key="k")).status_code == 422
    for _ in range(2):
        await world.post("/charge", CHARGE, key=None)
    assert len(world.archive.payments) == 3


@pytest.mark.parametrize("path", ["/payments/refund", "/refund"])
async def test_a_refund(world: World, path: str) -> None:
    charged = (await world.post("/charge", CHARGE)).json()["transactionId"]
    answer = await world.post(path, {"transactionId": charged, "amount": 1000}, key=None)
    assert answer.status_code == 201
    assert answer.json() == {"success": True, "refundId": f"ref_{charged[4:]}_2", "status": "processed"}
    rest = await world.post(path, {"transactionId": charged}, key=None)
    assert rest.json()["status"] == "processed"
    assert (await world.get(f"/transaction/{charged}")).json()["status"] == "refunded"


async def test_a_refund_pending_late_or_declined(world: World) -> None:
    charged = (await world.post("/charge", CHARGE)).json()["transactionId"]
    world.owners.operation_outcome = RefundReported(
        standing="pending", reference="re_1", amount_minor=10, currency="EUR", operation_number=2
    )
    pending = await world.post("/refund", {"transactionId": charged, "amount": 10})
    assert pending.json() == {"success": True, "refundId": f"ref_{charged[4:]}_2", "status": "pending"}
    world.owners.operation_outcome = Declined(decline=DECLINE)
    declined = await world.post("/refund", {"transactionId": charged, "amount": 10})
    assert (declined.status_code, declined.json()["success"]) == (402, False)
    world.owners.slow = True
    late = await world.post("/refund", {"transactionId": charged, "amount": 10})
    assert (late.status_code, late.json()) == (202, {"success": True, "refundId": None, "status": "pending"})


async def test_a_refund_before_any_capture_is_409(world: World) -> None:
    charged = (await world.post("/charge", CHARGE | {"paymentMethodId": "pm_3ds"})).json()["transactionId"]
    answer = await world.post("/refund", {"transactionId": charged}, key=None)
    assert (answer.status_code, answer.json()["state"]) == (409, "requires_action")


async def test_transactions_are_read_and_listed(world: World) -> None:
    made = [(await world.post("/charge", CHARGE)).json()["transactionId"] for _ in range(3)]
    first = (await world.get("/transactions?limit=2")).json()
    rest = (await world.get(first["next"])).json()
    assert [t["transactionId"] for t in first["transactions"] + rest["transactions"]] == made[::-1]
    assert (await world.get(f"/transaction/{made[0]}")).json() == rest["transactions"][0]
    assert rest["transactions"][0] == {
        "transactionId": made[0],
        "status": "completed",
        "provider": "stripe",
        "amount": 4999,
        "currency": "EUR",
        "refundedAmount": 0,
        "orderId": None,
        "createdAt": "2026-11-21T10:00:00Z",
    }


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("/charge", {"amount": 49.99}, "amount"),
        ("/payments/charge", {"amount": 0}, "amount"),
        ("/payments/charge", {"currency": "EURO"}, "currency"),
        ("/payments/charge", {"provider": "nobody"}, "gateway"),
        ("/payments/charge", {"provider": "Stripe!"}, "provider"),
        ("/payments/charge", {"paymentMethodId": "4242424242424242"}, "paymentMethodId"),
        ("/payments/charge", {"cvc": "123"}, "cvc"),
    ],
)
async def test_a_bad_field_is_named(world: World, path: str, change: dict[str, object], field: str) -> None:
    answer = await world.post(path, CHARGE | change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert world.archive.payments == {}


async def test_temporal_down_still_takes_a_charge(world: World) -> None:
    world.owners.down = True
    answer = await world.post("/charge", CHARGE)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    with pytest.raises(OwnerUnavailable):
        await world.owners.ping()
