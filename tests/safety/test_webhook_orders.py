"""T7: a story's webhooks in every order, each doubled, lost or too late, end where the gateway's book ended.

The real parser, activities and core, and the simulator's own events; what is lost is found by looking. Stories of six
events come in all 720 orders; with `PAYONCE_LONG=1` also those with each of them doubled, lost or too late.
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
from tests.safety.matrix.flows import FLOWS, play
from tests.safety.matrix.orders import Tally, endings, live
from tests.safety.matrix.stories import STORIES, Story, undelivered

MOST_EVENTS = 6


@pytest.fixture(scope="module")
def tallies() -> Iterator[dict[str, Tally]]:
    """By flow and record; told at the end."""
    told: dict[str, Tally] = {}
    begun = time.process_time()
    yield told
    kinds: Counter[str] = sum((tally.endings for tally in told.values()), Counter())
    figures.note(
        "T7 webhook orders",
        flows=len(FLOWS),
        endings=sum(kinds.values()),
        deliveries=sum(tally.deliveries for tally in told.values()),
        by_kind=dict(kinds),
        wrong=sum(len(tally.wrong) for tally in told.values()),
        cpu_seconds=round(time.process_time() - begun, 1),
    )


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Thousands of refused webhooks would each be told in the log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@pytest.mark.xdist_group("webhook-orders")  # one tally
@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("answer_lost", [False, True], ids=["answer-heard", "answer-lost"])
@pytest.mark.parametrize("name", FLOWS)
async def test_every_order_ends_alike(name: str, answer_lost: bool, tallies: dict[str, Tally]) -> None:
    flow = FLOWS[name]
    told = await play(flow, answer_lost=answer_lost)
    assert flow.events <= len(told.deliveries) <= MOST_EVENTS
    tally = tallies[f"{name}, lost: {answer_lost}"] = Tally()
    only_orders = len(told.deliveries) == MOST_EVENTS and not os.environ.get("PAYONCE_LONG")
    for ending in endings(len(told.deliveries), only_orders=only_orders):
        await live(told, flow, ending, tally)
    assert tally.wrong == []


# --- a sample through the whole stack: PostgreSQL, Temporal, API and worker as they are deployed ---------------------

SEED = int(os.environ.get("PAYONCE_SEED") or random.SystemRandom().randrange(1_000_000))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_sample_in_a_drawn_order_through_the_whole_stack(merchant: Merchant, referee: Referee, story: Story) -> None:
    referee.post("/webhooks/hold")
    referee.post("/webhook-faults", {"match": {}, "kind": "duplicate", "copies": 2, "count": None})
    payment_id, ended = story(merchant, referee)
    referee.post("/webhooks/release", {"order": "shuffled", "seed": SEED})
    eventually(lambda: undelivered(referee), lambda count: count == 0, 30)
    payment = merchant.until(payment_id, lambda p: ended(p) and p["attention"] == "none")
    totals = referee.totals(payment_id)
    booked = (totals["charges"], totals["captured_minor"], totals["refunded_minor"])
    assert booked == (1, payment["amounts"]["captured"], payment["amounts"]["refunded"]), f"seed {SEED}"
    figures.note("T7 sample on the stack", seed=SEED, story=story.__name__, version=payment["version"])
