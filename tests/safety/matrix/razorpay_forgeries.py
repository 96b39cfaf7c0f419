"""Razorpay's webhooks forged: HMAC-SHA256 over the raw body and nothing else; the event's id beside it is unsigned.

No moment is signed either, so nothing is ever too old: what is repeated must change nothing instead.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from gateways.razorpay.adapter import RazorpayGateway
from tests.contract.simulator.razorpay_shop import KEY, RazorpayShop
from tests.contract.simulator.razorpay_shop import SECRET as KEY_SECRET
from tests.safety.matrix.forgeries import (
    NO_SECRETS_OF_OURS,
    OLD_SECRET,
    OTHER_TENANT,
    SECRET,
    Craft,
    Post,
    named,
)

HEADER = "x-razorpay-signature"
ID_HEADER = "x-razorpay-event-id"
PAYMENT_ID = "pay_" + "0" * 25 + "1"


def bodies() -> list[bytes]:
    """Real events: a payment taken, given back in part, disputed."""
    shop = RazorpayShop.open()
    notes = {"payment_id": PAYMENT_ID, "reference": f"{PAYMENT_ID}-1"}
    payment = shop.pay(shop.order(receipt=f"{PAYMENT_ID}-1", notes=notes, payment_capture=True))
    shop.made(f"/v1/payments/{payment['id']}/refund", {"amount": 400}, key="forgeries-key")
    shop.wait(10)
    shop.wire.open_dispute(payment["id"], reason="fraudulent", inquiry=False)
    wanted = ("payment.captured", "refund.processed", "payment.dispute.created")
    events = [event for event in shop.events() if event["event"] in wanted]
    return [json.dumps(event, separators=(",", ":")).encode() for event in events]


def signature(raw: bytes, *, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def genuine(raw: bytes, *, at: int, secret: str = SECRET) -> Post:
    return Post(((HEADER, signature(raw, secret=secret)), (ID_HEADER, _event_id(raw))), raw, at)


def _event_id(raw: bytes) -> str:
    return base64.b64encode(hashlib.sha256(raw).digest(), altchars=b"AB")[:14].decode()


def _signed(post: Post, value: str) -> Post:
    return post.having(HEADER, value)


def _value(post: Post) -> str:
    return post.value(HEADER)


def another_amount(draw: Random, post: Post) -> Post:
    """What a forger would really want, with a well-formed body."""
    event = json.loads(post.raw)
    entity = event["payload"][draw.choice(list(event["payload"]))]["entity"]
    entity["amount"] += draw.randrange(1, 10**9)
    return replace(post, raw=json.dumps(event, separators=(",", ":")).encode())


# --- the headers -----------------------------------------------------------------------------------------------------


def a_digit_of_the_signature_changed(draw: Random, post: Post) -> Post:
    value = _value(post)
    place = draw.randrange(len(value))
    other = draw.choice([digit for digit in "0123456789abcdef" if digit != value[place]])
    return _signed(post, value[:place] + other + value[place + 1 :])


def a_letter_of_the_header_changed(draw: Random, post: Post) -> Post:
    value = _value(post)
    place = draw.randrange(len(value))
    other = draw.choice([chr(code) for code in range(1, 0x250) if chr(code) != value[place]])
    return _signed(post, value[:place] + other + value[place + 1 :])


def no_signature(draw: Random, post: Post) -> Post:
    number = post.headers[1]
    others = ((), (number,), ((HEADER, ""), number), (("x-" + HEADER, _value(post)), number))
    return replace(post, headers=draw.choice(others))


def no_event_id(draw: Random, post: Post) -> Post:
    """Without one it could not be told from its own repeat."""
    if not draw.randrange(4):
        return replace(post, headers=post.headers[:1])
    return post.having(
        ID_HEADER, draw.choice(["", " ", "a" * 65, "evt 1", "evt\n1", "evt/1", "évt", "evt\x00", "\uff11"])
    )


def a_header_twice(draw: Random, post: Post) -> Post:
    """Both genuine, or one: which of them counts must not be anybody's guess."""
    name, value = draw.choice(post.headers)
    headers = [*post.headers, (name.title(), draw.choice([value, "0" * 64, "", "evt_2"]))]
    draw.shuffle(headers)
    return replace(post, headers=tuple(headers))


def another_gateways_header(draw: Random, post: Post) -> Post:
    """A true HMAC of ours, under the name or in the form another gateway uses."""
    digest = hmac.new(SECRET.encode(), post.raw, hashlib.sha256)
    moment = f"{post.at}.".encode()
    timed = hmac.new(SECRET.encode(), moment + post.raw, hashlib.sha256).hexdigest()
    name, value = draw.choice(
        [
            ("stripe-signature", f"t={post.at},v1={timed}"),
            ("stripe-signature", digest.hexdigest()),
            ("x-square-hmacsha256-signature", base64.b64encode(digest.digest()).decode()),
            ("bt_signature", f"key|{digest.hexdigest()}"),
            (HEADER, f"t={post.at},v1={timed}"),
            (HEADER, timed),
            (HEADER, base64.b64encode(digest.digest()).decode()),
        ]
    )
    return replace(post, headers=((name, value), post.headers[1]))


