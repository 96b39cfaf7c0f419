"""Two books to compare: payments of every kind that agree, and every way they can be made to differ."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from stack.assembly import Stack
from tests.client import Merchant, Referee, eventually

RETURN = "https://shop.example/back"
TAIL = (
    "ledger_postings", "ledger_transactions", "outbox_events", "looks", "attempts", "refunds", "operations", "payments",
)  # fmt: skip
AMOUNT = 4999


@dataclass(frozen=True)
class Books:
    stack: Stack
    merchant: Merchant
    referee: Referee

    # --- payments that agree -----------------------------------------------------------------------------------------

    def healthy(self, rounds: int = 3) -> list[str]:
        """`rounds` of each kind of life, each settled as far as it goes; their ids."""
        lives: tuple[Callable[[], str], ...] = (
            self.captured, self.captured, self.captured, self.held, self.captured_later, self.captured_in_part,
            self.refunded_in_part, self.refunded, self.refund_pending, self.refund_failed, self.disputed, self.asked,
            self.declined, self.canceled, self.authenticated, lambda: self.captured("JPY", 500),
        )  # fmt: skip
        with ThreadPoolExecutor(8) as threads:
            made = [threads.submit(live) for _ in range(rounds) for live in lives]
            return [life.result() for life in made]

    def captured(self, currency: str = "EUR", amount: int = AMOUNT) -> str:
        return self._pay("captured", currency=currency, amount=amount)

    def held(self) -> str:
        return self._pay("authorized", capture_method="manual")

    def captured_later(self) -> str:
        return self.order(self.held(), "capture", {}, lambda p: p["status"] == "captured")

    def captured_in_part(self) -> str:
        return self.order(self.held(), "capture", {"amount": 2000}, lambda p: p["status"] == "captured")

    def refunded_in_part(self) -> str:
        return self.order(self.captured(), "refunds", {"amount": 999}, lambda p: p["amounts"]["refunded"] == 999)

    def refunded(self) -> str:
        return self.order(self.captured(), "refunds", {}, lambda p: p["amounts"]["refunded"] == AMOUNT)

    def refund_pending(self) -> str:
        payment_id = self._pay("captured", "pm_card_pendingRefund")
        return self.order(payment_id, "refunds", {"amount": 700}, lambda p: p["amounts"]["refund_pending"] == 700)

    def refund_failed(self) -> str:
        payment_id = self._pay("captured", "pm_card_refundFail")
        return self.order(payment_id, "refunds", {}, lambda p: p["refunds"][0]["status"] == "failed")

    def disputed(self) -> str:
        payment_id = self._pay("captured", "pm_card_createDispute")
        self.merchant.until(payment_id, lambda p: p["amounts"]["disputed"] == AMOUNT)
        return payment_id

    def asked(self) -> str:
        return self._pay("requires_action", "pm_card_authenticationRequired", return_url=RETURN)

    def declined(self) -> str:
        return self._pay("failed", "pm_card_chargeDeclined")

    def canceled(self) -> str:
        return self.order(self.held(), "cancel", {}, lambda p: p["status"] == "canceled")

    def authenticated(self) -> str:
        payment = self.merchant.pay("pm_card_authenticationRequired", return_url=RETURN).json()
        intent = next(p for p in payment["next_action"]["url"].replace("?", "/").split("/") if p.startswith("pi_"))
        self.referee.post(f"/payments/{intent}/authenticate", {"result": "approve"})
        self.merchant.settles(payment["id"], "captured")
        return str(payment["id"])

    # --- what is done at the gateway without us ----------------------------------------------------------------------

    def charged_by_hand(self, metadata: dict[str, str], *, currency: str = "eur") -> str:
        """Somebody's program, or a person, charges a card at the gateway; the intent's id."""
        told: dict[str, str] = {
            "amount": str(AMOUNT),
            "currency": currency,
            "confirm": "true",
            "payment_method": "pm_card_visa",
        }
        marked = {f"metadata[{name}]": value for name, value in metadata.items()}
        options: dict[str, str] = {"capture_method": "automatic", "payment_method_types[]": "card"}
        return str(self._stripe("/v1/payment_intents", told | marked | options)["id"])

    def with_our_reference(self, payment_id: str, *, currency: str = "eur") -> str:
        metadata = {"payment_id": payment_id, "operation": "1", "reference": f"{payment_id}-1"}
        return self.charged_by_hand(metadata, currency=currency)

    def refunded_by_hand(self, payment_id: str, amount: int = 500) -> str:
        told = {"payment_intent": self.referee.intent(payment_id), "amount": str(amount)}
        return str(self._stripe("/v1/refunds", told)["id"])

    def captured_by_hand(self, payment_id: str) -> None:
        self._stripe(f"/v1/payment_intents/{self.referee.intent(payment_id)}/capture", {})

    def refund_reference(self, payment_id: str) -> str:
        """The gateway's id of the payment's newest refund."""
        told = {"payment_intent": self.referee.intent(payment_id)}
        shown = self.referee.stripe.get("/v1/refunds", params=told).raise_for_status().json()
        return str(shown["data"][0]["id"])

    def charge(self, payment_id: str) -> str:
        intent = self.referee.intent(payment_id)
        shown = self.referee.stripe.get(f"/v1/payment_intents/{intent}").raise_for_status().json()
        return str(shown["latest_charge"])

    def disputed_by_the_bank(self, payment_id: str) -> str:
        return str(self.referee.post("/disputes", {"charge": self.charge(payment_id)})["id"])

    def falsify(self, payment_id: str, **statement: Any) -> None:
        """The gateway's statement says something else about the payment's charge."""
        assert self.referee.post(f"/statement/{self.charge(payment_id)}", statement)["lines"] >= 1

    # --- what is lost on our side ------------------------------------------------------------------------------------

    @contextmanager
    def all_webhooks_lost(self) -> Iterator[None]:
        """For good: nothing is sent later either."""
        for wire in ("stripe", "razorpay"):
            self.referee.post("/webhook-faults", {"wire": wire, "match": {}, "kind": "lost", "count": None})
        yield
        time.sleep(0.3)
        self.referee.http.delete("/webhook-faults").raise_for_status()

    def quiet(self) -> None:
        """Every webhook has come and was absorbed, so that none of them undoes what is planted next."""
        with psycopg.connect(self.stack.database_url, autocommit=True) as connection:
            query = "SELECT count(*) FROM webhook_inbox WHERE handled_at IS NULL"
            for _ in range(2):
                time.sleep(0.5)
                eventually(lambda: connection.execute(query).fetchone(), lambda row: row == (0,))

    @contextmanager
    def superuser(self) -> Iterator[Any]:
        """The record with its guards off: what a restored backup or a lost replica's tail leaves behind."""
        with psycopg.connect(self.stack.database_url) as connection:
            for table in TAIL:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield connection
            found = connection.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal")
            for table, trigger in found.fetchall():
                connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")

    def remember(self, payment_id: str) -> dict[str, Any]:
        """The payment's row as it is now, for `forget_since`."""
        with psycopg.connect(self.stack.database_url) as connection:
            query = "SELECT to_jsonb(p) FROM payments p WHERE id = %s"
            row = connection.execute(query, [payment_id]).fetchone()
            assert row is not None
            remembered: dict[str, Any] = row[0]
            return remembered

    def forget_since(self, remembered: dict[str, Any], *, operations: int) -> None:
        """The record of the payment goes back to what it was: everything after that is lost."""
        payment_id, version = remembered["id"], remembered["version"]
        changed = [n for n in remembered if n not in ("id", "method", "instructions")]
        assigned = ", ".join(f"{name} = r.{name}" for name in changed)
        with self.superuser() as connection:
            for table in ("ledger_postings", "ledger_transactions", "outbox_events"):
                connection.execute(
                    f"DELETE FROM {table} WHERE payment_id = %s AND sequence > %s", [payment_id, version]
                )
            numbers = {"looks": "operation_number", "attempts": "operation_number", "refunds": "operation_number"}
            for table, number in numbers.items():
                connection.execute(
                    f"DELETE FROM {table} WHERE payment_id = %s AND {number} > %s", [payment_id, operations]
                )
            connection.execute("DELETE FROM operations WHERE payment_id = %s AND number > %s", [payment_id, operations])
            restored = f"""UPDATE payments p SET {assigned}
                FROM jsonb_populate_record(NULL::payments, %s::jsonb) r WHERE p.id = r.id"""
            connection.execute(restored, [Jsonb(remembered)])

    def forget(self, payment_id: str) -> None:
        """The payment was never written: its whole record is lost."""
        with self.superuser() as connection:
            for table in ("payment_warnings", "accepted_commands", "webhook_inbox", "disputes"):
                connection.execute(f"DELETE FROM {table} WHERE payment_id = %s", [payment_id])
            for table in TAIL[:-1]:
                connection.execute(f"DELETE FROM {table} WHERE payment_id = %s", [payment_id])
            connection.execute("DELETE FROM payments WHERE id = %s", [payment_id])

    def _pay(self, status: str, method: str = "pm_card_visa", **fields: Any) -> str:
        payment_id = (
            str(self.merchant.pay(method, **fields).json()["id"]) if status != "failed" else self._refused(method)
        )
        self.merchant.settles(payment_id, status)
        return payment_id

    def _refused(self, method: str) -> str:
        return str(self.merchant.pay(method).json()["payment"]["id"])

    def order(self, payment_id: str, verb: str, body: dict[str, Any], holds: Callable[[dict[str, Any]], bool]) -> str:
        answer = self.merchant.post(f"/v1/payments/{payment_id}/{verb}", body)
        assert answer.status_code < 300, answer.text
        self.merchant.until(payment_id, holds)
        return payment_id

    def _stripe(self, path: str, told: dict[str, str]) -> dict[str, Any]:
        answer = self.referee.stripe.post(path, data=told)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body
