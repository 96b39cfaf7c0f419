"""The port EvidenceRecords: the tries of a payment's operations, and the questions asked about them."""

from domain.evidence import Evidence, Look
from domain.failpoints import after, before
from domain.ports import Attempt
from storage.database import Database
from storage.documents import storable

_ATTEMPT_COLUMNS = (
    "payment_id, operation_number, generation, key, state, sent_at, answered_at, answer, evidence, sends, proof"
)
_LOOK_COLUMNS = "payment_id, operation_number, at, asked, answer, evidence"
_NOTE = f"""
INSERT INTO looks ({_LOOK_COLUMNS})
VALUES (%(payment_id)s, %(operation_number)s, %(at)s, %(asked)s, %(answer)s, %(evidence)s) ON CONFLICT DO NOTHING
"""  # noqa: S608 - only constants of this file
_ATTEMPTS = f"""
SELECT {_ATTEMPT_COLUMNS} FROM attempts WHERE payment_id = %(payment_id)s ORDER BY operation_number, generation
"""  # noqa: S608 - only constants of this file
_LOOKS = f"""
SELECT {_LOOK_COLUMNS} FROM looks WHERE payment_id = %(payment_id)s ORDER BY at DESC LIMIT %(limit)s
"""  # noqa: S608 - only constants of this file
_EVIDENCE_LENGTH = 2000


class PostgresEvidence:
    """A look noted twice at one moment is one look."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, look: Look) -> None:
        parameters = {
            "payment_id": look.payment_id,
            "operation_number": look.operation_number,
            "at": look.at,
            "asked": look.asked,
            "answer": look.answer,
            "evidence": storable(look.evidence)[:_EVIDENCE_LENGTH],
        }
        await before("look", look.payment_id)
        await self._database.fetch(_NOTE, parameters)
        await after("look", look.payment_id)

    async def evidence(self, payment_id: str, *, most_looks: int) -> Evidence:
        attempts = await self._database.fetch(_ATTEMPTS, {"payment_id": payment_id})
        looks = await self._database.fetch(_LOOKS, {"payment_id": payment_id, "limit": most_looks})
        attempt_names, look_names = _ATTEMPT_COLUMNS.split(", "), _LOOK_COLUMNS.split(", ")
        return Evidence(
            attempts=[Attempt(**dict(zip(attempt_names, row, strict=True))) for row in attempts],
            looks=[Look(**dict(zip(look_names, row, strict=True))) for row in looks],
        )
