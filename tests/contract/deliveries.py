"""Webhooks as they really arrive: provably the gateway's or refused, and one event however often it comes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import SignatureInvalid
from domain.gateway import Gateway, GatewayEvent
from domain.outcomes import Captured
from domain.payment import PaymentState as State
from tests.contract.scenes import CAPTURED, paid
from tests.contract.simulator.process import Received, eventually
from tests.contract.story import Story, stands
from tests.contract.world import WEBHOOK_SECRET, World


def a_delivery_is_verified_and_tells_of_the_payment(world: World) -> None:
    story, received = _delivered(world)
    (event,) = world.parsed(received)
    assert (event.payment_id, event.type) == (story.payment.id, world.sale_event)
    assert isinstance(event.outcome, Captured)
    assert event.outcome.captured_minor == 1000


def a_delivery_that_was_tampered_with_is_refused(world: World) -> None:
    _, received = _delivered(world)
    name, signature = world.signature_header, received.headers[world.signature_header]
    others = {header: value for header, value in received.headers.items() if header != name}
    last = "0" if signature[-1] != "0" else "1"
    _refused(world.gateway, received.body.replace(b"1000", b"9000"), received.headers)
    _refused(world.gateway, received.body + b" ", received.headers)
    _refused(world.gateway, received.body, {**others, name: signature[:-1] + last})
    _refused(world.gateway, received.body, {**others, name: ""})
    _refused(world.gateway, received.body, others)


def a_delivery_signed_with_another_secret_is_refused(world: World) -> None:
    _, received = _delivered(world)
    for secrets in (("another",), ("",), ()):
        _refused(world.build_gateway(webhook_secrets=secrets), received.body, received.headers)


def a_delivery_the_gateway_did_not_sign_is_refused(world: World) -> None:
    rule = {"wire": world.wire, "match": {"type": world.sale_event}, "kind": "wrong_signature", "count": 1}
    world.simulator.ask("POST", "/webhook-faults", rule)
    _, received = _delivered(world)
    _refused(world.gateway, received.body, received.headers)


def while_a_secret_is_changed_the_old_one_still_opens(world: World) -> None:
    story, received = _delivered(world)
    both = world.build_gateway(webhook_secrets=("new-secret", WEBHOOK_SECRET))
    (event,) = _heard(both, received.body, received.headers)
    assert event.payment_id == story.payment.id


def a_replayed_delivery_is_the_same_event_and_changes_nothing(world: World) -> None:
    story, received = _delivered(world)
    (first,) = world.parsed(received)
    world.simulator.ask("POST", f"/events/{first.dedupe_key}/resend")
    again = eventually(lambda: [event for event in _events(world, story) if event.dedupe_key == first.dedupe_key][1:])
    for event in (first, again[0], first):
        story.hear(event)
    stands(story, State.CAPTURED, **CAPTURED)


def an_old_delivery_is_refused_or_known_by_its_id(world: World) -> None:
    """Where the time is signed, a replay is too old; where none is, the event's id is kept as long as payments are."""
    _, received = _delivered(world)
    (first,) = world.parsed(received)
    later = datetime.now(UTC) + timedelta(days=1)
    if world.replay_seconds is not None:
        _refused(world.gateway, received.body, received.headers, now=later)
        return
    (event,) = _heard(world.gateway, received.body, received.headers, now=later)
    assert event.dedupe_key == first.dedupe_key


def _delivered(world: World) -> tuple[Story, Received]:
    """A sale, and the first delivery that tells of it."""
    story = paid(world)
    told = (story.payment.id.encode(), f'"{world.sale_event}"'.encode())
    found = eventually(lambda: [r for r in world.deliveries() if all(words in r.body for words in told)])
    return story, found[0]


def _events(world: World, story: Story) -> list[GatewayEvent]:
    events = [event for received in world.deliveries() for event in world.parsed(received)]
    return [event for event in events if event.payment_id == story.payment.id]


def _heard(
    gateway: Gateway, body: bytes, headers: Mapping[str, str], *, now: datetime | None = None
) -> list[GatewayEvent]:
    at = now or datetime.now(UTC)
    return list(gateway.parse_webhook(headers=headers, raw=body, url="https://shop.example/hooks", now=at))


def _refused(gateway: Gateway, body: bytes, headers: Mapping[str, str], *, now: datetime | None = None) -> None:
    with pytest.raises(SignatureInvalid):
        _heard(gateway, body, headers, now=now)
