"""What is bought in the bench, by gateway: the words a payment is asked for with, and who makes it there."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

AMOUNT_MINOR = 4999


class Purchase(BaseModel):
    """`asked` is the body of POST /v1/payments. `by_customer`: the gateway lets nobody but its customer pay, so the
    bench plays one, and a payment is over when the gateway's own word of it has arrived."""

    model_config = ConfigDict(frozen=True)

    asked: dict[str, str | int]
    by_customer: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the figures must know."""
        return _NOTES if self.by_customer else ()

    @property
    def answered(self) -> str:
        """The state of a payment when POST answers."""
        return "requires_action" if self.by_customer else "captured"


_NOTES = (
    "Only its customer can pay here, so POST answers with an order, a played customer pays it at once, and the"
    " gateway's webhooks tell: a payment is over when its workflow ends with `captured`.",
    "The bare workflow does what this cannot do without: one activity, an answer to who asked, one signal from outside,"
    " its end. It writes nothing down, as a payment does of the order, the authorization and the capture. R1 and R2"
    " have targets only where the gateway answers at once.",
)


def _asked(gateway: str, **told: str) -> dict[str, str | int]:
    return {"amount": AMOUNT_MINOR, "gateway": gateway, "description": "bench", **told}


PURCHASES: Mapping[str, Purchase] = {
    "stripe": Purchase(asked=_asked("stripe", currency="EUR", payment_method="pm_card_visa"), by_customer=False),
    "razorpay": Purchase(asked=_asked("razorpay", currency="INR", payment_method_type="upi"), by_customer=True),
}
