"""How every page of the simulator looks: plain HTML and a little style, no scripts, works offline."""

from html import escape
from urllib.parse import parse_qs

from simulator.stripe.errors import StripeError
from simulator.wire import WireRequest, WireResponse

_STYLE = """
:root { color-scheme: light; font-family: system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f6fb; color: #1a1f36; }
main { background: #fff; border-radius: 12px; box-shadow: 0 8px 30px #1a1f3622; }
main { padding: 2rem; width: min(28rem, 90vw); }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; }
p { color: #4f566b; }
dl { display: grid; grid-template-columns: 1fr auto; gap: .4rem 1rem; margin: 1rem 0; }
dd { margin: 0; font-weight: 600; }
label { display: block; margin: .75rem 0 .25rem; font-size: .9rem; }
input { width: 100%; box-sizing: border-box; padding: .6rem; border: 1px solid #c1c9d2; border-radius: 6px; }
input { font: inherit; }
button { font: inherit; padding: .65rem 1rem; border-radius: 6px; border: 1px solid #635bff; cursor: pointer; }
button { margin: .4rem 0; width: 100%; }
button.main { background: #635bff; color: #fff; }
button.other { background: #fff; color: #635bff; }
button.card { background: #f4f6fb; border-color: #d5dbe6; color: #1a1f36; font-size: .85rem; margin: .2rem 0; }
.row { display: flex; gap: .75rem; }
.error { color: #b3093c; font-weight: 600; }
footer { font-size: .8rem; color: #6a7383; }
"""


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
    return str(error.fields.get("message", "Something went wrong."))
