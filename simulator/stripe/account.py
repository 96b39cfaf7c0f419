"""The account behind a key; every test key has one of its own, so two merchants never see each other's objects."""

import hashlib

from simulator.records import Json
from simulator.stripe import lists
from simulator.stripe.turn import Turn


def of_key(key: str) -> str:
    return f"acct_{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def retrieve(turn: Turn, _parameters: Json) -> Json:
    return {
        "id": turn.account, "object": "account", "business_type": "company", "charges_enabled": True, "country": "US",
        "capabilities": {"card_payments": "active", "sepa_debit_payments": "active", "transfers": "active"},
        "default_currency": "usd", "details_submitted": True, "email": "simulator@example.com", "payouts_enabled": True,
        "type": "standard", "metadata": {},
    }  # fmt: skip


def payouts(turn: Turn, parameters: Json) -> Json:
    """Always empty: the simulator keeps the balance and pays nothing out."""
    return lists.listed(turn, "payout", "/v1/payouts", parameters)


def payout(turn: Turn, _parameters: Json, payout_id: str) -> Json:
    return turn.get("payout", payout_id, param="payout").body
