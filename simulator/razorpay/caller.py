"""Who calls: HTTP Basic with key id and secret. The first use of a test key fixes its secret; each is an account."""

import base64
import hashlib
import hmac
import re

from simulator.book import Book
from simulator.razorpay.errors import unauthorized
from simulator.records import Record, Records
from simulator.wire import WireRequest

ACCOUNT = "account"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def account_of(book: Book, records: Records, request: WireRequest, *, now: float) -> str:
    """The account of the key, made at its first use. Raises RazorpayError 401 for a bad key or secret."""
    key_id, secret = _credentials(request.headers.get("authorization", ""))
    account = account_of_key(key_id)
    known = records.find(account)
    if known is None:
        body = {"id": account, "key_id": key_id}
        new = Record(account, ACCOUNT, account, now, body, {"secret": secret}, book.next_sequence())
        with book.transaction():
            records.write([new], [], [])
    elif not hmac.compare_digest(known.private["secret"].encode(), secret.encode()):
        raise unauthorized()
    return account


def accounts(book: Book) -> list[str]:
    """Every account that ever called."""
    return [row["id"] for row in book.rows("SELECT id FROM records WHERE wire = 'razorpay' AND kind = ?", (ACCOUNT,))]


def account_of_key(key_id: str) -> str:
    digest = hashlib.sha256(key_id.encode()).digest()
    return "acc_" + "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:14])


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        decoded = ""
    key_id, _, secret = decoded.partition(":")
    if key_id.startswith("rzp_live_"):
        raise unauthorized("The simulator moves no real money and takes test keys only (rzp_test_...)")
    if not re.fullmatch(r"rzp_test_[A-Za-z0-9_]{3,60}", key_id) or not secret:
        raise unauthorized()
    return key_id, secret
