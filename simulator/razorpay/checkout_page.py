"""Checkout in the browser: one page for an order or a payment link, on which a customer pays, tries again or leaves."""

import re
from html import escape

from simulator.html import page
from simulator.razorpay import instruments, paying, payment_links, payments, visit
from simulator.razorpay.caller import account_of_key
from simulator.razorpay.currencies import priced
from simulator.razorpay.errors import RazorpayError
from simulator.razorpay.turn import Parts, Turn
from simulator.razorpay.visit import Visit
from simulator.records import Json
from simulator.wire import WireResponse

_FIELDS = ("vpa", "bank", "wallet", "email", "contact")


def show_order(parts: Parts, order_id: str, given: Json) -> WireResponse:
    opened = _open_order(parts, order_id, given)
    if isinstance(opened, WireResponse):
        return opened
    turn, visiting = opened
    return _show(turn, visiting, failed_id=given.get("failed"))


def act_on_order(parts: Parts, order_id: str, given: Json, fields: dict[str, str]) -> WireResponse:
    opened = _open_order(parts, order_id, given)
    return opened if isinstance(opened, WireResponse) else _act(*opened, fields)


def show_link(parts: Parts, link_id: str, given: Json) -> WireResponse:
    opened = _open_link(parts, link_id)
    if isinstance(opened, WireResponse):
        return opened
    turn, visiting = opened
    return _show(turn, visiting, failed_id=given.get("failed"))


def act_on_link(parts: Parts, link_id: str, fields: dict[str, str]) -> WireResponse:
    opened = _open_link(parts, link_id)
    return opened if isinstance(opened, WireResponse) else _act(*opened, fields)


def _open_order(parts: Parts, order_id: str, given: Json) -> tuple[Turn, Visit] | WireResponse:
    """The order must belong to the key the merchant's page names, as a browser has no secret."""
    options = visit.options_of(given)
    found = parts.records.find(order_id)
    if found is None or found.kind != "order" or account_of_key(options.get("key_id", "")) != found.account:
        return _refusal("The id provided does not exist", status=400)
    turn = Turn(parts, found.account, parts.clock.now())
    return turn, Visit(turn.own("order", order_id), None, options)


def _open_link(parts: Parts, link_id: str) -> tuple[Turn, Visit] | WireResponse:
    found = parts.records.find(link_id)
    if found is None or found.kind != "payment_link":
        return _refusal("This payment link does not exist.", status=404)
    turn = Turn(parts, found.account, parts.clock.now())
    link = turn.own("payment_link", link_id)
    if not payment_links.is_open(link):
        return _refusal(f"This payment link is {link.body['status'].replace('_', ' ')}.", status=410)
    order = payment_links.order_of(turn, link)
    turn.flush()
    return turn, Visit(order, link, {})


def _act(turn: Turn, visiting: Visit, fields: dict[str, str]) -> WireResponse:
    if "cancel" in fields:
        return visit.cancelled(visiting)
    order = visiting.order
    amount, currency = order.body["amount_due"], order.body["currency"]
    try:
        paying.check_order(order, amount, currency)
        asked = _parameters(visiting, fields)
        payment = payments.begin(turn, order, asked, amount_minor=amount, currency=currency)
    except RazorpayError as error:
        return _show(Turn(turn.parts, turn.account, turn.now), visiting, problem=error.message, fields=fields)
    visiting.remember(turn, payment)
    decides = instruments.decision_of(payment.body)
    if decides != "ask":
        paying.decide(turn, payment, approved=decides == "approve")
    turn.flush()
    return visit.finish(turn, payment)


