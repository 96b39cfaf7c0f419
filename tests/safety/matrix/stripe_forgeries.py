"""Stripe's webhooks forged: HMAC-SHA256 over `<second>.<raw body>`, in a header that names the second, for 300 s."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from gateways.stripe.adapter import StripeGateway
from tests.safety.matrix.forgeries import (
    NO_SECRETS_OF_OURS,
    OLD_SECRET,
    OTHER_TENANT,
    REVOKED_SECRET,
    SECRET,
    Craft,
    Post,
    named,
)

HEADER = "stripe-signature"
WINDOW_SECONDS = 300


def signature(raw: bytes, *, at: object, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()


def genuine(raw: bytes, *, at: int, secret: str = SECRET, signed_at: int | None = None) -> Post:
    """`signed_at` elsewhere in time than it arrives."""
    moment = at if signed_at is None else signed_at
    return _with(Post((), raw, at), f"t={moment},v1={signature(raw, at=moment, secret=secret)}")


def _with(post: Post, value: str, *, name: str = HEADER) -> Post:
    return replace(post, headers=((name, value),))


def _value(post: Post) -> str:
    return post.headers[0][1]


def another_amount(draw: Random, post: Post) -> Post:
    """What a forger would really want, with a well-formed body."""
    event = json.loads(post.raw)
    event["data"]["object"]["amount"] = draw.randrange(10**9)
    return replace(post, raw=json.dumps(event).encode())


# --- the header ------------------------------------------------------------------------------------------------------


def a_digit_of_the_signature_changed(draw: Random, post: Post) -> Post:
    value = _value(post)
    place = draw.randrange(len(value) - 64, len(value))
    other = draw.choice([digit for digit in "0123456789abcdef" if digit != value[place]])
    return _with(post, value[:place] + other + value[place + 1 :])


def a_letter_of_the_header_changed(draw: Random, post: Post) -> Post:
    """Any place but into a space, which may stand around the parts."""
    value = _value(post)
    place = draw.randrange(len(value))
    other = draw.choice([chr(code) for code in range(1, 0x250) if code != 32 and chr(code) != value[place]])
    return _with(post, value[:place] + other + value[place + 1 :])


def another_second(draw: Random, post: Post) -> Post:
    """The window is kept, the signed moment is not."""
    moved = post.at + draw.choice([second for second in range(-299, 300) if second])
    return _with(post, _value(post).replace(f"t={post.at}", f"t={moved}"))


def no_header(draw: Random, post: Post) -> Post:
    others = ((), (("content-type", "application/json"),), ((HEADER, ""),), (("x-" + HEADER, _value(post)),))
    return replace(post, headers=draw.choice(others))


def the_header_twice(draw: Random, post: Post) -> Post:
    """Both genuine, or one: which of them counts must not be anybody's guess."""
    other = draw.choice([_value(post), f"t={post.at},v1={'0' * 64}", "", "v1=" + "a" * 64])
    pair = [post.headers[0], (HEADER.title(), other)]
    draw.shuffle(pair)
    return replace(post, headers=tuple(pair))


def another_gateways_header(draw: Random, post: Post) -> Post:
    """A true HMAC of ours, under the name or in the form another gateway uses."""
    digest = hmac.new(SECRET.encode(), post.raw, hashlib.sha256)
    name, value = draw.choice(
        [
            ("x-razorpay-signature", digest.hexdigest()),
            ("x-square-hmacsha256-signature", base64.b64encode(digest.digest()).decode()),
            ("paypal-transmission-sig", base64.b64encode(digest.digest()).decode()),
            ("bt_signature", f"key|{digest.hexdigest()}"),
            (HEADER, digest.hexdigest()),
            (HEADER, base64.b64encode(digest.digest()).decode()),
        ]
    )
    return _with(post, value, name=name)


def another_scheme(draw: Random, post: Post) -> Post:
    moment, _, signed = _value(post).partition(",v1=")
    forms = (
        f"{moment},v0={signed}",
        f"{moment},v1={signed.upper()}",
        f"{moment},v1={signed[:-1]}",
        f"{moment},v1={signed}0",
        f"{moment},v1={base64.b64encode(bytes.fromhex(signed)).decode()}",
        f"{moment};v1={signed}",
        f"v1={signed}",
        moment,
    )
    upper_is_same = signed.upper() == signed
    return _with(post, draw.choice([form for form in forms if not (upper_is_same and "v1=" + signed.upper() in form)]))


def two_seconds_signed(draw: Random, post: Post) -> Post:
    other = post.at + draw.randrange(-200, 200)
    return _with(post, draw.choice([f"t={other},{_value(post)}", f"{_value(post)},t={other}"]))


def two_wrong_signatures(draw: Random, post: Post) -> Post:
    wrong = [signature(post.raw, at=post.at, secret=other) for other in (OTHER_TENANT, REVOKED_SECRET)]
    return _with(post, f"t={post.at},v1={wrong[0]},v1={wrong[1]}")


