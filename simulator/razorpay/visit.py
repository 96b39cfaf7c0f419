"""One customer at Checkout: how the merchant opened it, and where the browser goes when it is over.

Checkout.js answers its page by a message (`embedded`); with a `callback_url` the browser posts the result there; a
payment link sends it to its own callback by GET.
"""

import json
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

from simulator.html import page, redirect
from simulator.razorpay import links_state, payments
from simulator.razorpay.reasons import REASONS
from simulator.razorpay.turn import Turn
from simulator.records import Json, Record
from simulator.wire import WireResponse

OPTIONS = ("key_id", "callback_url", "cancel_url", "name", "customer_id", "recurring", "embedded", "email", "contact")


@dataclass(frozen=True, slots=True)
class Visit:
    """The order being paid, the link that led to it, and the merchant's options."""

    order: Record
    link: Record | None
    options: dict[str, str]

    @property
    def path(self) -> str:
        """The page itself, for its forms and for another try."""
        if self.link is not None:
            return f"/l/{self.link.id}"
        return f"/checkout/{self.order.id}?{urlencode(self.options)}"

    def remember(self, turn: Turn, payment: Record) -> None:
        """The bank's page leads back here."""
        payment.private["visit"] = {"order": self.order.id, "link": self.link and self.link.id, "options": self.options}
        turn.save(payment)


def of(turn: Turn, payment: Record) -> Visit | None:
    """The visit a payment was made on; None for one made server to server."""
    kept = payment.private.get("visit")
    if kept is None:
        return None
    link = turn.own("payment_link", kept["link"]) if kept["link"] else None
    return Visit(turn.own("order", kept["order"]), link, kept["options"])


def options_of(given: Json) -> dict[str, str]:
    return {name: given[name] for name in OPTIONS if isinstance(given.get(name), str) and given[name]}


def finish(turn: Turn, payment: Record) -> WireResponse:
    """Where the browser goes from here, by what became of the payment."""
    visit = of(turn, payment)
    status = payment.body["status"]
    if status == "created":
        return redirect(payments.bank_address(turn, payment))
    if status != "failed":
        return _paid(turn, payment, visit)
    if visit is None:
        return _server_to_server(payment, _error(payment.body["error_reason"], payment))
    separator = "&" if "?" in visit.path else "?"
    return redirect(f"{visit.path}{separator}failed={payment.id}")


def cancelled(visit: Visit) -> WireResponse:
    """The customer closed Checkout; no payment knows of it."""
    if "embedded" in visit.options:
        return tell("dismiss", {})
    if "cancel_url" in visit.options:
        return redirect(visit.options["cancel_url"])
    if "callback_url" in visit.options:
        return post(visit.options["callback_url"], _error("payment_cancelled", None, visit.order.id))
    return page("Cancelled", "<h1>Cancelled</h1><p>Nothing was paid. You can close this page.</p>")


def tell(what: str, data: Json) -> WireResponse:
    """A message to the merchant's page around this one."""
    return page("Checkout", f"<h1>One moment …</h1>{message(what, data)}")


def message(what: str, data: Json) -> str:
    told = json.dumps({"razorpay": what, "data": data}).replace("<", "\\u003c")
    return f'<script>window.parent.postMessage({told}, "*")</script>'


def post(address: str, fields: dict[str, str]) -> WireResponse:
    """A form that sends itself; with scripts off, a button does it."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    return page(
        "Back to the shop",
        f"""<h1>Back to the shop</h1>
<form id="return" method="post" action="{escape(address)}">{hidden}<button class="main">Continue</button></form>
<script>document.getElementById("return").submit()</script>""",
    )


def failed(payment: Record) -> Json:
    """What Checkout.js hands to `payment.failed` handlers."""
    body = payment.body
    return {
        "error": {
            "code": body["error_code"], "description": body["error_description"], "source": body["error_source"],
            "step": body["error_step"], "reason": body["error_reason"],
            "metadata": {"order_id": body["order_id"], "payment_id": payment.id},
        }
    }  # fmt: skip


def _paid(turn: Turn, payment: Record, visit: Visit | None) -> WireResponse:
    proof = payments.proof(turn, payment)
    if visit is None:
        return _server_to_server(payment, proof)
    if visit.link is not None:
        address = links_state.address_after(turn, visit.link, payment)
        return redirect(address) if address else _thanks(proof)
    if "embedded" in visit.options:
        return tell("success", proof)
    if "callback_url" in visit.options:
        return post(visit.options["callback_url"], proof)
    return _thanks(proof)


def _server_to_server(payment: Record, fields: dict[str, str]) -> WireResponse:
    address = payment.private.get("callback_url")
    return post(address, fields) if address else _thanks(fields)


def _thanks(fields: dict[str, Any]) -> WireResponse:
    rows = "".join(
        f'<dt>{escape(name)}</dt><dd><code id="{escape(name)}">{escape(value)}</code></dd>'
        for name, value in fields.items()
    )
    return page(
        "Payment finished", f"<h1>Payment finished</h1><p>You can close this page.</p><dl>{rows}</dl>", wide=True
    )


def _error(reason: str, payment: Record | None, order_id: str | None = None) -> dict[str, str]:
    code, description, source, step = REASONS[reason]
    ids = (
        {"order_id": order_id} if payment is None else {"payment_id": payment.id, "order_id": payment.body["order_id"]}
    )
    return {
        "error[code]": code, "error[description]": description, "error[source]": source, "error[step]": step,
        "error[reason]": reason, "error[metadata]": json.dumps(ids),
    }  # fmt: skip
