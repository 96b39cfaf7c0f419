"""What became of an operation: by Razorpay's id when we have it, else by our receipt or reference. Reads only.

An order is read together with its payments. Two orders may carry one receipt (Razorpay documents no refusal): the one
that shows money counts, else the first. A refund is found among its payment's refunds.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from domain.gateway import GatewayCall
from domain.operation import Verb
from domain.outcomes import NotFound, Outcome, Unknown
from gateways.razorpay.faults import Refused, told_by_lookup
from gateways.razorpay.mapping import our_reference, read_dispute, readable
from gateways.razorpay.parameters import receipt
from gateways.razorpay.replies import (
    deciding_payment,
    is_live,
    link_outcome,
    order_outcome,
    payments_of,
    refund_outcome,
)

Json = dict[str, Any]
Read = Callable[[str, Json], Json]
"""GET a path with parameters; raises Refused."""

PAGE_SIZE = 100
MOST_PAGES = 10
CLOCK_SLACK = timedelta(minutes=5)
WITH_PAYMENTS: Json = {"expand[]": ["payments", "payments.card"]}


class Lookup:
    """Questions about one call. Failures to ask are outcomes too: only a complete answer says "nothing"."""

    def __init__(self, read: Read, *, key_id: str) -> None:
        self._read = read
        self._key_id = key_id

    def retrieve(self, call: GatewayCall) -> Outcome:
        """The refund for a refund, else the payment: its link while it is hosted, else its order."""
        return _told(lambda: self._by_id(call) or self._by_reference(call))

    def find(self, call: GatewayCall) -> Outcome:
        return _told(lambda: self._by_reference(call))

    def disputes(self, call: GatewayCall) -> list[Outcome]:
        """Razorpay lists disputes of the whole account only; ours cannot be older than the payment."""
        payment_id = call.payment.references.get("payment")
        if payment_id is None:
            return []
        since = {"from": int((call.payment.created_at - CLOCK_SLACK).timestamp())}
        try:
            listed = list(self._pages("/disputes", since))
        except Refused as refused:
            return [told_by_lookup(refused.fault)]
        except _ListTooLong:
            return [_INCOMPLETE]
        return [_reading_dispute(dispute) for dispute in listed if dispute.get("payment_id") == payment_id]

    def live_payment(self, order_id: str) -> str | None:
        """The payment of an order that took money or still may; None when there is none. An order can say that it is
        paid before its list shows by what. Raises Refused."""
        found = self._read(f"/orders/{order_id}", dict(WITH_PAYMENTS))
        unseen = order_id if found["status"] == "paid" else None
        return next((payment["id"] for payment in payments_of(found) if is_live(payment)), unseen)

    def order_of(self, call: GatewayCall) -> Json | None:
        """Our order, if it exists. Raises Refused."""
        listed = self._read("/orders", {"receipt": receipt(call), "count": PAGE_SIZE, **WITH_PAYMENTS})["items"]
        ours = sorted((found for found in listed if _is_ours(found, call)), key=lambda found: found["created_at"])
        return max(ours, key=_progress, default=None)

    def link_of(self, call: GatewayCall) -> Json | None:
        """Our payment link, if it exists. Raises Refused."""
        listed = self._read("/payment_links", {"reference_id": receipt(call)})["payment_links"]
        return next((found for found in listed if _is_ours(found, call)), None)

    def order(self, order_id: str, call: GatewayCall) -> Outcome:
        body = self._read(f"/orders/{order_id}", dict(WITH_PAYMENTS))
        return readable(lambda: order_outcome(body, call, self._key_id), body)

    def link(self, body: Json, call: GatewayCall) -> Outcome:
        """What a link says, or the order behind it once there is one to see."""
        if body["status"] != "created" and (order_id := body.get("order_id")):
            told = self.order(order_id, call)
            return told if told.kind != "action_required" else link_outcome(body, call)
        return readable(lambda: link_outcome(body, call), body)

    def _by_id(self, call: GatewayCall) -> Outcome | None:
        references, operation = call.payment.references, call.operation
        if operation.verb is Verb.REFUND:
            if operation.reference is None:
                return None
            refund = self._read(f"/refunds/{operation.reference}", {})
            return readable(lambda: refund_outcome(refund, call), refund)
        if link_id := references.get("payment_link"):
            return self.link(self._read(f"/payment_links/{link_id}", {}), call)
        order_id = references.get("order")
        return self.order(order_id, call) if order_id else None

    def _by_reference(self, call: GatewayCall) -> Outcome:
        if call.operation.verb is Verb.REFUND:
            return self._refund_by_receipt(call)
        if call.payment.method and call.payment.method.kind == "hosted":
            link = self.link_of(call)
            return self.link(link, call) if link else NotFound()
        order = self.order_of(call)
        return readable(lambda: order_outcome(order, call, self._key_id), order) if order else NotFound()

    def _refund_by_receipt(self, call: GatewayCall) -> Outcome:
        payment_id = call.payment.references.get("payment")
        if payment_id is None:
            return NotFound()
        for refund in self._pages(f"/payments/{payment_id}/refunds", {}):
            if our_reference(refund) == (call.payment.id, call.operation.number):
                return _reading_refund(refund, call)
        return NotFound()

    def _pages(self, path: str, parameters: Json) -> Iterator[Json]:
        """Every object of a list. Raises _ListTooLong after MOST_PAGES pages with more to come."""
        for page in range(MOST_PAGES):
            found = self._read(path, {**parameters, "count": PAGE_SIZE, "skip": page * PAGE_SIZE})["items"]
            yield from found
            if len(found) < PAGE_SIZE:
                return
        raise _ListTooLong


class _ListTooLong(Exception):
    """More objects than we are willing to read: finding nothing among some of them proves nothing."""


_INCOMPLETE = Unknown(
    reason="lookup_incomplete", evidence=f"not among the newest {MOST_PAGES * PAGE_SIZE} objects of the list"
)


def _told(ask: Callable[[], Outcome]) -> Outcome:
    try:
        return ask()
    except Refused as refused:
        return told_by_lookup(refused.fault)
    except _ListTooLong:
        return _INCOMPLETE
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        return Unknown(reason="unreadable", evidence=f"lookup: {type(error).__name__}: {error}"[:500])


def _is_ours(thing: Json, call: GatewayCall) -> bool:
    ours = our_reference(thing)
    return ours is not None and ours[0] == call.payment.id


def _progress(order: Json) -> int:
    """How far an order came; the first of equals wins in `max`."""
    deciding = deciding_payment(payments_of(order))
    if deciding is None:
        return 0
    return 2 if is_live(deciding) else 1


def _reading_refund(refund: Json, call: GatewayCall) -> Outcome:
    return readable(lambda: refund_outcome(refund, call), refund)


def _reading_dispute(dispute: Json) -> Outcome:
    return readable(lambda: read_dispute(dispute), dispute)
