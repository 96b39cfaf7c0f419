"""The delivery queue without a network: who is told, when again, in which order, and what the faults do to it."""

import pytest

from simulator.book import Book
from simulator.patience import PATIENCE
from simulator.settings import Settings
from simulator.webhooks import Attempt, Delivery, Endpoint, WebhookFaultRule, Webhooks

ENDPOINT = Endpoint("e1", "stripe", None, "http://shop.test", "whsec_1", ("*",))


@pytest.fixture
def webhooks() -> Webhooks:
    book = Book()
    webhooks = Webhooks(book, Settings(book))
    webhooks.put_endpoint(ENDPOINT)
    return webhooks


def queue(webhooks: Webhooks, *events: str, now: float = 0.0) -> None:
    for event in events:
        webhooks.queue([ENDPOINT], event=event, event_type="charge.succeeded", body=b"{}", now=now)


def events(deliveries: list[Delivery]) -> list[str]:
    return [delivery.event for delivery in deliveries]


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        (Endpoint("e", "stripe", None, "u", "s", ("*",)), True),
        (Endpoint("e", "stripe", "acct_1", "u", "s", ("charge.failed", "charge.succeeded")), True),
        (Endpoint("e", "stripe", "acct_2", "u", "s", ("*",)), False),
        (Endpoint("e", "stripe", None, "u", "s", ("charge.failed",)), False),
        (Endpoint("e", "razorpay", None, "u", "s", ("*",)), False),
        (Endpoint("e", "stripe", None, "u", "s", ("*",), enabled=False), False),
    ],
)
def test_an_endpoint_hears_what_it_asked_for(endpoint: Endpoint, told: bool) -> None:
    assert endpoint.wants("stripe", "acct_1", "charge.succeeded") is told


def test_what_is_on_its_way_is_not_taken_twice(webhooks: Webhooks) -> None:
    queue(webhooks, "a", "b", "c")
    assert events(webhooks.take(now=0, limit=2)) == ["a", "b"]
    assert events(webhooks.take(now=0, limit=2)) == ["c"]
    assert webhooks.take(now=0, limit=2) == []


def test_a_failure_is_tried_again_ever_more_slowly_until_three_days_are_over(webhooks: Webhooks) -> None:
    queue(webhooks, "a")
    now, gaps = 0.0, []
    while True:
        [delivery] = webhooks.take(now=now, limit=1)
        webhooks.note([Attempt(delivery, 500, None, 0.01)], now=now)
        [shown] = webhooks.shown()
        if shown["state"] != "pending":
            break
        assert webhooks.take(now=shown["due_at"] - 0.01, limit=1) == []
        gaps.append(shown["due_at"] - now)
        now = shown["due_at"]
    assert shown["state"] == "failed"
    assert gaps == pytest.approx(sorted(gaps))
    assert gaps[:3] == pytest.approx([0.2, 1.0, 5.0])
    assert now <= PATIENCE["stripe"].give_up_seconds < now + gaps[-1]


def test_a_success_ends_it(webhooks: Webhooks) -> None:
    queue(webhooks, "a")
    [delivery] = webhooks.take(now=0, limit=1)
    webhooks.note([Attempt(delivery, 204, None, 0.01)], now=0)
    assert webhooks.shown()[0]["state"] == "delivered"
    assert webhooks.take(now=1e9, limit=1) == []


@pytest.mark.parametrize(
    ("order", "first", "expected"),
    [("given", [], "abcd"), ("reversed", [], "dcba"), ("given", ["c", "a"], "cabd")],
)
def test_a_release_goes_one_by_one_in_order(webhooks: Webhooks, order: str, first: list[str], expected: str) -> None:
    webhooks.hold()
    queue(webhooks, "a", "b", "c", "d")
    assert webhooks.take(now=0, limit=9) == []
    webhooks.release(order=order, events=first)  # type: ignore[arg-type]  # the parameters hold literals
    assert _drained(webhooks) == list(expected)


def test_a_shuffle_is_repeatable() -> None:
    orders = []
    for seed in (1, 1, 2):
        book = Book()
        webhooks = Webhooks(book, Settings(book))
        webhooks.put_endpoint(ENDPOINT)
        webhooks.hold()
        queue(webhooks, *"abcdefgh")
        webhooks.release(order="shuffled", seed=seed)
        orders.append(_drained(webhooks))
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == list("abcdefgh")


@pytest.mark.parametrize(
    ("rule", "now", "later"),
    [
        (WebhookFaultRule(kind="late", seconds=60), ["b"], ["a"]),
        (WebhookFaultRule(kind="duplicate", copies=2), ["a", "a", "a", "b"], []),
        (WebhookFaultRule(kind="lost"), ["b"], []),
        (WebhookFaultRule(kind="late", seconds=60, count=None), [], ["a", "b"]),
    ],
)
def test_a_fault_is_drawn_when_the_event_is_queued(
    webhooks: Webhooks, rule: WebhookFaultRule, now: list[str], later: list[str]
) -> None:
    webhooks.add_fault(rule)
    queue(webhooks, "a", "b")
    assert events(webhooks.take(now=0, limit=9)) == now
    assert events(webhooks.take(now=60, limit=9)) == later


def test_a_disguise_is_worn_once(webhooks: Webhooks) -> None:
    webhooks.add_fault(WebhookFaultRule(kind="wrong_signature"))
    queue(webhooks, "a")
    [first] = webhooks.take(now=0, limit=1)
    webhooks.note([Attempt(first, 400, None, 0.0)], now=0)
    [second] = webhooks.take(now=1, limit=1)
    assert (first.disguise, second.disguise) == ("wrong_signature", None)


def test_the_queue_survives_a_restart() -> None:
    book = Book()
    first = Webhooks(book, Settings(book))
    first.put_endpoint(ENDPOINT)
    first.hold()
    queue(first, "a")
    second = Webhooks(book, Settings(book))
    assert second.is_held
    second.release()
    assert events(second.take(now=0, limit=1)) == ["a"]


def _drained(webhooks: Webhooks) -> list[str]:
    sent = []
    while taken := webhooks.take(now=0, limit=9):
        assert len(taken) == 1
        sent += events(taken)
        webhooks.note([Attempt(taken[0], 200, None, 0.0)], now=0)
    return sent
