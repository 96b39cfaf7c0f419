"""The pages a customer sees: the bank's 3-D Secure step here, the hosted checkout next door."""

from html import escape

from simulator.html import form, page, redirect
from simulator.records import Record
from simulator.stripe import authentication, checkout_page
from simulator.stripe.currencies import priced
from simulator.stripe.turn import Parts, Turn
from simulator.wire import WireRequest, WireResponse


def serve(parts: Parts, request: WireRequest) -> WireResponse:
    segments = request.path.strip("/").split("/")
    if segments[0] == "authenticate" and len(segments) == 3:
        return _authenticate(parts, request, intent_id=segments[1], nonce=segments[2])
    if segments[0] == "checkout" and len(segments) in (2, 3):
        return checkout_page.serve(parts, request, segments[1], returned=segments[2:] == ["return"])
    return page("Page not found", "<h1>Page not found</h1><p>This simulator has no such page.</p>", status=404)


def _authenticate(parts: Parts, request: WireRequest, *, intent_id: str, nonce: str) -> WireResponse:
    intent = parts.records.find(intent_id)
    if intent is None or intent.private.get("nonce") != nonce:
        return page(
            "Unknown authentication", "<h1>Unknown authentication</h1><p>This link is not valid.</p>", status=404
        )
    if request.method == "POST" and intent.body["status"] == "requires_action":
        turn = Turn(parts, intent.account, parts.clock.now())
        intent = turn.own(intent.kind, intent_id)
        authentication.decide(turn, intent, approve=form(request).get("result") == "approve")
        turn.flush()
    elif request.method == "GET" and intent.body["status"] == "requires_action":
        return _question(intent)
    address = authentication.return_address(intent)
    if address is not None:
        return redirect(address)
    return page("Authentication finished", "<h1>Authentication finished</h1><p>You can close this page.</p>")


def _question(intent: Record) -> WireResponse:
    amount = intent.body.get("amount")
    told = f"<dl><dt>Amount</dt><dd>{escape(priced(amount, intent.body['currency']))}</dd></dl>" if amount else ""
    return page(
        "3D Secure authentication",
        f"""<h1>3D Secure authentication</h1>
<p>This is a test. In real life the customer's bank would ask here whether they agree.</p>{told}
<form method="post">
<button class="main" name="result" value="approve">Complete authentication</button>
<button class="other" name="result" value="fail">Fail authentication</button>
</form>""",
    )
