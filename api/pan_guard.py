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

_FIRST_DIGITS = frozenset(numbers[0] // 1000 for numbers, _ in _BRANDS)
_NO_BRAND: frozenset[int] = frozenset()
_LONGEST = 19
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


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
    runs = ((run.group(), plain[: run.start()].endswith("+")) for run in _RUN.finditer(plain))
    return any(True for run, phone in runs for _ in _cards(run, phone=phone))


def redact(raw: bytes) -> bytes:
    """The bytes with every digit of a card number turned into a 9, which keeps JSON well formed."""
    return _RUN_BYTES.sub(_hidden, raw) if _MAYBE.search(raw) else raw


def _hidden(run: re.Match[bytes]) -> bytes:
    text = run.group().decode("ascii")
    hidden = list(text)
    for start, end in _cards(text, phone=False):
        hidden[start:end] = [character if character in " -" else "9" for character in text[start:end]]
    return "".join(hidden).encode("ascii")


def _cards(run: str, *, phone: bool) -> Iterator[tuple[int, int]]:
    """Where card numbers stand in a run of digit groups: they begin and end with a group."""
    groups = [group.span() for group in _GROUP.finditer(run)]
    digits = [int(character) for character in run if character.isdigit()]
    if phone and len(digits) <= _PHONE_DIGITS:
        return
    for first, last, start, end in _windows([end - start for start, end in groups], digits):
        if _passes_luhn(digits, start, end):
            yield groups[first][0], groups[last][1]


def _windows(sizes: list[int], digits: list[int]) -> Iterator[tuple[int, int, int, int]]:
    """First and last group, and first and past-last digit, of every stretch as long as its brand's numbers are."""
    start = 0
    for first, size in enumerate(sizes):
        lengths = _lengths(digits[start : start + 4])
        end, last = start, first
        while lengths and last < len(sizes) and end - start <= _LONGEST:
            end += sizes[last]
            if end - start in lengths:
                yield first, last, start, end
            last += 1
        start += size


def _lengths(first_digits: list[int]) -> frozenset[int]:
    """How long the numbers of the brand are that begin like this; of no brand, none."""
    if len(first_digits) < 4 or first_digits[0] not in _FIRST_DIGITS:
        return _NO_BRAND
    first = first_digits[0] * 1000 + first_digits[1] * 100 + first_digits[2] * 10 + first_digits[3]
    return frozenset(length for numbers, lengths in _BRANDS if first in numbers for length in lengths)


def _passes_luhn(digits: list[int], start: int, end: int) -> bool:
    """The check digit of ISO/IEC 7812-1 annex B: every second digit from the right counts double, nines cast out."""
    doubled = sum(_DOUBLED[digit] for digit in digits[end - 2 : start - 1 if start else None : -2])
    return (sum(digits[end - 1 : start - 1 if start else None : -2]) + doubled) % 10 == 0
