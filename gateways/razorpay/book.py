"""Razorpay's own book, page by page: what was made in a window at once, what was paid out in it days later.

Lists are newest first and counted by `skip`: an object made meanwhile shifts the rest onto the next page, so that one
may be read twice and none is missed.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from domain.errors import InvalidInput
from domain.gateway import Movement, MovementPage
from gateways.razorpay.movements import of_dispute, of_payment, of_refund, of_row

Json = dict[str, Any]
Read = Callable[[str, Json], Json]
"""GET a path with parameters. Raises InvalidInput when refused, GatewayError when it may be asked again."""

LISTS: Mapping[str, Callable[[Json], Sequence[Movement]]] = {
    "payments": of_payment,
    "refunds": of_refund,
    "disputes": of_dispute,
}
PAGE_SIZE = 100
REPORT = "/settlements/recon/combined"
REPORT_PAGE_SIZE = 1000
"""The most Razorpay gives at once."""

INDIA = timezone(timedelta(hours=5, minutes=30))
"""Whose calendar the report goes by."""


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until). Objects carry whole seconds, the report whole days."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> tuple[int, int]:
        """The first and the last of its whole seconds; the last comes before the first where it has none."""
        return math.ceil(self.since.timestamp()), math.ceil(self.until.timestamp()) - 1

    @property
    def first_day(self) -> date:
        return self.since.astimezone(INDIA).date()

    @property
    def last_day(self) -> date:
        return self.until.astimezone(INDIA).date()


@dataclass(frozen=True, slots=True)
class Place:
    """A list, or a day of the report, and how much of it was read: `refunds+100`, `2026-11-21+0`."""

    name: str
    skip: int = 0

    @classmethod
    def read(cls, text: str | None, window: Window) -> "Place":
        """Where the text says, else the beginning. Raises InvalidInput for a text that is not ours."""
        first, last = window.seconds
        if not text:
            return cls(next(iter(LISTS)) if first <= last else window.first_day.isoformat())
        name, _, skip = text.partition("+")
        try:
            return cls(name if name in LISTS else date.fromisoformat(name).isoformat(), int(skip))
        except ValueError:
            raise InvalidInput("cursor", "must be the `next_cursor` of the page before") from None

    @property
    def is_list(self) -> bool:
        return self.name in LISTS

    def after(self, window: Window) -> "Place | None":
        """Where the next list or day begins; None after the window's last day."""
        if self.is_list:
            names = [*LISTS, window.first_day.isoformat()]
            return Place(names[names.index(self.name) + 1])
        tomorrow = date.fromisoformat(self.name) + timedelta(days=1)
        return Place(tomorrow.isoformat()) if tomorrow <= window.last_day else None

    def __str__(self) -> str:
        return f"{self.name}+{self.skip}"


class Book:
    """What the account's lists and its report say, and what the objects themselves say now."""

    def __init__(self, read: Read, *, page_size: int = PAGE_SIZE, report_page_size: int = REPORT_PAGE_SIZE) -> None:
        self._read = read
        self._page_size = page_size
        self._report_page_size = report_page_size

    def page(self, *, since: datetime, until: datetime, cursor: str | None) -> MovementPage:
        window = Window(since, until)
        place = Place.read(cursor, window)
        size = self._page_size if place.is_list else self._report_page_size
        path, query = _question(place, window)
        items = self._read(path, {**query, "count": size, "skip": place.skip})["items"]
        following = Place(place.name, place.skip + size) if len(items) == size else place.after(window)
        read = LISTS.get(place.name, of_row)
        found = (line for item in items for line in read(item))
        return MovementPage(
            movements=tuple(line for line in found if since <= line.occurred_at < until),
            next_cursor=str(following) if following else None,
        )

    def of_objects(self, references: Mapping[str, str], dispute_references: Iterable[str]) -> Sequence[Movement]:
        """The lines of an order's payments, or of one payment, of their refunds and of these disputes."""
        found: list[Movement] = []
        for payment in self._payments(references):
            taken = of_payment(payment)
            found += taken
            for refund in self._refunds(payment["id"]) if taken else ():
                found += of_refund(refund)
        for reference in dispute_references:
            for dispute in self._seen(f"/disputes/{reference}"):
                found += of_dispute(dispute)
        return found

    def _payments(self, references: Mapping[str, str]) -> Iterator[Json]:
        if order := references.get("order"):
            for body in self._seen(f"/orders/{order}/payments"):
                yield from body["items"]
        elif payment := references.get("payment"):
            yield from self._seen(f"/payments/{payment}")

    def _refunds(self, payment_id: str) -> Iterator[Json]:
        skip = 0
        while True:
            page = self._read(f"/payments/{payment_id}/refunds", {"count": self._page_size, "skip": skip})["items"]
            yield from page
            skip += len(page)
            if len(page) < self._page_size:
                return

    def _seen(self, path: str) -> list[Json]:
        """The object, or nothing where Razorpay refuses to show it: then what was read before stands."""
        try:
            return [self._read(path, {})]
        except InvalidInput:
            return []


def _question(place: Place, window: Window) -> tuple[str, Json]:
    if place.is_list:
        first, last = window.seconds
        return f"/{place.name}", {"from": first, "to": last}
    day = date.fromisoformat(place.name)
    return REPORT, {"year": day.year, "month": day.month, "day": day.day}
