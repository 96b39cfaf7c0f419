"""The pages a customer sees: the bank's 3-D Secure step and the hosted checkout. Plain HTML, no scripts, works offline."""

from html import escape
from urllib.parse import parse_qs

from simulator.records import Record
from simulator.stripe import authentication
from simulator.stripe.currencies import shown
from simulator.stripe.errors import StripeError
from simulator.stripe.turn import Parts, Turn
from simulator.wire import WireRequest, WireResponse

_STYLE = """
:root { color-scheme: light; font-family: system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f6fb; color: #1a1f36; }
main { background: #fff; border-radius: 12px; box-shadow: 0 8px 30px #1a1f3622; padding: 2rem; width: min(28rem, 90vw); }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; } p { color: #4f566b; }
dl { display: grid; grid-template-columns: 1fr auto; gap: .4rem 1rem; margin: 1rem 0; } dd { margin: 0; font-weight: 600; }
label { display: block; margin: .75rem 0 .25rem; font-size: .9rem; }
input { width: 100%; box-sizing: border-box; padding: .6rem; border: 1px solid #c1c9d2; border-radius: 6px; font: inherit; }
button { font: inherit; padding: .65rem 1rem; border-radius: 6px; border: 1px solid #635bff; cursor: pointer; margin: .25rem 0; }
button.main { background: #635bff; color: #fff; width: 100%; } button.other { background: #fff; color: #635bff; width: 100%; }
button.card { background: #f4f6fb; border-color: #d5dbe6; color: #1a1f36; font-size: .85rem; margin-right: .25rem; }
.row { display: flex; gap: .75rem; } .error { color: #b3093c; font-weight: 600; } footer { font-size: .8rem; color: #6a7383; }
"""


def serve(parts: Parts, request: WireRequest) -> WireResponse:
    segments = request.path.strip("/").split("/")
    if segments[0] == "authenticate" and len(segments) == 3:
        return _authenticate(parts, request, intent_id=segments[1], nonce=segments[2])
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
    told = f"<dl><dt>Amount</dt><dd>{escape(shown(amount, intent.body['currency']))}</dd></dl>" if amount else ""
    return page(
        "3D Secure authentication",
        f"""<h1>3D Secure authentication</h1>
<p>This is a test. In real life the customer's bank would ask here whether they agree.</p>{told}
<form method="post">
<button class="main" name="result" value="approve">Complete authentication</button>
<button class="other" name="result" value="fail">Fail authentication</button>
</form>""",
    )


def form(request: WireRequest) -> dict[str, str]:
    fields = parse_qs(request.body.decode("utf-8", errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def page(title: str, body: str, *, status: int = 200) -> WireResponse:
    document = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body><main>{body}<footer><p>Payment simulator · no real money</p></footer></main></body></html>"""
    return WireResponse(
        status, (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")), document.encode()
    )


def redirect(address: str) -> WireResponse:
    return WireResponse(303, (("Location", address), ("Content-Length", "0")), b"")


def message_of(error: StripeError) -> str:
    return escape(str(error.fields.get("message", "Something went wrong.")))
