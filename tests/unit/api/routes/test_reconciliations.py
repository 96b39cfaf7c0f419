"""A merchant reads the passes over its own accounts with their findings, and nobody else's."""

from datetime import UTC, datetime

import pytest

from domain.passes import Pass, StoredFinding
from domain.reconciliation import Difference, Finding
from tests.unit.api.conftest import ALICE, BOB, World
from tests.unit.api.fake_reconciliations import FakeReconciliations

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
FOUND = Finding(
    subject="pi_2", difference=Difference.DUPLICATE, payment_id="pay_1", sentence="Twice.", theirs={"line_count": 1}
)


def a_pass(number: int) -> Pass:
    return Pass(
        id=f"rec_{number:026d}",
        account_id="acct_alice",
        merchant_id="mer_alice",
        mode="test",
        window_from=AT,
        window_to=AT,
        trigger="person",
        state="finished",
        started_at=AT,
        finished_at=AT,
        movements=7,
        payments=3,
    )


@pytest.fixture
def passes(world: World) -> FakeReconciliations:
    fake = world.parts.reconciliations
    assert isinstance(fake, FakeReconciliations)
    fake.rows += [a_pass(number) for number in range(3)]
    fake.found[a_pass(1).id] = [
        StoredFinding(
            id="fnd_1",
            account_id="acct_alice",
            finding=FOUND,
            status="case",
            looks=0,
            first_seen_at=AT,
            last_seen_at=AT,
        )
    ]
    return fake


async def test_passes_are_listed_in_pages(world: World, passes: FakeReconciliations) -> None:
    first = (await world.get("/v1/reconciliations?limit=2")).json()
    assert [one["id"] for one in first["data"]] == [a_pass(2).id, a_pass(1).id]
    assert (first["data"][0]["movements"], first["data"][0]["status"]) == (7, "finished")
    rest = (await world.get(first["next"])).json()
    assert [one["id"] for one in rest["data"]] == [a_pass(0).id]
    assert rest["next"] is None
    refused = await world.get("/v1/reconciliations?before=pay_1")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "before")


async def test_a_pass_has_its_findings(world: World, passes: FakeReconciliations) -> None:
    [found] = (await world.get(f"/v1/reconciliations/{a_pass(1).id}")).json()["findings"]
    assert (found["difference"], found["status"], found["subject"]) == ("duplicate", "case", "pi_2")
    assert found["action"].startswith("Refund the second charge")
    assert found["theirs"] == {"line_count": 1}
    assert (await world.get(f"/v1/reconciliations/{a_pass(2).id}")).json()["findings"] == []


async def test_another_merchant_sees_nothing(world: World, passes: FakeReconciliations) -> None:
    assert (await world.get("/v1/reconciliations", api_key=BOB)).json()["data"] == []
    for id_ in (a_pass(1).id, "rec_nonsense", "rec_" + "z" * 26):
        key = BOB if id_ == a_pass(1).id else ALICE
        assert (await world.get(f"/v1/reconciliations/{id_}", api_key=key)).status_code == 404
