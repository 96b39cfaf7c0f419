"""Around every request: an id, figures by route, and an answer even when something of ours broke."""

import pytest
from prometheus_client import generate_latest

from domain.identifiers import is_id
from tests.unit.api.conftest import ALICE, PAY, World


async def test_every_answer_carries_its_id(world: World) -> None:
    answers = [
        await world.get("/livez"),
        await world.post("/v1/payments", PAY),
        await world.get("/nowhere"),
        await world.post("/v1/payments", {}),
        await world.get("/v1/payments", api_key="sk_test_wrong"),
    ]
    ids = [answer.headers["Request-Id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert all(is_id("request", request_id) for request_id in ids)
    assert [answer.json()["request_id"] for answer in answers[2:]] == ids[2:]


async def test_what_is_not_there_is_a_problem(world: World) -> None:
    missing = await world.get("/nowhere")
    assert (missing.status_code, missing.json()["title"]) == (404, "Not found")
    assert missing.headers["Content-Type"] == "application/problem+json"
    assert (await world.get("/v1/payments/")).status_code == 404
    wrong = await world.delete("/v1/payments")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["Allow"] or "GET" in wrong.headers["Allow"]


async def test_a_fault_of_ours_is_500_without_its_story(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(world.archive, "read", broken)
    answer = await world.get("/v1/payments/pay_00000000000000000000000000")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json()["request_id"] == answer.headers["Request-Id"]


async def test_figures_are_by_route_and_never_by_id(world: World) -> None:
    paid = await world.pay()
    await world.get(f"/v1/payments/{paid['id']}")
    await world.get("/nowhere/42")
    text = generate_latest(world.parts.registry).decode()
    assert 'payonce_api_requests_total{method="POST",route="/v1/payments",status="201"} 1.0' in text
    assert 'route="/v1/payments/{payment_id}",status="200"} 1.0' in text
    assert 'route="unmatched",status="404"} 1.0' in text
    assert 'payonce_api_request_seconds_count{route="/v1/payments"} 1.0' in text
    assert 'payonce_api_payments_total{status="captured"} 1.0' in text
    assert paid["id"] not in text


async def test_a_client_that_leaves_is_no_fault_of_ours(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    headers = [(b"authorization", f"Bearer {ALICE}".encode()), (b"idempotency-key", b"k1"), (b"content-length", b"9")]
    scope = {"type": "http", "method": "POST", "path": "/v1/payments", "query_string": b"", "headers": headers}
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    await world.app(scope, receive, send)
    assert sent == []
    assert "request_failed" not in capsys.readouterr().out