def control_characters(draw: Random, post: Post) -> Post:
    """CR, LF, NUL and what looks like a digit or a letter in other scripts."""
    moment, _, signed = _value(post).partition(",v1=")
    wide = str(post.at).translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)})
    forms = (
        f"{moment}\r\n{HEADER}: {_value(post)},v1={signed}",
        f"{moment},v1={signed}\r\n",
        f"{moment},v1={signed}\x00",
        f"{moment}\n,v1={signed}",
        f"t={wide},v1={signed}",
        f"{moment},v1={signed[:-1]}\N{CYRILLIC SMALL LETTER A}",
        f"\N{ZERO WIDTH SPACE}{moment},v1={signed}",
        f"{moment},v\N{SUPERSCRIPT ONE}={signed}",
    )
    return _with(post, draw.choice(forms))


# --- signed by somebody else, at another time, or about something else -----------------------------------------------


def another_tenants_secret(draw: Random, post: Post) -> Post:
    return genuine(post.raw, at=post.at, secret=OTHER_TENANT)


def no_secret_of_ours(draw: Random, post: Post) -> Post:
    return genuine(post.raw, at=post.at, secret=draw.choice([*NO_SECRETS_OF_OURS, "sk_test_alice"]))


def signed_otherwise(draw: Random, post: Post) -> Post:
    """Our secret, but not over `<moment>.<body>` with SHA-256."""
    key, moment = SECRET.encode(), str(post.at).encode()
    signed = draw.choice(
        [
            hmac.new(key, post.raw, hashlib.sha256).hexdigest(),
            hmac.new(key, moment + post.raw, hashlib.sha256).hexdigest(),
            hmac.new(key, post.raw + b"." + moment, hashlib.sha256).hexdigest(),
            hmac.new(key, moment + b"." + post.raw, hashlib.sha512).hexdigest()[:64],
            hmac.new(key, moment + b".", hashlib.sha256).hexdigest(),
            hashlib.sha256(key + moment + b"." + post.raw).hexdigest(),
        ]
    )
    return _with(post, f"t={post.at},v1={signed}")


def too_old(draw: Random, post: Post) -> Post:
    age = draw.choice([WINDOW_SECONDS + 1, 302, 600, 3_600, 86_400, draw.randrange(301, 10**6)])
    return genuine(post.raw, at=post.at, signed_at=post.at - age)


def from_the_future(draw: Random, post: Post) -> Post:
    ahead = draw.choice([WINDOW_SECONDS + 1, 302, 600, 3_600, 86_400, draw.randrange(301, 10**6)])
    return genuine(post.raw, at=post.at, signed_at=post.at + ahead)


def no_moment_in_time(draw: Random, post: Post) -> Post:
    moment = draw.choice(["", "-1", "0", "1e9", "nan", "0x10", str(post.at) + ".0", "9" * 30, f"+{post.at}"])
    return _with(post, f"t={moment},v1={signature(post.raw, at=moment)}")


def signed_but_no_event_of_ours(draw: Random, post: Post) -> Post:
    """The secret is ours and the body is nothing to believe: another mode, thin, broken, or without its parts."""
    event = json.loads(post.raw)
    kind = draw.randrange(6)
    if kind == 0:
        event["livemode"] = True
    elif kind == 1:
        event["object"] = "v2.core.event"
    elif kind == 2:
        del event[draw.choice(["id", "type", "created", "data", "livemode"])]
    elif kind == 3:
        event["data"] = draw.choice([None, [], {"object": None}, {"object": "pi_1"}])
    elif kind == 4:
        event[draw.choice(["id", "type"])] = draw.choice([7, "", None, "x" * 300])
    raw = json.dumps(event).encode() if kind < 5 else draw.choice([b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 9000])
    return genuine(raw, at=post.at)


def believable(raw: bytes, at: int) -> Mapping[str, Post]:
    """The edges of what must be accepted."""
    true = genuine(raw, at=at)
    wrong = signature(raw, at=at, secret=OTHER_TENANT)
    edges = {f"{seconds:+} s": genuine(raw, at=at, signed_at=at + seconds) for seconds in (-300, -299, 0, 299, 300)}
    return edges | {
        "the old secret during the rotation": genuine(raw, at=at, secret=OLD_SECRET),
        "the second of two signatures": _with(true, f"t={at},v1={wrong},v1={signature(raw, at=at)}"),
        "the third, after another scheme": _with(true, f"t={at},v0={wrong},v1={wrong},v1={signature(raw, at=at)}"),
        "a name in capitals": _with(true, _value(true), name=HEADER.upper()),
        "spaces around the parts": _with(true, _value(true).replace(",", ", ")),
    }


def account(*secrets: str) -> StripeGateway:
    return StripeGateway(secret_key="sk_test_forgeries", webhook_secrets=secrets, mode="test")


CRAFT = Craft(
    genuine=genuine,
    forgers=named(
        another_amount, a_digit_of_the_signature_changed, a_letter_of_the_header_changed, another_second, no_header,
        the_header_twice, another_gateways_header, another_scheme, two_seconds_signed, two_wrong_signatures,
        control_characters, another_tenants_secret, no_secret_of_ours, signed_otherwise, too_old, from_the_future,
        no_moment_in_time, signed_but_no_event_of_ours,
    ),
    believable=believable,
    account=account,
)  # fmt: skip
