"""Which adapter serves an account, and sentences for what is missing."""

from dataclasses import replace
from typing import Any

import pytest

from domain.errors import InvalidInput, RecordNotFound
from domain.gateway import Gateways
from domain.ports import GatewayAccount
from gateways.registry import BUILDERS, GatewaySecrets, Registry, Wiring

ACCOUNT = GatewayAccount(id="acct_1", merchant_id="mer_1", mode="test", gateway="stripe", secret_name="STRIPE")
SECRETS = {"STRIPE": GatewaySecrets(secret_key="sk_test_1", webhook_secrets=("whsec_1",))}


def registry(**given: Any) -> Registry:
    return Registry(**{"secrets": SECRETS, "accounts": (ACCOUNT,), **given})


def test_an_adapter_is_built_once_and_kept() -> None:
    gateways: Gateways = registry(wiring=Wiring(base_addresses={"stripe": "http://127.0.0.1:1"}, timeout_seconds=1))
    assert gateways.for_account("acct_1") is gateways.for_account("acct_1")
    assert gateways.for_account("acct_1").name == "stripe"


def test_accounts_may_be_added_and_changed_later() -> None:
    gateways = registry(accounts=())
    assert not gateways.knows("acct_1")
    assert not gateways.has_accounts
    gateways.add(ACCOUNT)
    assert gateways.knows("acct_1")
    assert gateways.has_accounts
    first = gateways.for_account("acct_1")
    gateways.add(ACCOUNT)
    assert gateways.for_account("acct_1") is first
    gateways.add(replace(ACCOUNT, is_default=True))
    assert gateways.for_account("acct_1") is not first


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"accounts": ()}, "acct_1"),
        ({"secrets": {}}, "'STRIPE'"),
        ({"accounts": (replace(ACCOUNT, gateway="abacus"),)}, "'abacus'"),
    ],
)
def test_what_is_missing_is_named(given: dict[str, Any], missing: str) -> None:
    with pytest.raises(RecordNotFound, match=missing):
        registry(**given).for_account("acct_1")


def test_modes_never_mix() -> None:
    with pytest.raises(InvalidInput, match="sk_live_"):
        registry(accounts=(replace(ACCOUNT, mode="live"),)).for_account("acct_1")


def test_secrets_are_not_shown() -> None:
    assert "sk_test_1" not in repr(SECRETS["STRIPE"])
    assert "whsec_1" not in repr(SECRETS["STRIPE"])


def test_every_builder_has_its_room() -> None:
    assert set(BUILDERS) == {"razorpay", "stripe"}


def test_a_key_in_two_halves_reaches_its_adapter() -> None:
    account = replace(ACCOUNT, gateway="razorpay", secret_name="RAZORPAY")
    halves = {"RAZORPAY": GatewaySecrets(key_id="rzp_test_1", secret_key="hidden")}
    assert registry(accounts=(account,), secrets=halves).for_account("acct_1").name == "razorpay"
    with pytest.raises(InvalidInput, match="key_id"):
        registry(accounts=(account,), secrets={"RAZORPAY": GatewaySecrets(secret_key="hidden")}).for_account("acct_1")
    assert "hidden" not in repr(halves)
