"""The one table of what Temporal retries."""

import pytest

from activities.failures import TREATMENTS, failure
from domain import errors


@pytest.mark.parametrize(
    ("error", "retried"),
    [
        (errors.RateLimited("x"), True),
        (errors.InFlight("x"), True),
        (errors.NotSent("x"), True),
        (errors.CredentialsRefused("x"), True),
        (errors.RecordUnavailable("x"), True),
        (errors.VersionConflict("x"), True),
        (errors.RecordNotFound("x"), False),
        (errors.TransitionRefused("captured", "failed", "x"), False),
        (errors.InvalidInput("amount", "x"), False),
        (errors.SignatureInvalid("x"), False),
    ],
)
def test_each_error_has_its_treatment(error: errors.PayonceError, retried: bool) -> None:
    told = failure(error)
    assert told.non_retryable is not retried
    assert told.type == type(error).__name__


@pytest.mark.parametrize("kind", [errors.RateLimited, errors.CredentialsRefused])
@pytest.mark.parametrize(("asked_seconds", "waits_seconds"), [(7, 7), (7200, 60)])
def test_a_rest_is_kept_and_one_of_hours_is_bounded(
    kind: type[errors.RateLimited | errors.CredentialsRefused], asked_seconds: float, waits_seconds: float
) -> None:
    told = failure(kind("x", retry_after_seconds=asked_seconds))
    assert told.next_retry_delay is not None
    assert told.next_retry_delay.total_seconds() == waits_seconds


def test_every_error_of_the_tree_finds_a_treatment() -> None:
    for kind in errors.PayonceError.__subclasses__():
        assert any(base in TREATMENTS for base in kind.__mro__)
