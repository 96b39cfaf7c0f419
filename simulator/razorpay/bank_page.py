"""The page of the customer's bank or UPI app: an OTP for cards, yes or no for everything else, or no answer at all."""

import hmac
from html import escape

from simulator.html import page
from simulator.razorpay import instruments, paying, visit
from simulator.razorpay.currencies import priced
from simulator.razorpay.turn import Parts, Turn
from simulator.records import Record
from simulator.wire import WireResponse

_TITLES = {"card": "Your bank", "upi": "Your UPI app", "netbanking": "Your bank", "wallet": "Your wallet"}


def serve(parts: Parts, payment_id: str, nonce: str, answer: dict[str, str] | None) -> WireResponse:
    found = parts.records.find(payment_id)
    if found is None or found.kind != "payment" or not hmac.compare_digest(found.private["nonce"], nonce):
        return page("Unknown payment", "<h1>Unknown payment</h1><p>This link is not valid.</p>", status=404)
    turn = Turn(parts, found.account, parts.clock.now())
    payment = turn.own("payment", payment_id)
    if payment.body["status"] == "created":
        if answer is None:
            return _question(payment)
        if answer.get("answer") == "silence":
            return _silence(turn, payment)
        _answer(turn, payment, answer)
        turn.flush()
    return visit.finish(turn, payment)


def _answer(turn: Turn, payment: Record, given: dict[str, str]) -> None:
    word = given.get("answer")
    if word == "cancel":
        paying.decide(turn, payment, approved=False, reason="payment_cancelled")
    elif word == "failure":
        paying.decide(turn, payment, approved=False)
    elif payment.body["method"] == "card" and not instruments.otp_is_right(given.get("otp", "")):
        paying.decide(turn, payment, approved=False, reason="incorrect_otp")
    else:
        paying.decide(turn, payment, approved=True)


def _silence(turn: Turn, payment: Record) -> WireResponse:
    """Nobody answers: in ten minutes the payment is called failed, and hours later the bank says yes after all."""
    payment.private["late"] = True
    turn.save(payment)
    turn.flush()
    return page(
        "No answer",
        "<h1>No answer</h1><p>The bank says nothing for now. The payment fails after ten minutes and is authorized"
        " hours later, by the simulated clock.</p>",
    )


def _question(payment: Record) -> WireResponse:
    body = payment.body
    title = _TITLES[body["method"]]
    otp = """<label for="otp">One-time password</label>
<input id="otp" name="otp" inputmode="numeric" autocomplete="one-time-code" placeholder="4 to 10 digits">"""
    return page(
        title,
        f"""<h1>{title}</h1>
<p>This is a test. In real life the customer's bank or app would ask here whether they agree.</p>
<dl><dt>Amount</dt><dd>{escape(priced(body["amount"], body["currency"]))}</dd></dl>
<form method="post" autocomplete="off">{otp if body["method"] == "card" else ""}
<button class="main" name="answer" value="success">{"Submit" if body["method"] == "card" else "Success"}</button>
<button class="other" name="answer" value="failure">Failure</button>
<button class="other" name="answer" value="cancel">Cancel payment</button>
<button class="card" name="answer" value="silence">No answer for now (late authorization)</button>
</form>""",
    )
