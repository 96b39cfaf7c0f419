"""What a customer's browser brings back from Razorpay's Checkout or payment link, forged.

Genuine is HMAC-SHA256 with the API key's own secret over the ids, joined by bars. A browser is in anybody's hands: each
of these is what a customer who did not pay could send.
"""

from collections.abc import Callable, Mapping
from random import Random

from tests.contract.simulator.razorpay_shop import SECRET as KEY_SECRET
from tests.contract.simulator.razorpay_shop import RazorpayShop, proof
from tests.safety.matrix.forgeries import OTHER_TENANT
from tests.safety.matrix.forgeries import SECRET as WEBHOOK_SECRET

Fields = Mapping[str, str]
Forger = Callable[[Random, Fields, Fields], Fields]
"""Takes a genuine callback and that of another payment of the same account."""

ORDER, PAYMENT, SIGNATURE = "razorpay_order_id", "razorpay_payment_id", "razorpay_signature"
LINK = "razorpay_payment_link_id"
LINK_REFERENCE, LINK_STATUS = "razorpay_payment_link_reference_id", "razorpay_payment_link_status"


def genuine() -> tuple[Fields, Fields]:
    """Of two paid orders, as Checkout hands them over."""
    shop = RazorpayShop.open()
    paid = [shop.pay(shop.order(payment_capture=True)) for _ in range(2)]
    first, second = ({ORDER: p["order_id"], PAYMENT: p["id"]} for p in paid)
    return _signed(first), _signed(second)


def of_a_link(fields: Fields, *, status: str = "paid") -> Fields:
    """The same payment, had it been made on a payment link."""
    told = {LINK: "plink_000000000000aa", LINK_REFERENCE: "", LINK_STATUS: status, PAYMENT: fields[PAYMENT]}
    told[LINK_REFERENCE] = "pay_" + "0" * 25 + "1-1"
    return {**told, SIGNATURE: proof(*told.values())}


def _signed(fields: Fields, *, secret: str = KEY_SECRET) -> Fields:
    return {**fields, SIGNATURE: proof(fields[ORDER], fields[PAYMENT], secret=secret)}


def a_digit_changed(draw: Random, true: Fields, other: Fields) -> Fields:
    name = draw.choice(list(true))
    value = true[name]
    place = draw.randrange(len(value))
    changed = draw.choice([digit for digit in "0123456789abcdef" if digit != value[place]])
    return {**true, name: value[:place] + changed + value[place + 1 :]}


def another_order(draw: Random, true: Fields, other: Fields) -> Fields:
    """A cheap order was paid; the dear one is claimed."""
    return {**true, ORDER: other[ORDER]}


def another_payment(draw: Random, true: Fields, other: Fields) -> Fields:
    return {**true, PAYMENT: other[PAYMENT]}


def anothers_signature(draw: Random, true: Fields, other: Fields) -> Fields:
    return {**true, SIGNATURE: other[SIGNATURE]}


def exchanged(draw: Random, true: Fields, other: Fields) -> Fields:
    return {**true, ORDER: true[PAYMENT], PAYMENT: true[ORDER]}


def the_bar_moved(draw: Random, true: Fields, other: Fields) -> Fields:
    """The same signed text, cut elsewhere: a link's four words as an order's two."""
    link = of_a_link(true)
    words = [link[LINK], link[LINK_REFERENCE], link[LINK_STATUS], link[PAYMENT]]
    cut = draw.randrange(1, 4)
    return {ORDER: "|".join(words[:cut]), PAYMENT: "|".join(words[cut:]), SIGNATURE: link[SIGNATURE]}


def a_link_never_paid(draw: Random, true: Fields, other: Fields) -> Fields:
    return {**of_a_link(true, status="created"), LINK_STATUS: "paid"}


def another_link(draw: Random, true: Fields, other: Fields) -> Fields:
    link = of_a_link(true)
    name = draw.choice([LINK, LINK_REFERENCE, PAYMENT])
    return {**link, name: link[name][:-1] + "z"}


def another_secret(draw: Random, true: Fields, other: Fields) -> Fields:
    """Not even that of our webhooks."""
    return _signed(true, secret=draw.choice([WEBHOOK_SECRET, OTHER_TENANT, "", " ", KEY_SECRET[:-1], KEY_SECRET + "x"]))


def joined_otherwise(draw: Random, true: Fields, other: Fields) -> Fields:
    order, payment = true[ORDER], true[PAYMENT]
    forms = (f"{order}{payment}", f"{order},{payment}", f"{order}|{payment}|", f"{payment}|{order}", order, payment)
    return {**true, SIGNATURE: proof(draw.choice(forms))}


def something_missing(draw: Random, true: Fields, other: Fields) -> Fields:
    """With a payment or a signature it claims something, so it must have all of it."""
    name = draw.choice([ORDER, PAYMENT, SIGNATURE])
    rest = {given: value for given, value in true.items() if given != name}
    return draw.choice([rest, {**true, name: ""}, {**true, name: "x" * 256}])


def given_twice(draw: Random, true: Fields, other: Fields) -> Fields:
    """As the door joins what a form says twice."""
    name = draw.choice(list(true))
    return {**true, name: draw.choice([f"{true[name]}\n{other[name]}", f"{other[name]}\n{true[name]}"])}


def another_form(draw: Random, true: Fields, other: Fields) -> Fields:
    signed = true[SIGNATURE]
    forms = (signed.upper(), signed[:-1], f"{signed}\n", f" {signed}", f"{signed}\x00", f"sha256={signed}")
    return {**true, SIGNATURE: draw.choice([form for form in forms if form != signed])}


FORGERS: Mapping[str, Forger] = {
    forger.__name__: forger
    for forger in (
        a_digit_changed, another_order, another_payment, anothers_signature, exchanged, the_bar_moved,
        a_link_never_paid, another_link, another_secret, joined_otherwise, something_missing, given_twice, another_form,
    )
}  # fmt: skip
