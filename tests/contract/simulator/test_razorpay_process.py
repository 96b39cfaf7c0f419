"""The Razorpay wire as a program: its own port, its part of the control API, webhooks over a socket, a kill -9."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.contract.simulator.process import RunningSimulator, Sink, eventually
from tests.contract.simulator.razorpay_shop import PERSON, proof
from tests.contract.simulator.test_sdk import pay as pay_by_stripe

Json = dict[str, Any]
CAPTURE = {"amount": 50_000, "currency": "INR"}


@pytest.fixture
def client(simulator: RunningSimulator) -> Iterator[httpx2.Client]:
    with simulator.razorpay() as client:
        yield client


def order(client: httpx2.Client, **changes: Any) -> Json:
    given = {**CAPTURE, "receipt": "r-1", "notes": {"payment_id": "pay_1"}, **changes}
    return read(client.post("/v1/orders", json=given))


def read(response: httpx2.Response) -> Json:
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


def pay(simulator: RunningSimulator, made: Json, **asked: Any) -> Json:
    found: Json = simulator.ask("POST", f"/razorpay/orders/{made['id']}/pay", asked)
    return found


def register(simulator: RunningSimulator, sink: Sink, secret: str = "rzp-secret") -> None:
    simulator.ask("POST", "/endpoints", {"wire": "razorpay", "url": sink.url, "secret": secret})


def test_a_customer_pays_without_a_browser(simulator: RunningSimulator, client: httpx2.Client) -> None:
    made = order(client)
    answer = pay(simulator, made, method="upi", vpa="ada@upi", **PERSON)
    payment, callback = answer["payment"], answer["callback"]
    assert (payment["status"], payment["vpa"], payment["contact"]) == ("authorized", "ada@upi", PERSON["contact"])
    assert callback["razorpay_signature"] == proof(made["id"], payment["id"], secret="process-secret")
    read(client.post(f"/v1/payments/{payment['id']}/capture", json=CAPTURE))
    failed = pay(simulator, order(client, receipt="r-2"), outcome="failure", number="4100280000060003")
    assert (failed["payment"]["error_reason"], failed["callback"]) == ("card_declined", None)
    waiting = pay(simulator, order(client, receipt="r-3"), outcome=None)["payment"]
    done = simulator.ask("POST", f"/payments/{waiting['id']}/authenticate", {"result": "approve"})
    assert done["status"] == "authorized"
    assert simulator.ask("POST", f"/payments/{waiting['id']}/expire")["status"] == "refunded"


def test_the_referee_knows_both_wires(simulator: RunningSimulator, client: httpx2.Client) -> None:
    pay_by_stripe(simulator.sdk(), "k", metadata={"payment_id": "pay_1"})
    payment = pay(simulator, order(client, payment_capture=True))["payment"]
    read(client.post(f"/v1/payments/{payment['id']}/refund", json={"amount": 10_000}))
    totals = {total["wire"]: total for total in simulator.ask("GET", "/totals?reference=pay_1")["totals"]}
    assert (totals["stripe"]["captured_minor"], totals["razorpay"]["captured_minor"]) == (1000, 50_000)
    assert totals["razorpay"] == {
        "wire": "razorpay", "reference": "pay_1", "currency": "inr", "payments": [payment["id"]], "charges": 1,
        "authorized_minor": 50_000, "captured_minor": 50_000, "released_minor": 0, "refunded_minor": 10_000,
        "disputed_minor": 0,
    }  # fmt: skip
    kinds = [row["kind"] for row in simulator.ask("GET", "/effects?wire=razorpay")["effects"]]
    assert kinds == ["authorize", "capture", "refund"]


def test_a_bank_changes_its_mind(simulator: RunningSimulator, client: httpx2.Client) -> None:
    late = pay(simulator, order(client), outcome="failure")["payment"]
    assert simulator.ask("POST", f"/razorpay/payments/{late['id']}/authorize-late")["status"] == "authorized"
    assert simulator.control.post(f"/razorpay/payments/{late['id']}/authorize-late").status_code == 400
    paid = pay(simulator, order(client, payment_capture=True))["payment"]
    refund = read(client.post(f"/v1/payments/{paid['id']}/refund"))
    decide = f"/razorpay/refunds/{refund['id']}/decide"
    assert simulator.ask("POST", decide, {"outcome": "processed"})["status"] == "processed"
    assert simulator.ask("POST", decide, {"outcome": "failed"})["status"] == "failed"
    dispute = simulator.ask("POST", "/disputes", {"charge": paid["id"], "reason": "fraud"})
    assert simulator.ask("POST", f"/disputes/{dispute['id']}/decide", {"outcome": "won"})["status"] == "won"
    assert simulator.ask("POST", "/razorpay/settle")["items"][0]["entity"] == "settlement"


def test_a_mandate_is_changed(simulator: RunningSimulator, client: httpx2.Client) -> None:
    who = read(client.post("/v1/customers", json={"name": "Ada"}))["id"]
    made = order(client, customer_id=who, payment_capture=True, token={})
    token = pay(simulator, made, recurring=True)["payment"]["token_id"]
    changed = simulator.ask("POST", f"/razorpay/tokens/{token}/change", {"status": "paused"})
    assert changed["recurring_details"]["status"] == "paused"


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/razorpay/orders/order_x/pay", {}, 400, "does not exist"),
        ("/razorpay/orders/order_x/pay", {"outcome": "maybe"}, 422, "outcome"),
        ("/razorpay/orders/order_x/pay", {"card": "4100"}, 422, "card"),
        ("/razorpay/orders/order_x/pay", {"outcome": "failure", "reason": "bad mood"}, 400, "reason must be one of"),
        ("/razorpay/refunds/rfnd_x/decide", {"outcome": "lost"}, 422, "outcome"),
        ("/razorpay/tokens/token_x/change", {"status": "happy"}, 422, "status"),
        ("/razorpay/payments/pay_x/authorize-late", {}, 400, "does not exist"),
        ("/payments/pay_x/expire", {}, 404, "no gateway has an object with the id 'pay_x'"),
    ],
)
def test_bad_input_is_named(simulator: RunningSimulator, path: str, body: Json, status: int, said: str) -> None:
    response = simulator.control.post(path, json=body)
    assert response.status_code == status
    assert said in response.text


def test_webhooks_arrive_signed_and_are_retried(simulator: RunningSimulator, client: httpx2.Client, sink: Sink) -> None:
    sink.statuses = [500]
    register(simulator, sink)
    pay(simulator, order(client))
    eventually(lambda: len(sink.received) == 2)
    first, second = sink.received
    assert first.body == second.body
    assert first.headers["x-razorpay-event-id"] == second.headers["x-razorpay-event-id"]
    expected = hmac.new(b"rzp-secret", first.body, hashlib.sha256).hexdigest()
    assert first.headers["x-razorpay-signature"] == expected
    assert "stripe-signature" not in first.headers
    event = first.headers["x-razorpay-event-id"]
    assert simulator.ask("POST", f"/events/{event}/resend") == {"queued": 1}
    eventually(lambda: len(sink.received) == 3)


def test_a_new_secret_leaves_the_old_one_to_old_events(
    simulator: RunningSimulator, client: httpx2.Client, sink: Sink
) -> None:
    register(simulator, sink)
    simulator.ask("POST", "/webhooks/hold")
    pay(simulator, order(client))
    register(simulator, sink, "new-secret")
    pay(simulator, order(client), outcome="failure")
    simulator.ask("POST", "/webhooks/release")
    eventually(lambda: len(sink.received) == 2)
    for received, secret in zip(sink.received, (b"rzp-secret", b"new-secret"), strict=True):
        expected = hmac.new(secret, received.body, hashlib.sha256).hexdigest()
        assert received.headers["x-razorpay-signature"] == expected
    shown = simulator.ask("GET", "/endpoints")["endpoints"]
    assert [(endpoint["enabled_events"], endpoint["enabled"]) for endpoint in shown] == [([], True), (["*"], True)]


def test_a_fault_of_this_wire_leaves_the_other_alone(simulator: RunningSimulator, client: httpx2.Client) -> None:
    rule = {"wire": "razorpay", "kind": "drop_reply", "match": {"method": "POST", "path": "/v1/orders"}}
    simulator.ask("POST", "/faults", rule)
    assert pay_by_stripe(simulator.sdk(), "k").status == "succeeded"
    with pytest.raises(httpx2.TransportError):
        order(client)
    assert read(client.get("/v1/orders", params={"receipt": "r-1"}))["count"] == 1


def test_a_timeout_is_silence(simulator: RunningSimulator, client: httpx2.Client) -> None:
    payment = pay(simulator, order(client))["payment"]
    rule = {"wire": "razorpay", "kind": "after_commit_timeout", "match": {"path": "/v1/payments/*/capture"}}
    simulator.ask("POST", "/faults", rule)
    with pytest.raises(httpx2.ReadTimeout):
        client.post(f"/v1/payments/{payment['id']}/capture", json=CAPTURE)
    assert read(client.get(f"/v1/payments/{payment['id']}"))["status"] == "captured"


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    running = RunningSimulator(tmp_path)
    with running.razorpay() as client:
        made = order(client)
        payment = pay(running, made)["payment"]
        key = {"x-refund-idempotency": "survives-a-kill"}
        read(client.post(f"/v1/payments/{payment['id']}/capture", json=CAPTURE))
        refund = read(client.post(f"/v1/payments/{payment['id']}/refund", headers=key))
    running.kill()
    running = RunningSimulator(tmp_path)
    with running.razorpay() as client:
        assert read(client.get("/v1/orders", params={"receipt": "r-1"}))["items"][0]["status"] == "paid"
        assert read(client.post(f"/v1/payments/{payment['id']}/refund", headers=key))["id"] == refund["id"]
    with running.razorpay(secret="guessed") as stranger:
        assert stranger.get("/v1/orders").status_code == 401
    assert running.total("pay_1")["charges"] == 0, "this question is about the other wire"
    [total] = running.ask("GET", "/totals?wire=razorpay&reference=pay_1")["totals"]
    assert (total["captured_minor"], total["refunded_minor"]) == (50_000, 50_000)
    assert running.stop() == 0


def test_the_page_of_an_order_is_served(simulator: RunningSimulator, client: httpx2.Client) -> None:
    made = order(client)
    shown = client.get(f"/checkout/{made['id']}", params={"key_id": "rzp_test_process"})
    assert (shown.status_code, "₹500.00" in shown.text) == (200, True)
    script = client.get("/v1/checkout.js").text
    assert json.dumps(simulator.razorpay_url) in script
    home = simulator.control.get("/").text
    assert f"<code>{simulator.razorpay_url}</code>" in home
    assert "success@razorpay" in home
