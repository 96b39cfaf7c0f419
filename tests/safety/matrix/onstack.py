"""The matrix's operations as a merchant asks for them over the public API of a running stack."""

from collections.abc import Mapping
from typing import Any

from domain.operation import Verb
from tests.client import Merchant
from tests.safety.matrix.rows import AMOUNT_MINOR, REFUND_MINOR
from tests.safety.matrix.sides import StripeSide

PATHS: Mapping[str, str] = {
    "authorize": StripeSide.paths[Verb.AUTHORIZE],
    "sale": StripeSide.paths[Verb.AUTHORIZE],
    "renewal": StripeSide.paths[Verb.AUTHORIZE],
    "capture": StripeSide.paths[Verb.CAPTURE],
    "void": StripeSide.paths[Verb.VOID],
    "refund": StripeSide.paths[Verb.REFUND],
}
"""Where the operation's own call goes."""


def begin_on_the_stack(merchant: Merchant, row: str) -> dict[str, Any]:
    """What must be there before the operation: a payment, or for a renewal a customer and what their method is."""
    if row == "renewal":
        customer = _made(merchant.post("/v1/customers", {"email": "ada@example.com", "name": "Ada"}))
        path = f"/v1/customers/{customer['id']}/payment-methods"
        saved = _made(merchant.post(path, {"payment_method": StripeSide.approved}))
        return {"customer": customer["id"], "payment_method": saved["id"]}
    if row in ("capture", "void"):
        return _made(merchant.pay(StripeSide.approved, amount=AMOUNT_MINOR, capture_method="manual"))
    return _made(merchant.pay(StripeSide.approved, amount=AMOUNT_MINOR)) if row == "refund" else {}


def operate_on_the_stack(merchant: Merchant, row: str, known: Mapping[str, Any]) -> str:
    """The payment's id; what the answer says is not the point."""
    if row in ("authorize", "sale"):
        method = "manual" if row == "authorize" else "automatic"
        return str(_made(merchant.pay(StripeSide.approved, amount=AMOUNT_MINOR, capture_method=method))["id"])
    if row == "renewal":
        customer, method = known["customer"], known["payment_method"]
        return str(_made(merchant.pay(method, amount=AMOUNT_MINOR, customer=customer, off_session=True))["id"])
    verb, body = {"capture": ("capture", {}), "void": ("cancel", {}), "refund": ("refunds", {"amount": REFUND_MINOR})}[
        row
    ]
    _made(merchant.post(f"/v1/payments/{known['id']}/{verb}", body))
    return str(known["id"])


def _made(answer: Any) -> dict[str, Any]:
    assert answer.status_code in (200, 201, 202), answer.text
    made: dict[str, Any] = answer.json()
    return made
