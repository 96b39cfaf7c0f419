"""The matrix's operations as a merchant asks for them over the public API of a running stack, one class per gateway."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from domain.operation import Verb
from tests.client import Merchant, Referee
from tests.contract.razorpay_world import PATHS as RAZORPAY_PATHS
from tests.safety.matrix.rows import AMOUNT_MINOR, REFUND_MINOR
from tests.safety.matrix.stripe_side import StripeSide

_VERBS = {
    "authorize": Verb.AUTHORIZE,
    "sale": Verb.AUTHORIZE,
    "renewal": Verb.AUTHORIZE,
    "capture": Verb.CAPTURE,
    "void": Verb.VOID,
    "refund": Verb.REFUND,
}
_COMMANDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "capture": ("capture", {}),
    "void": ("cancel", {}),
    "refund": ("refunds", {"amount": REFUND_MINOR}),
}


class Shop(ABC):
    """A merchant with customers at one gateway."""

    paths: Mapping[Any, str]  # by Verb

    def __init__(self, merchant: Merchant, referee: Referee) -> None:
        self.merchant = merchant
        self.referee = referee

    def path(self, row: str) -> str:
        """Where the operation's own call goes."""
        return self.paths[_VERBS[row]]

    @abstractmethod
    def sells(self, *, capture_method: str) -> str:
        """A payment is asked for; its id."""

    @abstractmethod
    def begin(self, row: str) -> dict[str, Any]:
        """What must be there before the operation."""

    def operate(self, row: str, known: Mapping[str, Any]) -> str:
        """The payment's id; what the answer says is not the point."""
        if row in ("authorize", "sale"):
            return self.sells(capture_method="manual" if row == "authorize" else "automatic")
        verb, body = _COMMANDS[row]
        _made(self.merchant.post(f"/v1/payments/{known['id']}/{verb}", body))
        return str(known["id"])


class StripeShop(Shop):
    paths = StripeSide.paths

    def sells(self, *, capture_method: str) -> str:
        return str(
            _made(self.merchant.pay(StripeSide.approved, amount=AMOUNT_MINOR, capture_method=capture_method))["id"]
        )

    def begin(self, row: str) -> dict[str, Any]:
        """A payment, or for a renewal a customer and what their method is."""
        if row == "renewal":
            customer = _made(self.merchant.post("/v1/customers", {"email": "ada@example.com", "name": "Ada"}))
            path = f"/v1/customers/{customer['id']}/payment-methods"
            saved = _made(self.merchant.post(path, {"payment_method": StripeSide.approved}))
            return {"customer": customer["id"], "payment_method": saved["id"]}
        if row in ("authorize", "sale"):
            return {}
        return {"id": self.sells(capture_method="automatic" if row == "refund" else "manual")}

    def operate(self, row: str, known: Mapping[str, Any]) -> str:
        if row != "renewal":
            return super().operate(row, known)
        customer, method = known["customer"], known["payment_method"]
        return str(_made(self.merchant.pay(method, amount=AMOUNT_MINOR, customer=customer, off_session=True))["id"])


class RazorpayShop(Shop):
    """Its customers pay in a browser, as soon as they are asked to."""

    paths = RAZORPAY_PATHS

    def sells(self, *, capture_method: str) -> str:
        asked = {"amount": AMOUNT_MINOR, "currency": "INR", "gateway": "razorpay", "payment_method_type": "card"}
        made = _made(self.merchant.post("/v1/payments", asked | {"capture_method": capture_method}))
        waiting = self.merchant.settles(made["id"], "requires_action")
        order = waiting["next_action"]["data"]["order_id"]
        self.referee.post(f"/razorpay/orders/{order}/pay")
        return str(made["id"])

    def begin(self, row: str) -> dict[str, Any]:
        if row == "sale":
            return {}
        manual = row == "capture"
        payment_id = self.sells(capture_method="manual" if manual else "automatic")
        return {"id": self.merchant.settles(payment_id, "authorized" if manual else "captured")["id"]}


SHOPS: Mapping[str, type[Shop]] = {"stripe": StripeShop, "razorpay": RazorpayShop}


def _made(answer: Any) -> dict[str, Any]:
    assert answer.status_code in (200, 201, 202), answer.text
    made: dict[str, Any] = answer.json()
    return made
