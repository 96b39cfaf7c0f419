"""The same two books at a gateway where the customer pays in a browser: lives that agree, and what differs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from stack.assembly import Stack
from tests.safety.books import Books

AMOUNT = 49_900
GATEWAY = {"gateway": "razorpay", "currency": "INR", "payment_method_type": "upi"}


@dataclass(frozen=True)
class Rupees:
    books: Books
    http: httpx2.Client  # the account's own key at the gateway

    # --- payments that agree -----------------------------------------------------------------------------------------

    def healthy(self, rounds: int = 1) -> list[str]:
        """`rounds` of each kind of life, each settled as far as it goes, and paid out; their ids."""
        lives: tuple[Callable[[], str], ...] = (
            self.captured, self.captured, self.held, self.captured_later, self.refunded_in_part, self.refund_pending,
            self.refund_failed, self.disputed, self.lapsed, self.paid_at_the_second_try, self.paid_twice_but_once_kept,
            self.asked, self.canceled,
        )  # fmt: skip
        with ThreadPoolExecutor(4) as threads:
            made = [threads.submit(live) for _ in range(rounds) for live in lives]
            ids = [life.result() for life in made]
        self.paid_out()
        return ids

    def asked(self, **fields: Any) -> str:
        answer = self.books.merchant.post("/v1/payments", {"amount": AMOUNT, **GATEWAY, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def captured(self) -> str:
        return self._paid(self.asked(), "captured")

    def held(self) -> str:
        return self._paid(self.asked(capture_method="manual"), "authorized")

    def captured_later(self) -> str:
        return self.books.order(self.held(), "capture", {}, lambda p: p["status"] == "captured")

    def refund_pending(self) -> str:
        return self.books.order(
            self.captured(), "refunds", {"amount": 999}, lambda p: p["amounts"]["refund_pending"] == 999
        )

    def refunded_in_part(self) -> str:
        return self.decided_refund(self.refund_pending(), "processed")

    def refund_failed(self) -> str:
        return self.decided_refund(self.refund_pending(), "failed")

    def disputed(self) -> str:
        payment_id = self.captured()
        self.lost_dispute(payment_id)
        self.books.merchant.until(payment_id, lambda p: [d["status"] for d in p["disputes"]] == ["lost"])
        return payment_id

    def lapsed(self) -> str:
        """Given back by the gateway, because nobody captured it: its list has a refund of what was never taken."""
        payment_id = self.held()
        self.books.referee.post(f"/payments/{self.charge(payment_id)}/expire")
        self.books.merchant.until(payment_id, lambda p: p["status"] == "expired")
        return payment_id

    def paid_at_the_second_try(self) -> str:
        payment_id = self.asked()
        self.pays(self.order_of(payment_id), outcome="failure")
        return self._paid(payment_id, "captured")

    def paid_twice_but_once_kept(self) -> str:
        """A bank says yes to a first try after the second was captured; the gateway gives the first one back."""
        payment_id = self.asked()
        order = self.order_of(payment_id)
        first = self.pays(order, outcome=None)
        self.pays(order)
        self.books.merchant.settles(payment_id, "captured")
        self.books.referee.post(f"/payments/{first}/authenticate", {"result": "approve"})
        self.books.referee.post(f"/payments/{first}/expire")
        return payment_id

    def canceled(self) -> str:
        return self.books.order(self.asked(), "cancel", {}, lambda p: p["status"] == "canceled")

    # --- what is done at the gateway without us ----------------------------------------------------------------------

    def charged_by_hand(self, notes: dict[str, str], *, currency: str = "INR") -> str:
        """Somebody's program sells something through the same account; the charge's id."""
        asked = {"amount": AMOUNT, "currency": currency, "payment_capture": True, "notes": notes}
        return self.pays(self._post("/v1/orders", asked)["id"])

    def with_our_reference(self, payment_id: str, *, currency: str = "INR") -> str:
        notes = {"payment_id": payment_id, "operation": "1", "reference": f"{payment_id}-1"}
        return self.charged_by_hand(notes, currency=currency)

    def captured_by_hand(self, payment_id: str) -> None:
        path = f"/v1/payments/{self.charge(payment_id)}/capture"
        self._post(path, {"amount": AMOUNT, "currency": "INR"})

    def refunded_by_hand(self, payment_id: str, amount: int = 500) -> str:
        asked = {"amount": amount, "speed": "optimum"}  # at once
        return str(self._post(f"/v1/payments/{self.charge(payment_id)}/refund", asked)["id"])

    def lost_dispute(self, payment_id: str) -> str:
        dispute = str(self.books.referee.post("/disputes", {"charge": self.charge(payment_id)})["id"])
        self.books.referee.post(f"/disputes/{dispute}/decide", {"outcome": "lost"})
        return dispute

    def falsify(self, payment_id: str, **statement: Any) -> None:
        assert self.books.referee.post(f"/statement/{self.charge(payment_id)}", statement)["lines"] == 1

    def paid_out(self) -> None:
        self.books.referee.post("/razorpay/settle")

    # --- looking -----------------------------------------------------------------------------------------------------

    def charge(self, payment_id: str) -> str:
        return self.books.referee.intent(payment_id)

    def refund_reference(self, payment_id: str) -> str:
        """The gateway's id of the payment's newest refund."""
        shown = self.http.get(f"/v1/payments/{self.charge(payment_id)}/refunds").raise_for_status().json()
        return str(shown["items"][0]["id"])

    def order_of(self, payment_id: str) -> str:
        return str(self.books.merchant.payment(payment_id)["next_action"]["data"]["order_id"])

    def pays(self, order: str, *, outcome: str | None = "success") -> str:
        """What the customer does at Checkout; the charge's id."""
        asked = {"method": "card", "outcome": outcome}
        return str(self.books.referee.post(f"/razorpay/orders/{order}/pay", asked)["payment"]["id"])

    def _paid(self, payment_id: str, status: str) -> str:
        self.pays(self.order_of(payment_id))
        self.books.merchant.settles(payment_id, status)
        return payment_id

    def decided_refund(self, payment_id: str, outcome: str) -> str:
        """Its bank says what becomes of the payment's newest refund, and we hear of it."""
        refund = self.refund_reference(payment_id)
        self.books.referee.post(f"/razorpay/refunds/{refund}/decide", {"outcome": outcome})
        self.books.merchant.until(payment_id, lambda p: p["amounts"]["refund_pending"] == 0)
        return payment_id

    def _post(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(path, json=told)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


Planted = dict[tuple[str, str], str]


def planted(rupees: Rupees) -> Planted:
    """Payments are made while webhooks come; then all are lost, and the books are made to differ."""
    people, tail = ForPeople.made(rupees), LostTail.made(rupees)
    held, captured, disputed, both = rupees.held(), rupees.captured(), rupees.captured(), rupees.refunded_in_part()
    rupees.books.quiet()
    with rupees.books.all_webhooks_lost():
        rupees.captured_by_hand(held)
        subjects = [held, rupees.refunded_by_hand(captured), rupees.lost_dispute(disputed)]
        subjects.append(rupees.refunded_by_hand(both, 1_500))
        provable = {(subject, "state_differs"): "repaired" for subject in subjects}
        return {**provable, **people.plant(rupees), **tail.plant(rupees)}


@dataclass(frozen=True)
class ForPeople:
    """What no look at the gateway can settle; the wrong payout is seen once it was made. Each ends as a case."""

    ended: str
    foreign: str
    twice: str
    gone: str
    short: str

    @classmethod
    def made(cls, rupees: Rupees) -> "ForPeople":
        return cls(rupees.canceled(), rupees.canceled(), rupees.captured(), rupees.captured(), rupees.captured())

    def plant(self, rupees: Rupees) -> Planted:
        rupees.with_our_reference(self.ended)
        rupees.with_our_reference(self.foreign, currency="USD")
        second = rupees.with_our_reference(self.twice)
        by_hand = rupees.charged_by_hand({})
        rupees.falsify(self.gone, hidden=True)
        rupees.falsify(self.short, amount=AMOUNT - 1_000)
        rupees.paid_out()
        found = {
            self.ended: "missing_here", self.foreign: "currency_differs", second: "duplicate",
            by_hand: "unknown_reference", self.gone: "missing_there", self.short: "amount_differs",
        }  # fmt: skip
        return dict.fromkeys(found.items(), "case")


@dataclass(frozen=True)
class LostTail:
    """PostgreSQL comes back from an earlier moment: a capture, a refund and a whole payment are gone here."""

    held: dict[str, Any]  # as they are remembered
    captured: dict[str, Any]
    refund: str
    lost: str

    @classmethod
    def made(cls, rupees: Rupees) -> "LostTail":
        books, held, captured = rupees.books, rupees.held(), rupees.captured()
        before_capture, before_refund = books.remember(held), books.remember(captured)
        books.order(held, "capture", {}, lambda p: p["status"] == "captured")
        books.order(captured, "refunds", {"amount": 800}, lambda p: p["amounts"]["refund_pending"] == 800)
        refund = rupees.refund_reference(captured)
        rupees.decided_refund(captured, "processed")
        return cls(before_capture, before_refund, refund, rupees.captured())

    def plant(self, rupees: Rupees) -> Planted:
        charge = rupees.charge(self.lost)
        rupees.books.forget_since(self.held, operations=1)
        rupees.books.forget_since(self.captured, operations=1)
        rupees.books.forget(self.lost)
        return {
            (str(self.held["id"]), "state_differs"): "repaired",
            (self.refund, "state_differs"): "repaired",
            (charge, "missing_here"): "case",
        }


@contextmanager
def opened(stack: Stack, books: Books) -> Iterator[Rupees]:
    given = stack.settings.razorpay
    secret = given.key_secret.get_secret_value() if given.key_secret else ""
    with httpx2.Client(base_url=stack.razorpay_url, auth=(given.key_id or "", secret), timeout=30) as client:
        yield Rupees(books, client)
