"""How every page of the simulator looks: plain HTML and a little style, no scripts, works offline."""

from html import escape
from urllib.parse import parse_qs

from simulator.wire import WireRequest, WireResponse

_STYLE = """
:root { color-scheme: light; font-family: system-ui, sans-serif; }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; padding: 2rem 1rem; background: #f4f6fb; color: #1a1f36; line-height: 1.45; }
body { display: grid; grid-template-columns: minmax(0, 28rem); place-content: center; }
body.wide { grid-template-columns: minmax(0, 60rem); place-content: start center; }
main { background: #fff; border-radius: 12px; box-shadow: 0 8px 30px #1a1f3622; padding: 2rem; }
@media (max-width: 30rem) { main { padding: 1.5rem 1.25rem; } }
h1 { font-size: 1.25rem; margin: 0 0 .5rem; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
p { color: #4f566b; margin: .5rem 0; }
a { color: #4b43d6; }
dl { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .4rem 1rem; margin: 1rem 0; }
dt { overflow-wrap: anywhere; }
dd { margin: 0; font-weight: 600; text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.total { border-top: 1px solid #e3e8ee; margin-top: .25rem; padding-top: .6rem; font-weight: 600; }
dt.total { margin-right: -1rem; }
label { display: block; margin: .75rem 0 .25rem; font-size: .9rem; }
input { width: 100%; padding: .6rem; border: 1px solid #c1c9d2; border-radius: 6px; font: inherit; }
button { font: inherit; padding: .65rem 1rem; border-radius: 6px; border: 1px solid #635bff; cursor: pointer; }
button { margin: .4rem 0; width: 100%; }
button.main { background: #635bff; color: #fff; font-weight: 600; margin-top: 1.25rem; }
button.other { background: #fff; color: #4b43d6; }
button.card { background: #f4f6fb; border-color: #d5dbe6; color: #1a1f36; font-size: .85rem; margin: .2rem 0; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 2px solid #635bff; outline-offset: 2px; }
.row { display: flex; gap: .75rem; }
.row > div { flex: 1; min-width: 0; }
.divider { margin: 1.25rem 0 .4rem; font-size: .9rem; }
.error { color: #b3093c; background: #fdf1f4; border-radius: 6px; padding: .6rem .75rem; font-weight: 600; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td:nth-child(2) { min-width: 10rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem 1rem .4rem 0; border-bottom: 1px solid #e3e8ee; }
code { font-family: ui-monospace, monospace; font-size: .85rem; white-space: nowrap; }
footer { font-size: .8rem; margin-top: 1.25rem; }
footer p { color: #6a7383; margin: 0; }
"""


def form(request: WireRequest) -> dict[str, str]:
    fields = parse_qs(request.body.decode("utf-8", errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def page(title: str, body: str, *, status: int = 200, wide: bool = False) -> WireResponse:
    document = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body{' class="wide"' if wide else ""}><main>{body}
<footer><p>Payment simulator · no real money</p></footer></main></body></html>"""
    return WireResponse(
        status, (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")), document.encode()
    )


def redirect(address: str) -> WireResponse:
    return WireResponse(303, (("Location", address), ("Content-Length", "0")), b"")
