"""The port of who waits for a payment's first answer; storage implements it."""

from contextlib import AbstractContextManager
from typing import Protocol


class PaymentNews(Protocol):
    """Tells who waits for a payment's first answer that it may be on record now."""

    def about(self, payment_id: str) -> AbstractContextManager["Waiting"]:
        """Enter before the news can come."""
        ...


class Waiting(Protocol):
    async def news(self, *, within_seconds: float) -> None:
        """Returns when there is news since the last call, when some may have been lost, or when the time is over."""
        ...
