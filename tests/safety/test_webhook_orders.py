"""T7: a story's webhooks in every order, each doubled, lost or too late, end where the gateway's book ended.

The real parser, activities and core, and the simulator's own events; what is lost is found by looking. Orders that have
led to equal records go on as one; with `PAYONCE_LONG=1` every ending is lived by itself.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog

from tests.client import Merchant, Referee, eventually
from tests.safety import figures
from tests.safety.matrix.flows import FLOWS, Flow, play
from tests.safety.matrix.orders import Tally, Walk, endings
from tests.safety.matrix.razorpay_flows import RAZORPAY_FLOWS
from tests.safety.matrix.stories import STORIES, Story, undelivered

MOST_EVENTS = 6
TOGETHER = not os.environ.get("PAYONCE_LONG")
GATEWAYS = {"stripe": FLOWS, "razorpay": RAZORPAY_FLOWS}
LOST = {False: "answer heard", True: "answer lost"}
CASES = [
    pytest.param(gateway, flow, lost, id=f"{gateway}: {name}, {LOST[lost]}")
    for gateway, flows in GATEWAYS.items()
    for name, flow in flows.items()
    for lost in LOST
    if flow.loses is not None or not lost
]


@pytest.fixture(scope="module")
def tallies() -> Iterator[dict[str, list[Tally]]]:
    """By gateway; told at the end."""
    told: dict[str, list[Tally]] = {gateway: [] for gateway in GATEWAYS}
    yield told
    for gateway, flows in GATEWAYS.items():
        if not told[gateway]:  # only the other's were chosen
            continue
        kinds: Counter[str] = sum((tally.endings for tally in told[gateway]), Counter())
        figures.note(
            f"T7 webhook orders, {gateway}",
            flows=len(flows),
            endings=sum(kinds.values()),
            deliveries=sum(tally.deliveries for tally in told[gateway]),
            steps=sum(tally.steps for tally in told[gateway]),
            by_kind=dict(kinds),
            wrong=sum(len(tally.wrong) for tally in told[gateway]),
            cpu_seconds=round(sum(tally.cpu_seconds for tally in told[gateway]), 1),
        )


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Thousands of refused webhooks would each be told in the log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@pytest.mark.timeout(120 if TOGETHER else 1800)
@pytest.mark.xdist_group("webhook-orders")  # one tally
@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize(("gateway", "flow", "answer_lost"), CASES)
async def test_every_order_ends_alike(
    gateway: str, flow: Flow, answer_lost: bool, tallies: dict[str, list[Tally]]
) -> None:
    begun = time.process_time()
    told = await play(flow, answer_lost=answer_lost)
    assert flow.events <= len(told.deliveries) <= MOST_EVENTS
    walk = Walk(told, flow, together=TOGETHER)
    for ending in endings(len(told.deliveries)):
        await walk.live(ending)
    walk.tally.cpu_seconds = time.process_time() - begun
    tallies[gateway].append(walk.tally)
    assert walk.tally.wrong == []


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("flow", [FLOWS["manual capture"], RAZORPAY_FLOWS["sale"]], ids=["stripe", "razorpay"])
async def test_orders_walked_together_end_as_each_by_itself(flow: Flow) -> None:
    told = await play(flow, answer_lost=True)
    together, alone = Walk(told, flow), Walk(told, flow, together=False)
    for ending in endings(len(told.deliveries)):
        assert await together.live(ending) == await alone.live(ending), ending
    assert together.tally.endings == alone.tally.endings
    assert together.tally.steps < alone.tally.steps / 2


# --- a sample through the whole stack: PostgreSQL, Temporal, API and worker as they are deployed ---------------------

SEED = int(os.environ.get("PAYONCE_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_sample_in_a_drawn_order_through_the_whole_stack(merchant: Merchant, referee: Referee, story: Story) -> None:
    referee.post("/webhooks/hold")
    for wire in GATEWAYS:
        referee.post("/webhook-faults", {"wire": wire, "match": {}, "kind": "duplicate", "copies": 2, "count": None})
    payment_id, ended = story(merchant, referee)
    referee.post("/webhooks/release", {"order": "shuffled", "seed": SEED})
    eventually(lambda: undelivered(referee), lambda count: count == 0, 30)
    payment = merchant.until(payment_id, lambda p: ended(p) and p["attention"] == "none")
    totals = referee.totals(payment_id)
    booked = (totals["charges"], totals["captured_minor"], totals["refunded_minor"])
    assert booked == (1, payment["amounts"]["captured"], payment["amounts"]["refunded"]), f"seed {SEED}"
    figures.note("T7 sample on the stack", seed=SEED, story=story.__name__, version=payment["version"])
