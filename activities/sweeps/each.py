"""Acting on many, so that one that cannot be helped does not keep its neighbours waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

import structlog

from activities.sweeps.paces import AT_ONCE
from domain.errors import OwnerUnavailable, RecordUnavailable

log = structlog.get_logger()


async def each(ids: Collection[str], act: Callable[[str], Awaitable[bool]]) -> int:
    """How many `act` said yes to. Each is tried, whatever became of the others; then the first error is raised."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(id_: str) -> bool:
        async with room:
            return await act(id_)

    results = await asyncio.gather(*(one(id_) for id_ in ids), return_exceptions=True)
    for id_, result in zip(ids, results, strict=True):
        if isinstance(result, Exception) and not isinstance(result, OwnerUnavailable | RecordUnavailable):
            log.error("sweep_could_not_help", id=id_, reason=f"{type(result).__name__}: {result}")
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return sum(result is True for result in results)
