"""The adapter as a whole: keys on every POST, one attempt per call, its own mode, and honest capabilities."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import stripe

from domain.errors import InvalidInput, NotSent
from domain.gateway import Gateway
from domain.operation import Verb
from domain.outcomes import Captured
from domain.steps import HORIZON
from gateways.stripe.adapter import StripeGateway
from tests.unit.gateways.stripe import objects
from tests.unit.gateways.stripe.records import authorized_call, call
from tests.unit.gateways.stripe.transport import FakeTransport, answering, broken, error, gateway


def test_it_is_a_gateway() -> None:
    adapter: Gateway = gateway(FakeTransport())
    assert adapter.name == "stripe"
    assert adapter.capabilities.keyed_verbs == frozenset(Verb)
    assert HORIZON < adapter.capabilities.key_life < timedelta(hours=24)


@pytest.mark.parametrize(
    ("mode", "key"), [("test", "sk_live_x"), ("live", "sk_test_x"), ("test", ""), ("live", "pk_live_x")]
)
def test_a_key_of_the_wrong_mode_is_refused_without_being_shown(mode: Any, key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        StripeGateway(secret_key=key, webhook_secrets=(), mode=mode)
    assert "secret_key" in str(caught.value)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("key", ["sk_test_x", "rk_test_x"])
def test_secret_and_restricted_keys_will_do(key: str) -> None:
    assert StripeGateway(secret_key=key, webhook_secrets=(), mode="test").name == "stripe"


@pytest.mark.parametrize("failure", [error(500, type="api_error"), error(409, code="other"), broken("gone")])
def test_one_call_is_one_attempt(failure: Any) -> None:
    if isinstance(failure, Exception):
        failure.should_retry = True  # type: ignore[attr-defined]  # what the SDK's own client would set
    adapter, transport = answering(failure)
    assert adapter.authorize(call()).kind == "unknown"
    assert len(transport.sent) == 1


def test_going_on_after_the_customers_step_is_looking() -> None:
    adapter, transport = answering(objects.payment_intent())
    assert isinstance(adapter.proceed(authorized_call(Verb.AUTHORIZE)), Captured)
    assert [sent.method for sent in transport.sent] == ["get"]


def test_a_post_without_a_key_is_our_bug_and_never_leaves() -> None:
    adapter, transport = answering()
    with pytest.raises(ValueError, match="derived idempotency key"):
        adapter._ask("post", "/v1/refunds", {})
    assert transport.sent == []


def test_a_parameter_the_sdk_would_swallow_is_our_bug_and_never_leaves() -> None:
    adapter, transport = answering()
    with pytest.raises(ValueError, match="usage"):
        adapter._ask("post", "/v1/setup_intents", {"usage": "off_session"}, "key")
    assert transport.sent == []


def test_the_sdks_telemetry_is_off() -> None:
    gateway(FakeTransport())
    assert stripe.enable_telemetry is False


def test_many_threads_share_one_adapter() -> None:
    adapter, transport = answering(*[objects.payment_intent() for _ in range(40)])
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda _: adapter.authorize(call()).kind, range(40)))
    assert outcomes == ["captured"] * 40
    assert len({sent.key for sent in transport.sent}) == 1


def test_the_address_may_end_with_a_slash() -> None:
    adapter = StripeGateway(
        secret_key="sk_test_x", webhook_secrets=(), mode="test", base_address="http://nowhere.invalid/"
    )
    with pytest.raises(NotSent, match="nowhere"):
        adapter.authorize(call())
