"""Balance transactions: what each movement did to the account's balance, with Stripe's fee of 2.9 % + 30 on charges."""

from simulator.records import Json, Record, Window
from simulator.stripe import lists
from simulator.stripe.turn import Turn

_DISPUTE_FEE = 1_500
_AVAILABLE_AFTER_SECONDS = 2 * 86_400


def record_charge(turn: Turn, charge: Json, amount_minor: int) -> str:
    fee = round(amount_minor * 0.029) + 30
    kind = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    return _add(turn, kind, charge["id"], amount_minor, charge["currency"], fee=fee, category="charge")


def record_refund(turn: Turn, refund: Json) -> str:
    return _add(turn, "refund", refund["id"], -refund["amount"], refund["currency"], category="refund")


def record_refund_failure(turn: Turn, refund: Json) -> str:
    return _add(turn, "refund_failure", refund["id"], refund["amount"], refund["currency"], category="refund_failure")


def record_dispute(turn: Turn, dispute: Json, *, sign: int) -> Json:
    """The whole transaction, as a dispute carries it: withdrawn with sign -1, reinstated with +1."""
    category = "dispute" if sign < 0 else "dispute_reversal"
    fee = _DISPUTE_FEE if sign < 0 else 0
    transaction_id = _add(
        turn, "adjustment", dispute["id"], sign * dispute["amount"], dispute["currency"], fee=fee, category=category
    )
    return turn.own("balance_transaction", transaction_id).body


def amend(turn: Turn, source: str, *, hidden: bool, amount: int | None, currency: str | None) -> int:
    """Falsify the account's statement about one object, so that others may prove they notice; how many lines.

    The effects, which are the referee, stay true.
    """
    lines, _more = turn.parts.records.page(turn.account, "balance_transaction", Window(limit=100), [("source", source)])
    for line in lines:
        if hidden:
            turn.parts.records.remove(line)
            continue
        if amount is not None:
            line.body.update(amount=amount, net=amount - line.body["fee"])
        line.body["currency"] = currency or line.body["currency"]
        turn.save(line)
    return len(lines)


def retrieve_transaction(turn: Turn, _parameters: Json, transaction_id: str) -> Json:
    return _as_of_now(turn, turn.get("balance_transaction", transaction_id)).body


def listed(turn: Turn, parameters: Json) -> Json:
    terms = lists.filters(parameters, "type", "source", "currency", "payout")
    page = lists.listed(turn, "balance_transaction", "/v1/balance_transactions", parameters, terms)
    page["data"] = [_settled(turn, body) for body in page["data"]]
    return page


def retrieve(turn: Turn, _parameters: Json) -> Json:
    """What has settled and what has not, per currency; computed, so it always equals the transactions."""
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for record in turn.all("balance_transaction", limit=1_000_000):
        body = _settled(turn, record.body)
        column = sums[body["status"]]
        column[body["currency"]] = column.get(body["currency"], 0) + body["net"]
    currencies = sorted(sums["available"].keys() | sums["pending"].keys()) or ["usd"]
    return {
        "object": "balance",
        **{
            name: [_amount(column.get(currency, 0), currency) for currency in currencies]
            for name, column in sums.items()
        },
        "livemode": False,
    }


def _amount(amount_minor: int, currency: str) -> Json:
    return {"amount": amount_minor, "currency": currency, "source_types": {"card": amount_minor}}


def _as_of_now(turn: Turn, record: Record) -> Record:
    record.body = _settled(turn, record.body)
    return record


def _settled(turn: Turn, body: Json) -> Json:
    return {**body, "status": "available" if turn.now >= body["available_on"] else "pending"}


def _add(turn: Turn, kind: str, source: str, amount: int, currency: str, *, category: str, fee: int = 0) -> str:
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    body = {
        "id": turn.new_id("txn"), "object": "balance_transaction", "amount": amount,
        "available_on": turn.second + _AVAILABLE_AFTER_SECONDS, "balance_type": "payments", "created": turn.second,
        "currency": currency, "description": None, "exchange_rate": None, "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee, "reporting_category": category, "source": source, "status": "pending", "type": kind,
    }  # fmt: skip
    terms = [("type", kind), ("source", source), ("currency", currency)]
    return turn.add("balance_transaction", body, None, terms).id