def _parameters(visiting: Visit, fields: dict[str, str]) -> Json:
    """The form as the S2S API would have it. Raises RazorpayError for an incomplete card."""
    asked: Json = {"method": fields.get("method", "card")}
    asked |= {name: fields[name] for name in _FIELDS if fields.get(name)}
    asked |= {name: visiting.options[name] for name in ("customer_id", "recurring") if name in visiting.options}
    if asked["method"] == "card":
        expiry = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{2}|\d{4})\s*", fields.get("expiry", ""))
        if expiry is None:
            raise RazorpayError(400, "The card's expiry is incomplete. Write it as MM / YY.")
        asked["card"] = {
            "number": fields.get("number", ""), "name": fields.get("name", ""), "expiry_month": int(expiry[1]),
            "expiry_year": int(expiry[2]),
        }  # fmt: skip
    return asked


def _refusal(told: str, *, status: int) -> WireResponse:
    return page("Checkout", f'<h1>Checkout</h1><p class="error" role="alert">{escape(told)}</p>', status=status)


def _show(
    turn: Turn, visiting: Visit, *, problem: str | None = None, failed_id: str | None = None,
    fields: dict[str, str] | None = None,
) -> WireResponse:  # fmt: skip
    """The page, after a failure with its reason; who the customer is stays filled in, the card does not."""
    order = visiting.order.body
    if order["status"] == "paid":
        return _refusal("This order is already paid.", status=200)
    failed = turn.find("payment", failed_id) if failed_id else None
    message = ""
    if failed is not None and failed.body["order_id"] == order["id"] and failed.body["status"] == "failed":
        problem = failed.body["error_description"]
        message = visit.message("failed", visit.failed(failed)) if "embedded" in visiting.options else ""
    due = escape(priced(order["amount_due"], order["currency"]))
    alert = f'<p class="error" role="alert">{escape(problem)}</p>' if problem else ""
    person = _person({**visiting.options, **(fields or {})})
    merchant = escape(visiting.options.get("name", "Checkout"))
    return page(
        "Checkout",
        f"""<h1>{merchant}</h1><dl><dt>To pay</dt><dd>{due}</dd></dl>{alert}
{_card(visiting.path, due, person)}{_upi(visiting.path, due, person)}
{_choice(visiting.path, "netbanking", "bank", "Netbanking", instruments.BANKS, person)}
{_choice(visiting.path, "wallet", "wallet", "Wallet", {name: name for name in instruments.WALLETS}, person)}
<form method="post" action="{escape(visiting.path)}">
<button class="other" name="cancel" value="1">Cancel</button></form>
{message}""",
    )


def _person(known: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(known[name])}">'
        for name in ("email", "contact")
        if known.get(name)
    )


def _form(path: str, method: str, inner: str) -> str:
    return f"""<form method="post" action="{escape(path)}" autocomplete="off" id="{method}">
<input type="hidden" name="method" value="{method.partition("-")[0]}">{inner}</form>"""


def _card(path: str, due: str, person: str) -> str:
    return "<h2>Card</h2>" + _form(
        path,
        "card",
        f"""{person}<label for="number">Card number</label>
<input id="number" name="number" inputmode="numeric" placeholder="4100 2800 0000 1007">
<div class="row"><div><label for="expiry">Expiry</label><input id="expiry" name="expiry" placeholder="MM / YY"></div>
<div><label for="cvv">CVV</label><input id="cvv" name="cvv" inputmode="numeric" placeholder="123"></div></div>
<button class="main">Pay {due} by card</button>""",
    )


def _upi(path: str, due: str, person: str) -> str:
    collect = f"""{person}<label for="vpa">UPI ID</label><input id="vpa" name="vpa" placeholder="success@razorpay">
<button class="main">Pay {due} by UPI</button>"""
    scan = f'{person}<button class="other">Scan with a UPI app</button>'
    return f"<h2>UPI</h2>{_form(path, 'upi', collect)}{_form(path, 'upi-intent', scan)}"


def _choice(path: str, method: str, field: str, title: str, choices: dict[str, str], person: str) -> str:
    buttons = "".join(
        f'<button class="card" name="{field}" value="{value}">{escape(label)}</button>'
        for value, label in choices.items()
    )
    return f"<h2>{title}</h2>{_form(path, method, person + buttons)}"
