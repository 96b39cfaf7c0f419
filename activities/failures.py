"""The one table that decides what Temporal retries. Nothing else in the house decides that.

Retries repeat the same operation under the same gateway key, so they are safe by construction; what must not be
repeated blindly never reaches this table, because an ambiguous answer is an outcome (`Unknown`), not an error.
"""

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Concatenate, ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.errors import (
    CredentialsRefused,
    InFlight,
    NotSent,
    PayonceError,
    RateLimited,
    RecordNotFound,
    RecordUnavailable,
    TransitionRefused,
    VersionConflict,
)
from domain.failpoints import after, before

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")


LONGEST_DELAY = timedelta(seconds=60)
"""How long a gateway may make us wait (Retry-After, or until it is asked again whether our credentials hold) within one
operation: its tries end after five minutes."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """`after` overrides the policy's own delay before the next try."""

    retry: bool
    after: timedelta | None = None


TREATMENTS: dict[type[PayonceError], Treatment] = {
    RateLimited: Treatment(retry=True),
    InFlight: Treatment(retry=True, after=timedelta(seconds=1)),
    NotSent: Treatment(retry=True),
    RecordUnavailable: Treatment(retry=True),
    VersionConflict: Treatment(retry=True, after=timedelta(milliseconds=50)),
    RecordNotFound: Treatment(retry=False),
    TransitionRefused: Treatment(retry=False),
    PayonceError: Treatment(retry=False),
}


def failure(error: PayonceError) -> ApplicationError:
    """The error as Temporal shall see it; the type's name is what policies and people read."""
    treatment = next(TREATMENTS[kind] for kind in type(error).__mro__ if kind in TREATMENTS)
    delay = treatment.after
    if isinstance(error, RateLimited | CredentialsRefused) and error.retry_after_seconds is not None:
        delay = min(timedelta(seconds=error.retry_after_seconds), LONGEST_DELAY)
    return ApplicationError(
        str(error), type=type(error).__name__, non_retryable=not treatment.retry, next_retry_delay=delay
    )


def told(
    method: Callable[Concatenate[S, P], Awaitable[R]],
) -> Callable[Concatenate[S, P], Awaitable[R]]:
    """Every activity wears this: our errors leave it as the table says."""

    @functools.wraps(method)
    async def wrapped(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        owner = activity.info().workflow_id if activity.in_activity() else None
        await before("activity", owner or "", detail=method.__name__)
        try:
            answer = await method(self, *args, **kwargs)
        except PayonceError as error:
            raise failure(error) from error
        await after("activity", owner or "", detail=method.__name__)
        return answer

    return wrapped
