"""The control API and the program around it: what a test may ask, and how bad requests and arguments are answered."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.simulator.process import RunningSimulator
from tests.contract.simulator.test_sdk import pay


def test_the_effects_are_found_by_any_name_of_the_payment(simulator: RunningSimulator) -> None:
    intent = pay(simulator.sdk(), "k", metadata={"payment_id": "pay_1", "operation": "1", "reference": "pay_1-1"})
    for reference in ("pay_1", "pay_1-1", intent.id):
        kinds = [row["kind"] for row in simulator.ask("GET", f"/effects?reference={reference}")["effects"]]
        assert kinds == ["authorize", "capture"]
    [first, _second] = simulator.ask("GET", "/effects?wire=stripe")["effects"]
    assert (first["payment"], first["reference"], first["idempotency_key"]) == (intent.id, "pay_1", "k")
    assert simulator.ask("GET", "/effects?reference=pay_2")["effects"] == []
    assert simulator.ask("GET", "/totals?wire=razorpay")["totals"] == []


def test_a_customer_and_a_bank_can_be_played(simulator: RunningSimulator) -> None:
    sdk = simulator.sdk()
    asked = pay(sdk, "a", payment_method="pm_card_authenticationRequired", use_stripe_sdk=True)
    answer = simulator.ask("POST", f"/payments/{asked.id}/authenticate", {"result": "approve"})
    assert answer["status"] == "succeeded"
    held = pay(sdk, "b", capture_method="manual")
    assert simulator.ask("POST", f"/payments/{held.id}/expire")["status"] == "canceled"
    charge = sdk.v1.payment_intents.retrieve(asked.id).latest_charge
    dispute = simulator.ask("POST", "/disputes", {"charge": charge, "reason": "duplicate"})
    assert (dispute["status"], dispute["reason"]) == ("needs_response", "duplicate")
    assert simulator.ask("POST", f"/disputes/{dispute['id']}/decide", {"outcome": "won"})["status"] == "won"


def test_a_statement_can_be_falsified_while_the_effects_stay_true(simulator: RunningSimulator) -> None:
    sdk = simulator.sdk()
    first, second = pay(sdk, "a", amount=1000, capture_method="automatic"), pay(sdk, "b", capture_method="automatic")
    charge = str(sdk.v1.payment_intents.retrieve(first.id).latest_charge)
    assert simulator.ask("POST", f"/statement/{charge}", {"amount": 900, "currency": "usd"})["lines"] == 1
    [line] = sdk.v1.balance_transactions.list({"source": charge}).data
    assert (line.amount, line.currency, line.net) == (900, "usd", 900 - line.fee)
    gone = str(sdk.v1.payment_intents.retrieve(second.id).latest_charge)
    assert simulator.ask("POST", f"/statement/{gone}", {"hidden": True})["lines"] == 1
    assert sdk.v1.balance_transactions.list({"source": gone}).data == []
    assert simulator.ask("GET", f"/totals?reference={first.id}")["totals"][0]["captured_minor"] == 1000


def test_the_clock_is_advanced_and_frozen(simulator: RunningSimulator) -> None:
    before = simulator.ask("POST", "/clock", {"frozen": True})
    assert before["frozen"] is True
    after = simulator.ask("POST", "/clock/advance", {"seconds": 60})
    assert after["now"] == pytest.approx(before["now"] + 60)
    assert simulator.ask("GET", "/clock")["now"] == after["now"]
    assert simulator.ask("POST", "/clock", {"frozen": False})["now"] >= after["now"]


def test_settings_change_the_delays(simulator: RunningSimulator) -> None:
    assert simulator.ask("POST", "/settings", {"refund_pending_seconds": 0})["refund_pending_seconds"] == 0
    simulator.ask("POST", "/reset")
    assert simulator.ask("GET", "/settings")["refund_pending_seconds"] == 3


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("POST", "/faults", {"kind": "gremlin"}, "kind"),
        ("POST", "/faults", {"kind": "slow", "match": {"nht": 1}}, "match.nht"),
        ("POST", "/faults", {"kind": "slow", "match": {"probability": 2}}, "match.probability"),
        ("POST", "/webhook-faults", {"kind": "eaten"}, "kind"),
        ("POST", "/endpoints", {"url": "ftp://x", "secret": "s"}, "url"),
        ("POST", "/clock/advance", {"seconds": -1}, "seconds"),
        ("POST", "/settings", {"nap_seconds": 1}, "nap_seconds"),
        ("POST", "/settings", {"sepa_seconds": "long"}, "sepa_seconds"),
        ("POST", "/settings", [], "JSON object"),
        ("POST", "/reset", {"keep": True}, "keep"),
        ("POST", "/payments/pi_x/authenticate", {"result": "maybe"}, "result"),
        ("GET", "/effects?refrence=1", None, "refrence"),
    ],
)
def test_bad_input_is_named(simulator: RunningSimulator, method: str, path: str, body: Any, said: str) -> None:
    response = simulator.control.request(method, path, json=body)
    assert response.status_code == 422
    assert said in response.text


def test_broken_json_and_unknown_things_are_refused(simulator: RunningSimulator) -> None:
    assert simulator.control.post("/settings", content=b"{").status_code == 422
    assert simulator.control.post("/faults", content=b"{").status_code == 422
    assert simulator.control.post("/payments/pi_x/expire").status_code == 404
    assert simulator.control.post("/events/evt_x/resend").status_code == 404
    assert simulator.control.get("/nothing").status_code == 404
    assert simulator.control.get("/healthz").json()["status"] == "ok"


def test_a_reset_forgets_everything(simulator: RunningSimulator) -> None:
    pay(simulator.sdk(), "k")
    simulator.fault("slow")
    simulator.ask("POST", "/clock/advance", {"seconds": 10})
    simulator.ask("POST", "/reset")
    assert simulator.ask("GET", "/effects")["effects"] == []
    assert simulator.ask("GET", "/faults")["faults"] == []
    assert simulator.ask("GET", "/clock")["offset_seconds"] == 0
    assert simulator.sdk().v1.payment_intents.list().data == []


def test_a_reset_may_keep_the_endpoints_of_the_control_api(simulator: RunningSimulator) -> None:
    kept = simulator.ask("POST", "/endpoints", {"url": "http://shop.test/hooks", "secret": "s"})
    simulator.sdk().v1.webhook_endpoints.create({"url": "http://shop.test/own", "enabled_events": ["*"]})
    pay(simulator.sdk(), "k")
    simulator.ask("POST", "/reset", {"keep_endpoints": True})
    assert simulator.ask("GET", "/effects")["effects"] == []
    assert simulator.ask("GET", "/deliveries")["deliveries"] == []
    assert [endpoint["id"] for endpoint in simulator.ask("GET", "/endpoints")["endpoints"]] == [kept["id"]]
    simulator.ask("POST", "/webhooks/hold")
    pay(simulator.sdk(), "k")
    assert {row["endpoint"] for row in simulator.ask("GET", "/deliveries")["deliveries"]} == {kept["id"]}
    simulator.ask("POST", "/reset")
    assert simulator.ask("GET", "/endpoints")["endpoints"] == []


def test_a_person_finds_the_way_from_the_first_page(simulator: RunningSimulator) -> None:
    page = simulator.control.get("/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    links = re.findall(r'href="(/[^"]*)"', page.text)
    assert {"/healthz", "/effects", "/totals", "/endpoints", "/deliveries", "/faults", "/clock"} <= set(links)
    for path in links:
        assert simulator.control.get(path).headers["content-type"] == "application/json"
    for address in (simulator.stripe_url, str(simulator.control.base_url).rstrip("/")):
        assert f"<code>{address}</code>" in page.text


def test_a_body_that_is_too_large_is_refused(simulator: RunningSimulator) -> None:
    response = simulator.control.post(f"{simulator.stripe_url}/v1/payment_intents", content=b"a" * 5_000_000)
    assert response.status_code == 413


def test_the_program_exits_truly(simulator: RunningSimulator, tmp_path: Path) -> None:
    port = simulator.stripe_url.rsplit(":", 1)[1]
    taken = [
        sys.executable,
        "-m",
        "simulator",
        "--state",
        str(tmp_path),
        "--control-port",
        "0",
        "--stripe-port",
        port,
        "--razorpay-port",
        "0",
    ]
    refused = subprocess.run(taken, capture_output=True, text=True, timeout=30, check=False)
    assert (refused.returncode, f"cannot listen on 127.0.0.1 port {port}" in refused.stderr) == (2, True)
    unknown = subprocess.run(
        [sys.executable, "-m", "simulator"], capture_output=True, text=True, timeout=30, check=False
    )
    assert unknown.returncode == 2
