"""Finds card numbers (PANs) where none may be: pure, over text, parsed JSON and raw bytes.

A card number is 13 to 19 digits, alone or grouped by single spaces or dashes, that begins as a card brand's numbers do
at that length and passes the check digit. Numbers glued to letters (ids, digests), fractions, UUIDs and telephone
numbers written with a plus pass, and so do timestamps and most order numbers.
"""

import re
from collections.abc import Iterator

_SEPARATOR = "[ \\-\u00a0\u2010-\u2015\u2212]"
_RUN = re.compile(rf"(?<![0-9A-Za-z])(?<!\d\.)\d(?:{_SEPARATOR}?\d){{12,}}(?![0-9A-Za-z])")
_RUN_BYTES = re.compile(rb"(?<![0-9A-Za-z])(?<!\d\.)\d(?:[ -]?\d){12,}(?![0-9A-Za-z])")
_MAYBE = re.compile(rb"\d(?:[ -]?\d){12}")
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z])", re.IGNORECASE)
_GROUP = re.compile(r"\d+")

_PHONE_DIGITS = 15
"""E.164: no telephone number is longer."""

_BRANDS: tuple[tuple[range, range], ...] = (
    # first four digits, lengths; from the brands' published number ranges
    (range(4000, 5000), range(13, 20)),  # Visa
    (range(5100, 5600), range(16, 17)),  # Mastercard
    (range(2221, 2721), range(16, 17)),  # Mastercard
    (range(3400, 3500), range(15, 16)),  # American Express
    (range(3700, 3800), range(15, 16)),  # American Express
    (range(3000, 3060), range(14, 20)),  # Diners Club
    (range(3600, 3700), range(14, 20)),  # Diners Club
    (range(3800, 4000), range(14, 20)),  # Diners Club
    (range(3528, 3590), range(16, 20)),  # JCB
    (range(6011, 6012), range(16, 20)),  # Discover
    (range(6440, 6600), range(16, 20)),  # Discover, RuPay
    (range(6200, 6300), range(16, 20)),  # UnionPay
    (range(5000, 5100), range(13, 20)),  # Maestro, Elo, RuPay
    (range(5600, 5900), range(13, 20)),  # Maestro
    (range(6000, 6100), range(16, 20)),  # RuPay, Hipercard
    (range(6304, 6305), range(13, 20)),  # Maestro
    (range(6370, 6400), range(13, 20)),  # InstaPayment, Maestro
    (range(6700, 6800), range(13, 20)),  # Maestro
    (range(8100, 8300), range(16, 20)),  # UnionPay, RuPay
    (range(2200, 2205), range(16, 20)),  # Mir
)


def card_field(value: object, path: str = "") -> str | None:
    """The dotted path of the first string, key or integer in parsed JSON that holds a card number; None if none does.

    A key that is a card number is named by its parent, so that the number itself is never repeated.
    """
    if isinstance(value, str):
        return path if holds_card(value) else None
    if isinstance(value, dict):
        for key, inner in value.items():
            found = path or "body" if holds_card(str(key)) else card_field(inner, f"{path}.{key}" if path else str(key))
            if found:
                return found
        return None
    if isinstance(value, list):
        return next((found for i, inner in enumerate(value) if (found := card_field(inner, f"{path}.{i}"))), None)
    if isinstance(value, int) and not isinstance(value, bool):
        return path if holds_card(str(value)) else None
    return None


def suspicious(raw: bytes) -> bool:
    """Whether JSON bytes may hold a card number, so that parsing and looking is worth it. Escapes hide digits."""
    return b"\\u" in raw or not raw.isascii() or _MAYBE.search(raw) is not None


def holds_card(text: str) -> bool:
    if len(text) < 13:
        return False
    plain = _UUID.sub("", text)
    return any(_cards(run.group(), phone=plain[: run.start()].endswith("+")) for run in _RUN.finditer(plain))


def redact(raw: bytes) -> bytes:
    """The bytes with every digit of a card number turned into a 9, which keeps JSON well formed."""
    return _RUN_BYTES.sub(_hidden, raw) if _MAYBE.search(raw) else raw


def _hidden(run: re.Match[bytes]) -> bytes:
    text = run.group().decode("ascii")
    for start, end in _cards(text, phone=False):
        text = text[:start] + _GROUP.sub(lambda group: "9" * len(group.group()), text[start:end]) + text[end:]
    return text.encode("ascii")


def _cards(run: str, *, phone: bool) -> list[tuple[int, int]]:
    """Where card numbers stand in a run of digit groups: they begin and end with a group."""
    groups = [group.span() for group in _GROUP.finditer(run)]
    if phone and sum(end - start for start, end in groups) <= _PHONE_DIGITS:
        return []
    return [(start, end) for start, end in _windows(groups) if _is_card(_digits(run[start:end]))]


def _windows(groups: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for first, (start, _) in enumerate(groups):
        count = 0
        for group_start, end in groups[first:]:
            count += end - group_start
            if count > 19:
                break
            if count >= 13:
                yield start, end


def _digits(text: str) -> list[int]:
    return [int(character) for character in text if character.isdigit()]


def _is_card(digits: list[int]) -> bool:
    first = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]
    return any(first in numbers and len(digits) in lengths for numbers, lengths in _BRANDS) and _passes_luhn(digits)


def _passes_luhn(digits: list[int]) -> bool:
    """The check digit of ISO/IEC 7812-1 annex B."""
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
