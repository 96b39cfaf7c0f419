"""`payonce pay`: what it sends, what it says, and exit codes a script can trust."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import FAILED, MISUSED, run
from cli.pay import PENDING
from stack.ports import choose_free
from tests.unit.cli.scripted_api import ID, ScriptedApi, payment, scripted_api, timeline

CREATE, READ, TIMELINE = "POST /v1/payments", f"GET /v1/payments/{ID}", f"GET /v1/payments/{ID}/timeline"


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    with scripted_api() as api:
        yield api


def pay(api: ScriptedApi, *arguments: str) -> int:
    return run(["pay", "--api-url", api.url, "--api-key", "sk_test_x", *arguments])


def test_a_captured_payment_is_told_and_ends_with_0(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.script = {
        CREATE: [(201, payment("captured"))],
        TIMELINE: [(200, timeline("captured", "Accepted.", "EUR 49.99 is captured."))],
    }
    assert pay(api) == 0
    said = capsys.readouterr().out
    for expected in (ID, "captured", "03:00:00.250  EUR 49.99 is captured.", f"http://ui/workflows/{ID}", "refund"):
        assert expected in said
    (asked,) = api.bodies(CREATE)
    assert (asked["amount"], asked["currency"], asked["payment_method"]) == (4999, "EUR", "pm_card_visa")
    assert asked["return_url"] == f"{api.url}/docs"
    (headers,) = api.headers(CREATE)
    assert headers["authorization"] == "Bearer sk_test_x"


@pytest.mark.parametrize(("name", "token"), [("3ds", "pm_card_threeDSecure2Required"), ("pm_own", "pm_own")])
def test_methods_have_friendly_names_or_are_tokens(api: ScriptedApi, name: str, token: str) -> None:
    api.script = {CREATE: [(201, payment("authorized"))], TIMELINE: [(200, timeline("authorized", "Held."))]}
    assert pay(api, "--method", name, "--capture", "manual", "--amount", "500", "--gateway", "stripe") == 0
    (asked,) = api.bodies(CREATE)
    assert (asked["payment_method"], asked["capture_method"], asked["amount"]) == (token, "manual", 500)
    assert asked["gateway"] == "stripe"


@pytest.mark.parametrize(
    ("arguments", "gateway", "currency"),
    [
        (["--method", "upi"], "auto", "INR"),
        (["--method", "wallet", "--gateway", "razorpay"], "razorpay", "INR"),
        (["--method", "card", "--gateway", "razorpay", "--currency", "USD"], "razorpay", "USD"),
    ],
)
def test_what_no_server_has_a_token_for_is_left_to_the_customer(
    api: ScriptedApi, arguments: list[str], gateway: str, currency: str
) -> None:
    api.script = {CREATE: [(201, payment("captured"))], TIMELINE: [(200, timeline("captured", "Captured."))]}
    assert pay(api, *arguments) == 0
    (asked,) = api.bodies(CREATE)
    assert "payment_method" not in asked
    told = (asked["payment_method_type"], asked["gateway"], asked["currency"])
    assert told == (arguments[1], gateway, currency)


def test_a_customer_who_cannot_pay_leaves_it_pending(
    api: ScriptedApi, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYONCE_SIMULATOR_RAZORPAY_PORT", str(choose_free(1)[0]))
    data = {"order_id": "order_1", "key_id": "public_1"}
    action = {"type": "browser", "url": None, "data": data, "callback_url": f"{api.url}/back"}
    acting = payment("requires_action", next_action=action)
    api.script = {CREATE: [(201, acting)], READ: [(200, acting)], TIMELINE: [(200, timeline("requires_action", "On."))]}
    assert pay(api, "--method", "upi", "--wait-seconds", "0.1") == PENDING
    said = capsys.readouterr()
    assert "order order_1" in said.out
    assert "customer: chooses upi" in said.out
    assert "The customer could not pay" in said.err


def test_a_declined_payment_says_why_and_ends_with_1(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    decline = {"class": "soft", "code": "generic_decline", "message": "The card was declined.", "advice": "Ask again."}
    problem = {"detail": "declined", "payment": payment("failed", decline=decline)}
    api.script = {CREATE: [(402, problem)], TIMELINE: [(200, timeline("failed", "Accepted.", "Declined."))]}
    assert pay(api, "--method", "declined") == FAILED
    assert "The card was declined. (generic_decline) Ask again." in capsys.readouterr().out


def test_the_customer_is_sent_to_the_page_and_waited_for(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    acting = payment("requires_action", next_action={"type": "redirect", "url": "http://bank/3ds"})
    api.script = {
        CREATE: [(201, acting)],
        READ: [(200, acting), (200, payment("captured"))],
        TIMELINE: [
            (200, timeline("requires_action", "Accepted.", "The customer has to act.")),
            (200, timeline("requires_action", "Accepted.", "The customer has to act.")),
            (200, timeline("captured", "Accepted.", "The customer has to act.", "Captured.")),
        ],
    }
    assert pay(api, "--method", "3ds") == 0
    said = capsys.readouterr().out
    assert said.count("http://bank/3ds") == 1
    assert said.count("The customer has to act.\n") == 1
    assert said.index("http://bank/3ds") < said.index("Captured.")


@pytest.mark.parametrize("patience", [["--no-wait"], ["--wait-seconds", "0.1"]])
def test_a_payment_still_pending_ends_with_3(api: ScriptedApi, patience: list[str]) -> None:
    api.script = {
        CREATE: [(202, payment("processing"))],
        READ: [(200, payment("processing"))],
        TIMELINE: [(200, timeline("processing", "Accepted.", until="2026-11-21T04:00:00Z"))],
    }
    assert pay(api, *patience) == PENDING


def test_json_is_one_object_and_nothing_else(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    told = timeline("captured", "Captured.")
    api.script = {CREATE: [(201, payment("captured"))], TIMELINE: [(200, told)]}
    assert pay(api, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"payment": payment("captured"), "timeline": told}


def test_what_the_api_refuses_is_not_made(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.script = {CREATE: [(422, {"detail": "currency: must be three letters"})]}
    assert pay(api, "--currency", "EURO") == MISUSED
    assert "Not made: currency: must be three letters" in capsys.readouterr().err


def test_a_lost_answer_is_asked_for_again_under_the_same_key(api: ScriptedApi) -> None:
    api.script = {
        CREATE: [(0, None), (201, payment("captured"))],
        TIMELINE: [(200, timeline("captured", "Captured."))],
    }
    assert pay(api) == 0
    assert len(api.bodies(CREATE)) == 2
    assert len({headers["idempotency-key"] for headers in api.headers(CREATE)}) == 1


def test_an_answer_that_never_comes_is_not_called_a_failure(
    api: ScriptedApi, capsys: pytest.CaptureFixture[str]
) -> None:
    api.script = {CREATE: [(0, None)]}
    assert pay(api) == PENDING
    (key,) = {headers["idempotency-key"] for headers in api.headers(CREATE)}
    assert key in capsys.readouterr().err


def test_no_api_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = choose_free(1)
    assert run(["pay", "--api-url", f"http://127.0.0.1:{port}", "--api-key", "sk_test_x"]) == MISUSED
    assert "make up" in capsys.readouterr().err
    assert run(["pay", "--state", str(tmp_path)]) == MISUSED
    assert f"{tmp_path / 'api-key-test'}" in capsys.readouterr().err


def test_the_key_of_the_state_folder_is_used(api: ScriptedApi, tmp_path: Path) -> None:
    (tmp_path / "api-key-test").write_text("sk_test_kept\n")
    api.script = {CREATE: [(201, payment("captured"))], TIMELINE: [(200, timeline("captured", "Captured."))]}
    assert run(["pay", "--state", str(tmp_path), "--api-url", api.url]) == 0
    assert api.headers(CREATE)[0]["authorization"] == "Bearer sk_test_kept"
