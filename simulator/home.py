"""The page at the control port's root: what this program is, where to look, and the test cards it knows."""

from html import escape

from simulator.html import page
from simulator.razorpay.instruments import CARDS, FAILURE_VPA, SUCCESS_VPA
from simulator.stripe.cards import BY_NAME, Card
from simulator.stripe.payment_methods import FAILING_IBANS
from simulator.wire import WireResponse

_LINKS = (
    ("/healthz", "is it alive, and what time does it think it is"),
    ("/effects", "every movement of money, one row each"),
    ("/totals", "what came of each payment: authorized, captured, refunded"),
    ("/endpoints", "who is told by webhook"),
    ("/deliveries", "each webhook on its way, with its attempts"),
    ("/faults", "what goes wrong on purpose"),
    ("/webhook-faults", "what goes wrong with webhooks on purpose"),
    ("/clock", "the simulated clock"),
    ("/settings", "delays, in seconds of that clock"),
)


def show(*, control_url: str, stripe_url: str, razorpay_url: str) -> WireResponse:
    """Links lead to the control API's JSON; the addresses are as a browser reaches them."""
    links = "".join(f'<li><a href="{path}">{path}</a> {escape(told)}</li>' for path, told in _LINKS)
    return page(
        "Payment simulator",
        f"""<h1>Payment simulator</h1>
<p>A stand-in for payment gateways: strict, stateful, and with its own book of money. Clients speak to it as they would
to the gateway; tests look into its book to learn what really happened. No real money is here, and no card number is
kept.</p>
<h2>Look inside</h2><ul>{links}</ul>
<h2>Addresses</h2>{_table(("Address", "Speaks"), _addresses(control_url, stripe_url, razorpay_url))}
<h2>Stripe's test cards</h2>
<p>Pay by token, or type the number with any later expiry date and any CVC. Other numbers are declined.</p>
{_table(("Number", "What happens", "Token"), _cards())}
<h2>Test IBANs</h2>
<p>Any well-formed IBAN succeeds after a while, but for these, whose debit fails:</p>
<p>{", ".join(f"<code>{iban}</code>" for iban in sorted(FAILING_IBANS))}</p>
<h2>Razorpay's test cards and UPI ids</h2>
<p>Any later expiry date; a one-time password of 4 to 10 digits is right. What a card does is what the failure button of
its bank's page does.</p>
{_table(("Number", "Failure"), _razorpay_cards())}
<p><code>{SUCCESS_VPA}</code> pays at once, <code>{FAILURE_VPA}</code> fails; any other UPI id is asked on a page.
</p>""",
        wide=True,
    )


def outcome(card: Card) -> str:
    """What a test card does, in words."""
    told = {"always": "asks for 3D Secure", "until_set_up": "asks for 3D Secure until it is saved"}
    parts = [told[card.authentication]] if card.authentication in told else []
    parts.append("succeeds" if card.decline is None else f"declined ({card.decline.decline_code})")
    if card.dispute is not None:
        parts.append(f"then {'an inquiry' if card.inquiry else 'a dispute'} ({card.dispute})")
    if card.refund != "instant":
        parts.append("refunds are pending at first" if card.refund == "pending" else "refunds fail later")
    if card.cvc_check == "fail":
        parts.append("the CVC check fails")
    if card.risk_level != "normal":
        parts.append(f"risk is {card.risk_level}")
    return ", ".join(parts)


def _addresses(control_url: str, stripe_url: str, razorpay_url: str) -> list[tuple[str, ...]]:
    return [
        (_code(control_url), "this page and the control API"),
        (_code(stripe_url), "Stripe, with any sk_test_ key"),
        (_code(razorpay_url), "Razorpay, with any rzp_test_ key and secret"),
    ]


def _razorpay_cards() -> list[tuple[str, ...]]:
    return [(_code(_grouped(card.number)), escape(f"{card.network}: {card.failure}")) for card in CARDS]


def _cards() -> list[tuple[str, ...]]:
    return [
        (_code(_grouped(card.number)), escape(f"{card.brand}: {outcome(card)}"), _code(f"pm_card_{card.name}"))
        for card in BY_NAME.values()
    ]


def _grouped(number: str) -> str:
    """As it is printed on a card."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
