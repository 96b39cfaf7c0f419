"""Which gateways are served follows from the keys; the routing table is read from its file and checked."""

from pathlib import Path
from typing import Any

import pytest

import bootstrap
from domain.errors import RecordNotFound
from domain.ports import GatewayAccount
from settings import Settings, SettingsError, read_settings
from stack.gateways import build_gateways, read_routes, served_gateways

RAZORPAY = {"key_id": "rzp_test_x", "key_secret": "hidden"}


@pytest.mark.parametrize(
    ("given", "served"),
    [
        ({}, ["stripe"]),
        ({"stripe": {"secret_key": "sk_test_x"}}, ["stripe"]),
        ({"razorpay": RAZORPAY}, ["razorpay"]),
        ({"stripe": {"secret_key": "sk_test_x"}, "razorpay": RAZORPAY}, ["stripe", "razorpay"]),
    ],
)
def test_a_gateway_is_served_when_its_key_is_set(given: dict[str, Any], served: list[str]) -> None:
    settings = _settings(**given)
    assert list(served_gateways(settings)) == served
    accounts = bootstrap.new_accounts(settings, "mer_1", lambda gateway: f"acct_{gateway}")
    assert [(account.id, account.gateway) for account in accounts] == [(f"acct_{name}", name) for name in served]
    assert [account.is_default for account in accounts] == [True, False][: len(served)]


def test_each_account_gets_the_adapter_of_its_gateway() -> None:
    settings = _settings(stripe={"secret_key": "sk_test_x"}, razorpay=RAZORPAY)
    registry = build_gateways(settings, timeout_seconds=1)
    for account in bootstrap.new_accounts(settings, "mer_1", lambda gateway: f"acct_{gateway}"):
        registry.add(account)
        assert registry.for_account(account.id).name == account.gateway


def test_an_account_whose_key_is_not_set_is_served_by_nobody() -> None:
    registry = build_gateways(_settings(stripe={"secret_key": "sk_test_x"}), timeout_seconds=1)
    registry.add(
        GatewayAccount(id="a", merchant_id="m", mode="test", gateway="razorpay", secret_name="RAZORPAY_KEY_ID")
    )
    with pytest.raises(RecordNotFound, match="RAZORPAY_KEY_ID"):
        registry.for_account("a")


def test_a_routing_table_of_ones_own_replaces_the_one_that_ships(tmp_path: Path) -> None:
    assert {gateway for route in read_routes(_settings()) for gateway in route.gateways} == {"stripe", "razorpay"}
    own = tmp_path / "routing.json"
    own.write_text('[{"gateways": ["razorpay"]}]')
    (route,) = read_routes(_settings(payonce={"routing": own}))
    assert route.gateways == ("razorpay",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"gateways": ["strip"]}]', "no gateway strip; there are razorpay, stripe"),
        ('[{"gateways": []}]', "routes.0.gateways: must name at least one gateway"),
        ("[", "routes: Invalid JSON"),
    ],
)
def test_a_routing_table_that_cannot_be_used_is_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    own = tmp_path / "routing.json"
    own.write_text(text)
    with pytest.raises(SettingsError, match=f"PAYONCE_ROUTING, .*{words}"):
        read_routes(_settings(payonce={"routing": own}))


def _settings(**groups: Any) -> Settings:
    bare: dict[str, Any] = {"stripe": {"secret_key": None}, "razorpay": {"key_id": None}}
    return read_settings(**{**bare, **groups})
