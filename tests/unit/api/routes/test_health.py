"""Alive, ready, counted."""

from tests.unit.api.conftest import World


async def test_ready_when_all_parts_answer(world: World) -> None:
    answer = await world.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")


async def test_without_temporal_payments_are_still_taken(world: World) -> None:
    world.owners.down = True
    answer = await world.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"]["temporal"] == {"ok": False, "detail": "OwnerUnavailable"}


async def test_without_postgres_nothing_is_taken(world: World) -> None:
    world.archive.down = True
    answer = await world.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["parts"]["postgres"]["ok"] is False
    assert (await world.client.get("/livez")).status_code == 200


async def test_a_part_that_hangs_is_not_waited_for(world: World) -> None:
    world.health.hang = True
    answer = await world.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["postgres"]["detail"] == "no answer within 0.05 s"


async def test_metrics_are_prometheus_text(world: World) -> None:
    await world.pay()
    answer = await world.client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "payonce_api_requests_total" in answer.text
    assert "process_cpu_seconds_total" in answer.text
