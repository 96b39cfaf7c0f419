"""The port PaymentRecords: what the payment's owner reads and the one way it writes."""

from domain.errors import RecordNotFound, VersionConflict
from domain.failpoints import after, before
from domain.gateway import Instructions
from domain.payment import Payment
from domain.ports import Attempt
from domain.transitions import Transition
from storage.database import Database
from storage.payment_rows import SELECT_PAYMENT, SELECT_STORED, instructions_from, payment_from
from storage.transition_statement import noting, recording

_LOAD = f"{SELECT_PAYMENT} FROM payments p WHERE id = %(id)s"
_LOAD_STORED = f"{SELECT_STORED} FROM payments p WHERE id = %(id)s"
_ATTEMPT_COLUMNS = (
    "payment_id",
    "operation_number",
    "generation",
    "key",
    "state",
    "sent_at",
    "answered_at",
    "answer",
    "evidence",
    "sends",
    "proof",
)
_ATTEMPT = f"""
SELECT {", ".join(_ATTEMPT_COLUMNS)} FROM attempts
WHERE payment_id = %(payment_id)s AND operation_number = %(number)s AND generation = %(generation)s
"""  # noqa: S608 - only constants of this file


class PostgresPaymentRecords:
    """After a RecordUnavailable from `write` the transition may be on record or not: writing the same again answers
    VersionConflict if it was, and a load then shows it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, payment_id: str) -> Payment:
        rows = await self._database.fetch(_LOAD, {"id": payment_id})
        if not rows:
            raise RecordNotFound(f"there is no payment {payment_id}")
        return payment_from(rows[0])

    async def load_for_call(self, payment_id: str) -> tuple[Payment, Instructions]:
        rows = await self._database.fetch(_LOAD_STORED, {"id": payment_id})
        if not rows:
            raise RecordNotFound(f"there is no payment {payment_id}")
        return payment_from(rows[0]), instructions_from(rows[0])

    async def attempt(self, payment_id: str, operation_number: int, generation: int) -> Attempt | None:
        parameters = {"payment_id": payment_id, "number": operation_number, "generation": generation}
        rows = await self._database.fetch(_ATTEMPT, parameters)
        return Attempt(**dict(zip(_ATTEMPT_COLUMNS, rows[0], strict=True))) if rows else None

    async def write(
        self, transition: Transition | None, *, attempt: Attempt | None = None, handled_inbox_id: str | None = None
    ) -> None:
        if transition is not None:
            await self._move(transition, attempt, handled_inbox_id)
        elif attempt is not None or handled_inbox_id is not None:
            subjects = (attempt.payment_id if attempt is not None else str(handled_inbox_id),)
            await before("note", *subjects)
            rows = await self._database.fetch(*noting(attempt=attempt, handled_inbox_id=handled_inbox_id))
            if not rows:
                raise VersionConflict(f"a later try has the operation of {subjects[0]}")
            await after("note", *subjects)

    async def _move(self, transition: Transition, attempt: Attempt | None, handled_inbox_id: str | None) -> None:
        known = transition.before
        await before("transition", known.id, detail=transition.type)
        rows = await self._database.fetch(*recording(transition, attempt=attempt, handled_inbox_id=handled_inbox_id))
        if not rows:
            raise VersionConflict(f"{known.id} is no longer at version {known.version}")
        await after("transition", known.id, detail=transition.type)
