"""The one thread that touches the book, so that waiting for a disk sync never stops the sockets."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


class BookThread:
    """Runs one step at a time, in the order asked."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="book")

    async def run(self, step: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: step(*given, **named))

    def close(self) -> None:
        self._pool.shutdown(wait=True)
