"""The hosted checkout page: what is bought, a form for a test card or a test IBAN, and the way back to the shop."""

import re
from html import escape

from simulator.html import form, page, redirect
from simulator.records import Json, Record
from simulator.stripe import checkout, session_state
from simulator.stripe.currencies import priced
from simulator.stripe.errors import StripeError
from simulator.stripe.turn import Parts, Turn
from simulator.wire import WireRequest, WireResponse

# The documented cards a person is most likely to want; the label says what will happen.
_BUTTONS = (
    ("pm_card_visa", "Visa 4242: succeeds"),
    ("pm_card_mastercard", "Mastercard 4444: succeeds"),
    ("pm_card_authenticationRequired", "Visa 3184: asks for 3D Secure"),
    ("pm_card_visa_chargeDeclined", "Visa 0002: declined"),
    ("pm_card_chargeDeclinedInsufficientFunds", "Visa 9995: insufficient funds"),
)


def serve(parts: Parts, request: WireRequest, session_id: str, *, returned: bool) -> WireResponse:
    session = parts.records.find(session_id)
    if session is None or session.kind != "checkout.session":
        return page("Page not found", "<h1>Page not found</h1><p>There is no such checkout.</p>", status=404)
    if session.body["status"] == "expired":
        return page("Checkout expired", f"<h1>This checkout has expired</h1>{_back(session)}", status=410)
    if session.body["status"] == "complete":
        return redirect(session_state.address_after(session))
    turn = Turn(parts, session.account, parts.clock.now())
    session = turn.own("checkout.session", session_id)
    if request.method == "POST":
        return _pay(turn, session, form(request))
    intent_id = session.body["payment_intent"] or session.body["setup_intent"]
    problem = checkout.problem(turn.own(intent_id_kind(intent_id), intent_id)) if returned and intent_id else None
    return _show(session, problem, {})


def intent_id_kind(intent_id: str) -> str:
    return "setup_intent" if intent_id.startswith("seti_") else "payment_intent"


def _pay(turn: Turn, session: Record, fields: dict[str, str]) -> WireResponse:
    return_url = f"{turn.parts.public_url}/checkout/{session.id}/return"
    try:
        method = _method(fields)
        intent = checkout.pay(
            turn,
            session,
            method,
            email=fields.get("email") or None,
            name=fields.get("name") or None,
            return_url=return_url,
        )
    except StripeError as error:
        return _show(session, str(error.fields.get("message", "Something went wrong.")), fields)
    turn.flush()
    if intent.body["status"] == "requires_action":
        return redirect(intent.body["next_action"]["redirect_to_url"]["url"])
    if session.body["status"] == "complete":
        return redirect(session_state.address_after(session))
    return _show(session, checkout.problem(intent), fields)


def _method(fields: dict[str, str]) -> Json:
    if fields.get("test_card"):
        return {"payment_method": fields["test_card"]}
    billing = {name: fields[name] for name in ("name", "email") if fields.get(name)}
    if fields.get("iban"):
        data: Json = {"type": "sepa_debit", "sepa_debit": {"iban": fields["iban"]}, "billing_details": billing}
        return {"payment_method_data": data}
    expiry = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{2}|\d{4})\s*", fields.get("expiry", ""))
    if expiry is None:
        raise StripeError(402, message="Your card's expiration date is incomplete. Write it as MM / YY.")
    card = {"number": fields.get("number", ""), "exp_month": int(expiry[1]), "exp_year": int(expiry[2])}
    if fields.get("cvc"):
        card["cvc"] = fields["cvc"]
    return {"payment_method_data": {"type": "card", "card": card, "billing_details": billing}}


def _show(session: Record, problem: str | None, given: dict[str, str]) -> WireResponse:
    """The page again after a refusal keeps who the customer is; a refused card is to be exchanged, so it is gone."""
    body = session.body
    rows = "".join(
        f"<dt>{item['quantity']} &times; {escape(item['description'])}</dt>"
        f"<dd>{escape(priced(item['amount_total'], item['currency']))}</dd>"
        for item in session.private["line_items"]
    )
    setup = body["mode"] == "setup"
    due = "" if setup else escape(priced(body["amount_total"], body["currency"]))
    # One line needs no sum: the button says what will be paid.
    single = len(session.private["line_items"]) == 1
    total = "" if setup or single else f'<dt class="total">Total</dt><dd class="total">{due}</dd>'
    alert = f'<p class="error" role="alert">{escape(problem)}</p>' if problem else ""
    return page(
        "Checkout",
        f"""<h1>{"Save your card" if setup else "Checkout"}</h1><dl>{rows}{total}</dl>{alert}
<form method="post" autocomplete="off">
{_person(session, given)}{_fields(session)}
<button class="main" type="submit">{"Save" if setup else f"Pay {due}"}</button>
{_quick_cards() if "card" in body["payment_method_types"] else ""}</form>{_back(session)}""",
    )


def _person(session: Record, given: dict[str, str]) -> str:
    known = session.body["customer_details"] or {}
    email = given.get("email") or known.get("email") or session.body["customer_email"] or ""
    name = given.get("name") or known.get("name") or ""
    return f"""<label for="email">Email</label>
<input id="email" name="email" type="email" value="{escape(email)}">
<label for="name">Name</label><input id="name" name="name" value="{escape(name)}">"""


def _fields(session: Record) -> str:
    card = """
<label for="number">Card number</label>
<input id="number" name="number" inputmode="numeric" placeholder="4242 4242 4242 4242">
<div class="row"><div><label for="expiry">Expiry</label><input id="expiry" name="expiry" placeholder="MM / YY"></div>
<div><label for="cvc">CVC</label><input id="cvc" name="cvc" inputmode="numeric" placeholder="123"></div></div>"""
    iban = '\n<label for="iban">IBAN</label><input id="iban" name="iban" placeholder="AT611904300234573201">'
    types = session.body["payment_method_types"]
    return (card if "card" in types else "") + (iban if "sepa_debit" in types else "")


def _quick_cards() -> str:
    buttons = "".join(
        f'<button class="card" name="test_card" value="{token}">{escape(label)}</button>' for token, label in _BUTTONS
    )
    return f'<p class="divider">Or use a test card:</p>{buttons}'


def _back(session: Record) -> str:
    url = session.body["cancel_url"]
    return f'<p><a href="{escape(url)}">Cancel</a></p>' if url else ""
