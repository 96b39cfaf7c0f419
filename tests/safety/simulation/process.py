"""A simulated thread of control: one coroutine of the product, driven from port to port.

Every await on a port is a `Point`. There the process may be delayed for seconds or hours (and then go on, a zombie), or
die: before what it asked for is done, or after. A synchronous adapter runs in a greenlet, so that each of its HTTP
requests is such a point too.
"""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, ClassVar, Final

import greenlet  # type: ignore[import-untyped]  # its stubs are a package of their own

from tests.safety.simulation.life import Life

WAITING: Final = object()
"""What a point answers when the process has to wait: somebody will `resume` it."""

Ask = Callable[["Process"], Any]


class Point:
    """One await on a port. `ask` does the deed and answers, raises, or says WAITING."""

    __slots__ = ("ask", "name")

    def __init__(self, name: str, ask: Ask) -> None:
        self.name = name
        self.ask = ask

    def __await__(self) -> Generator["Point", Any, Any]:
        return (yield self)


class Process:
    """`strike(process, point)` hits it at a point or not; `running` is the one that is being stepped."""

    running: ClassVar["Process | None"] = None
    __slots__ = ("_coroutine", "_enter", "_on_end", "_strike", "is_dead", "life", "name", "skew_seconds")

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any],
        *,
        life: Life,
        name: str,
        on_end: Callable[[Any, BaseException | None], None],
        strike: Callable[["Process", Point], bool],
        enter: Callable[[], None],
        skew_seconds: float = 0.0,
    ) -> None:
        self._coroutine = coroutine
        self._on_end = on_end
        self._strike = strike
        self._enter = enter
        self.life = life
        self.name = name
        self.skew_seconds = skew_seconds
        self.is_dead = False

    def die(self) -> None:
        self.is_dead = True

    def resume(self, value: Any = None, error: BaseException | None = None) -> None:
        """Go on with what the point answered, up to the next point that lets it wait."""
        while not self.is_dead:
            self._enter()
            Process.running = self
            try:
                point = self._coroutine.send(value) if error is None else self._coroutine.throw(error)
            except StopIteration as end:
                return self._end(end.value, None)
            except Exception as raised:
                return self._end(None, raised)
            if self._strike(self, point):
                return None
            value, error = self.perform(point)
            if value is WAITING:
                return None
        return None

    def perform(self, point: Point) -> tuple[Any, BaseException | None]:
        try:
            return point.ask(self), None
        except Exception as raised:
            return None, raised

    def go_on(self, point: Point) -> None:
        """What a delayed process does when it wakes: it does what it was about to do."""
        if self.is_dead:
            return
        value, error = self.perform(point)
        if value is not WAITING:
            self.resume(value, error)

    def _end(self, value: Any, error: BaseException | None) -> None:
        self.is_dead = True
        self._on_end(value, error)


@types.coroutine
def in_thread(call: Callable[[], Any]) -> Generator[Point, Any, Any]:
    """A blocking call: each request it makes is awaited as a point of its own."""
    thread = greenlet.greenlet(call)
    asked = thread.switch()
    while not thread.dead:
        try:
            answer = yield asked
        except Exception as error:
            asked = thread.throw(error)
        else:
            asked = thread.switch(answer)
    return asked


def ask_from_thread(point: Point) -> Any:
    """The other side of `in_thread`: called deep inside the adapter."""
    parent = greenlet.getcurrent().parent
    assert parent is not None
    return parent.switch(point)
