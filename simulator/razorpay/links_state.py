"""What happens to a payment link when a payment of its order is captured, and when its time is over."""

from simulator.razorpay.turn import Turn
from simulator.records import Json, Record


def follow(turn: Turn, order: Record, payment: Record) -> None:
    """Counts a captured payment; the link is paid when its order is."""
    link_id = order.private.get("link")
    if link_id is None:
        return
    link = turn.own("payment_link", link_id)
    body = link.body
    body["amount_paid"] = order.body["amount_paid"]
    body["order_id"] = order.id
    body["payments"] = [*(body["payments"] or []), _part(payment.body, link.id)]
    body["status"] = "paid" if order.body["status"] == "paid" else "partially_paid"
    body["updated_at"] = turn.second
    turn.save(link)
    turn.index(link, [("payment", payment.id)])
    turn.emit(f"payment_link.{body['status']}", payment_link=body, order=order.body, payment=payment.body)


def end(turn: Turn, link: Record, status: str) -> None:
    """Cancelled by the merchant or expired; takes no payment from then on."""
    body = link.body
    body.update({"status": status, f"{status}_at": turn.second, "updated_at": turn.second})
    turn.save(link)
    turn.emit(f"payment_link.{status}", payment_link=body)


def address_after(turn: Turn, link: Record, payment: Record) -> str | None:
    """Where the customer goes after paying, with what proves it to the merchant."""
    body = link.body
    if not body["callback_url"]:
        return None
    reference = body["reference_id"]
    signature = turn.signed(link.id, reference, body["status"], payment.id)
    separator = "&" if "?" in body["callback_url"] else "?"
    return (
        f"{body['callback_url']}{separator}razorpay_payment_id={payment.id}&razorpay_payment_link_id={link.id}"
        f"&razorpay_payment_link_reference_id={reference}&razorpay_payment_link_status={body['status']}"
        f"&razorpay_signature={signature}"
    )


def _part(payment: Json, link_id: str) -> Json:
    return {
        "amount": payment["amount"], "created_at": payment["created_at"], "method": payment["method"],
        "payment_id": payment["id"], "plink_id": link_id, "status": payment["status"],
        "updated_at": payment["created_at"],
    }  # fmt: skip