def another_form(draw: Random, post: Post) -> Post:
    signed = _value(post)
    forms = (
        signed.upper(), signed[:-1], signed + "0", "0x" + signed, f"sha256={signed}", f" {signed}", f"{signed} ",
        f"{signed},{signed}", f"{signed}\n{signed}", base64.b64encode(bytes.fromhex(signed)).decode(), f"v1={signed}",
    )  # fmt: skip
    return _signed(post, draw.choice([form for form in forms if form != signed]))


def control_characters(draw: Random, post: Post) -> Post:
    """CR, LF, NUL and what looks like a digit or a letter in other scripts."""
    signed = _value(post)
    wide = signed.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
    forms = (
        f"{signed}\r\n{HEADER}: {signed}", f"{signed}\n", f"{signed}\r\n", f"{signed}\x00", f"\x00{signed}",
        f"{signed[:-1]}\N{CYRILLIC SMALL LETTER A}", f"\N{ZERO WIDTH SPACE}{signed}", wide,
    )  # fmt: skip
    return _signed(post, draw.choice([form for form in forms if form != signed]))


# --- signed by somebody else, or about something else ----------------------------------------------------------------


def another_tenants_secret(draw: Random, post: Post) -> Post:
    return genuine(post.raw, at=post.at, secret=OTHER_TENANT)


def no_secret_of_ours(draw: Random, post: Post) -> Post:
    """Nor the key's own secret, which signs callbacks only."""
    return genuine(post.raw, at=post.at, secret=draw.choice([*NO_SECRETS_OF_OURS, KEY_SECRET, KEY]))


def signed_as_it_reads(draw: Random, post: Post) -> Post:
    """Our secret over the same meaning in other bytes: what a check of a parsed and written body would take."""
    event = json.loads(post.raw)
    forms = [json.dumps(event), json.dumps(event, indent=2), json.dumps(event, sort_keys=True, indent=1)]
    return _signed(post, signature(draw.choice(forms).encode()))


def signed_otherwise(draw: Random, post: Post) -> Post:
    key, event_id = SECRET.encode(), post.value(ID_HEADER).encode()
    signed = draw.choice(
        [
            hmac.new(key, event_id + post.raw, hashlib.sha256).hexdigest(),
            hmac.new(key, event_id + b"|" + post.raw, hashlib.sha256).hexdigest(),
            hmac.new(key, post.raw, hashlib.sha512).hexdigest()[:64],
            hmac.new(key, post.raw, hashlib.sha3_256).hexdigest(),
            hmac.new(key, post.raw + b"\n", hashlib.sha256).hexdigest(),
            hmac.new(key, b"", hashlib.sha256).hexdigest(),
            hmac.new(post.raw, key, hashlib.sha256).hexdigest(),
            hashlib.sha256(key + post.raw).hexdigest(),
        ]
    )
    return _signed(post, signed)


def signed_but_no_event(draw: Random, post: Post) -> Post:
    """The secret is ours and the body is nothing to believe."""
    event = json.loads(post.raw)
    kind = draw.randrange(5)
    if kind == 0:
        event["entity"] = draw.choice(["payment", None, "", 7])
    elif kind == 1:
        del event[draw.choice(["entity", "event", "created_at", "payload"])]
    elif kind == 2:
        event["payload"] = draw.choice([None, [], "payment", 7])
    elif kind == 3:
        event["event"] = draw.choice([7, "", None, "x" * 300])
    raw = json.dumps(event).encode()
    if kind == 4:
        raw = draw.choice([b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 9000])
    return genuine(raw, at=post.at)


def believable(raw: bytes, at: int) -> Mapping[str, Post]:
    """The edges of what must be accepted."""
    true = genuine(raw, at=at)
    return {
        "as it comes": true,
        "years later": replace(true, at=at + 10**8),
        "the old secret during the rotation": genuine(raw, at=at, secret=OLD_SECRET),
        "names in capitals": replace(true, headers=tuple((name.upper(), value) for name, value in true.headers)),
        "the id first": replace(true, headers=true.headers[::-1]),
    }


def account(*secrets: str, key_secret: str = KEY_SECRET) -> RazorpayGateway:
    return RazorpayGateway(key_id=KEY, key_secret=key_secret, webhook_secrets=secrets, mode="test")


CRAFT = Craft(
    genuine=genuine,
    forgers=named(
        another_amount, a_digit_of_the_signature_changed, a_letter_of_the_header_changed, no_signature, no_event_id,
        a_header_twice, another_gateways_header, another_form, control_characters, another_tenants_secret,
        no_secret_of_ours, signed_as_it_reads, signed_otherwise, signed_but_no_event,
    ),
    believable=believable,
    account=account,
)  # fmt: skip
