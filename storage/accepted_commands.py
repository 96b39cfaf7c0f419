"""The port AcceptedCommands: commands answered 202, each a row until the end of days, unanswered ones in an index."""

from collections.abc import Sequence
from datetime import datetime

from domain.accepted_commands import AcceptedCommand
from domain.failpoints import after, before
from storage.database import Database
from storage.documents import COMMAND

_KEEP = """
INSERT INTO accepted_commands (command_key, payment_id, command, accepted_at)
VALUES (%(command_key)s, %(payment_id)s, %(command)s::jsonb, %(accepted_at)s)
ON CONFLICT (command_key) DO UPDATE SET payment_id = excluded.payment_id, command = excluded.command,
    accepted_at = excluded.accepted_at, answered_at = NULL, result = NULL
"""
_UNANSWERED = """
SELECT payment_id, command, accepted_at FROM accepted_commands
WHERE answered_at IS NULL AND accepted_at < %(accepted_before)s
ORDER BY accepted_at LIMIT %(limit)s
"""
_ANSWER = """
UPDATE accepted_commands SET answered_at = %(at)s, result = %(result)s
WHERE command_key = %(command_key)s AND accepted_at = %(accepted_at)s AND answered_at IS NULL
RETURNING command_key
"""


class PostgresAcceptedCommands:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, accepted: AcceptedCommand) -> None:
        """Who is told 202 once more under the same key (the first answer was never stored) waits once more."""
        key = accepted.command.command_key
        parameters = {
            "command_key": key,
            "payment_id": accepted.payment_id,
            "command": COMMAND.text(accepted.command),
            "accepted_at": accepted.accepted_at,
        }
        await before("command_keep", accepted.payment_id, key)
        await self._database.fetch(_KEEP, parameters)
        await after("command_keep", accepted.payment_id, key)

    async def unanswered(self, *, accepted_before: datetime, limit: int) -> Sequence[AcceptedCommand]:
        rows = await self._database.fetch(_UNANSWERED, {"accepted_before": accepted_before, "limit": limit})
        return [
            AcceptedCommand(payment_id=payment_id, command=COMMAND.value(command), accepted_at=accepted_at)
            for payment_id, command, accepted_at in rows
        ]

    async def answer(self, accepted: AcceptedCommand, *, result: str, at: datetime) -> bool:
        key = accepted.command.command_key
        parameters = {"command_key": key, "accepted_at": accepted.accepted_at, "result": result, "at": at}
        await before("command_answer", accepted.payment_id, key)
        written = await self._database.fetch(_ANSWER, parameters)
        await after("command_answer", accepted.payment_id, key)
        return bool(written)
