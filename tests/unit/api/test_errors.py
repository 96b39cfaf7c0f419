"""Every error of ours has an answer, and no answer tells the inside."""

import pytest

from api.errors import TITLES, Problem, translate
from domain import errors
from domain.errors import CommandRefused, InvalidInput, PayonceError, RateLimited, TransitionRefused

MADE: dict[type[PayonceError], PayonceError] = {
    InvalidInput: InvalidInput("amount", "is odd"),
    CommandRefused: CommandRefused("wrong_state", "no", state="captured"),
    TransitionRefused: TransitionRefused("captured", "failed", "secret"),
    errors.EvidenceNeeded: errors.EvidenceNeeded("captured", "failed", "secret"),
    RateLimited: RateLimited("secret", retry_after_seconds=0.2),
}
STATUS = {
    "InvalidInput": 422,
    "CommandRefused": 409,
    "RecordNotFound": 404,
    "RecordUnavailable": 503,
    "OwnerUnavailable": 503,
    "GatewayError": 503,
    "RateLimited": 503,
    "InFlight": 503,
    "NotSent": 503,
    "CredentialsRefused": 503,
    "SignatureInvalid": 400,
}


def tree(error: type[PayonceError]) -> list[type[PayonceError]]:
    return [error, *(leaf for child in error.__subclasses__() for leaf in tree(child))]


@pytest.mark.parametrize(
    "kind", [kind for kind in tree(PayonceError) if kind.__module__ == "domain.errors"], ids=lambda kind: kind.__name__
)
def test_every_error_has_an_answer(kind: type[PayonceError]) -> None:
    error = MADE.get(kind) or kind("secret")
    problem = translate(error)
    reply = problem.reply("req_1")
    assert reply.status == STATUS.get(kind.__name__, 500)
    assert b"secret" not in reply.body
    assert (reply.status == 503) == ("Retry-After" in reply.headers)
    assert all(int(seconds) >= 1 for seconds in reply.headers.values())


def test_a_refused_amount_names_it_and_keeps_the_state() -> None:
    problem = translate(CommandRefused("amount_exceeds_refundable", "too much", state="captured", field="amount"))
    assert (problem.status, problem.errors[0].field, problem.members["state"]) == (422, "amount", "captured")


@pytest.mark.parametrize("status", sorted(TITLES))
def test_a_problem_has_the_members_of_rfc_9457_and_the_envelope(status: int) -> None:
    body = Problem(status, "code", "detail").reply("req_1").body
    assert (
        body
        == (
            f'{{"type":"urn:payonce:problem:code","title":"{TITLES[status]}","status":{status},"detail":"detail",'
            '"success":false,"error":{"code":"code","message":"detail"},"request_id":"req_1"}'
        ).encode()
    )
