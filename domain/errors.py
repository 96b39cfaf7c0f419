"""Every error of ours, drawn as one tree. A decline is a value (`outcomes.Declined`), not an error.

PayonceError
├── InvalidInput            somebody gave us a value we cannot accept; names the field
├── CommandRefused          the payment's table or amounts do not allow the command now
├── TransitionRefused       an event that contradicts the payment's record; nothing was changed
│   └── EvidenceNeeded      ... but it may be our record that is behind: ask the gateway
├── RecordError
│   ├── RecordNotFound      no such row for this merchant and mode
│   ├── VersionConflict     somebody else wrote the payment first; load again and decide again
│   └── RecordUnavailable   the database cannot be reached or is out of connections
├── OwnerUnavailable        Temporal cannot be reached; what is in Postgres is safe and a sweep will start it
└── GatewayError            the call did NOT move money and the same call may be tried again
    ├── RateLimited         refused before execution; try after `retry_after_seconds`
    ├── InFlight            the same key is still being worked on at the gateway
    └── NotSent             no byte of the request left this machine (DNS, refused, connect timeout, TLS)
        └── CredentialsRefused  ... because the gateway rejects our credentials; try after `retry_after_seconds`
    SignatureInvalid        a webhook that is not provably from the gateway
"""


class PayonceError(Exception):
    """Root of the tree."""


class InvalidInput(PayonceError):
    """`field` is the dotted path of the offending value; `message` says what is wrong and what is allowed."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class CommandRefused(PayonceError):
    """What was asked, where the payment stood, and a stable code for clients (answered as HTTP 409)."""

    def __init__(self, code: str, message: str, *, state: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.state = state
        self.field = field


class TransitionRefused(PayonceError):
    """The event is impossible in this state or breaks an amount; the payment is unchanged."""

    def __init__(self, event: str, state: str, reason: str) -> None:
        super().__init__(f"{event} refused in state {state}: {reason}")
        self.event = event
        self.state = state
        self.reason = reason


class EvidenceNeeded(TransitionRefused):
    """A hint that may be true although the record says otherwise: resolve the unsettled operation or look the payment
    up, apply what that says, then offer the hint once more. Refused again, it is old or wrong."""


class RecordError(PayonceError):
    """The archive could not do what was asked."""


class RecordNotFound(RecordError):
    """No such row, or not this merchant's."""


class VersionConflict(RecordError):
    """The payment moved since it was loaded; nothing was written."""


class RecordUnavailable(RecordError):
    """The database is unreachable; nothing is known to be written."""


class OwnerUnavailable(PayonceError):
    """No answer from Temporal itself; whether the message arrived is not known."""


class GatewayError(PayonceError):
    """Surely not executed: safe to send again with the same key."""


class RateLimited(GatewayError):
    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class InFlight(GatewayError):
    """The first call with this key has not finished at the gateway."""


class NotSent(GatewayError):
    """Never connected: also a proof (P1) that another gateway may be tried."""


class CredentialsRefused(NotSent):
    """Held back: this account's credentials were refused a moment ago and nobody has seen them hold since."""

    def __init__(self, message: str, *, retry_after_seconds: float = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SignatureInvalid(PayonceError):
    """The webhook's signature, timestamp or shape does not hold; nothing of it may be believed."""
