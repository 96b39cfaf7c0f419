"""Somebody at the Temporal command line meddles with the workflows of running payments while everything else fails.

Not through the links: whoever does this sits at the server.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from tests.safety.hands import cancel, lead_astray, reset
from workflows.converter import data_converter

RUNNING = 'ExecutionStatus = "Running" AND WorkflowType = "PaymentWorkflow"'
MOST = 200

_DEEDS: dict[str, Callable[[Client, str], Awaitable[Any]]] = {"reset": reset, "cancel": cancel, "astray": lead_astray}


class Meddler:
    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Client | None = None

    async def meddle(self, kind: str, share: float) -> bool:
        """With the workflow at that share (0 to 1) of the running ones; False when there is none, or no Temporal."""
        try:
            client = self._client = self._client or await Client.connect(self._address, data_converter=data_converter())
            running = sorted([listed.id async for listed in client.list_workflows(RUNNING, limit=MOST)])
            if not running:
                return False
            await _DEEDS[kind](client, running[int(share * len(running))])
        except (RPCError, RuntimeError):  # how a client says that it could not connect
            return False
        return True
