"""Quick checkout by order id."""

from domain.outcomes import Captured
from tests.unit.api.conftest import BOB, World

ORDER = {"order_id": "A-1", "amount": 4999, "currency": "EUR"}


async def test_a_page_is_opened_and_its_status_told_by_order_or_payment(world: World) -> None:
    answer = await world.post("/api/payments/stripe/checkout", ORDER, key=None)
    assert (answer.status_code, answer.json()) == (201, {"checkout_url": "https://gateway.example/pay/1"})
    payment_id = answer.headers["Location"].rpartition("/")[2]
    assert (await world.get("/api/payments/stripe/status/A-1")).json()["status"] == "requires_action"
    world.owners.learn(payment_id, Captured(captured_minor=4999, currency="EUR"))
    for wanted in ("A-1", payment_id):
        told = (await world.get(f"/api/payments/stripe/status/{wanted}")).json()
        assert (told["status"], told["orderId"], told["transactionId"]) == ("completed", "A-1", payment_id)


async def test_pages_of_ours_stand_in_for_the_shops(world: World) -> None:
    await world.post("/api/payments/stripe/checkout", ORDER | {"order_id": "A&1"})
    (stored,) = world.archive.payments.values()
    assert stored.instructions.return_url == "http://pay.example/checkout/complete?order_id=A%261"
    assert stored.instructions.line_items[0].name == "Order A&1"
    own = {"success_url": "https://shop.example/ok", "cancel_url": "https://shop.example/no"}
    await world.post("/api/payments/stripe/checkout", ORDER | own)
    assert max(world.archive.payments.items())[1].instructions.return_url == "https://shop.example/ok"


async def test_a_key_is_honoured(world: World) -> None:
    first = await world.post("/api/payments/stripe/checkout", ORDER, key="k")
    assert (await world.post("/api/payments/stripe/checkout", ORDER, key="k")).content == first.content
    assert len(world.archive.payments) == 1


async def test_while_temporal_is_down_the_order_is_taken(world: World) -> None:
    world.owners.down = True
    answer = await world.post("/api/payments/stripe/checkout", ORDER)
    assert (answer.status_code, answer.json()) == (202, {"checkout_url": None})
    assert (await world.get("/api/payments/stripe/status/A-1")).json()["status"] == "pending"


async def test_what_is_not_there_is_404(world: World) -> None:
    await world.post("/api/payments/stripe/checkout", ORDER)
    payment_id = next(iter(world.archive.payments))
    for path in (f"square/status/{payment_id}", "square/status/A-1", "stripe/status/A-2", "stripe/status/%00"):
        assert (await world.get(f"/api/payments/{path}")).status_code == 404
    assert (await world.get("/api/payments/stripe/status/A-1", api_key=BOB)).status_code == 404
    unknown = await world.post("/api/payments/square/checkout", ORDER)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "gateway")
