"""Who was reminded when, so that a sweep does not shout."""

from collections.abc import Collection
from datetime import datetime, timedelta

REMIND_AT_MOST_EVERY = timedelta(seconds=10)


class Reminders:
    """What takes long is not reminded every round but when it has waited half as long again. Kept in memory; another
    worker's reminders only come on top.
    """

    def __init__(self) -> None:
        self._first: dict[str, datetime] = {}
        self._last: dict[str, datetime] = {}

    def due(self, waiting: Collection[str], *, now: datetime) -> list[str]:
        """The ids to remind now; what waits no longer is forgotten."""
        self._first = {id_: self._first.get(id_, now) for id_ in waiting}
        due = [id_ for id_ in waiting if self._is_due(id_, now)]
        self._last = {id_: at for id_, at in self._last.items() if id_ in self._first} | dict.fromkeys(due, now)
        return due

    def _is_due(self, id_: str, now: datetime) -> bool:
        last = self._last.get(id_)
        return last is None or now - last >= max(REMIND_AT_MOST_EVERY, (now - self._first[id_]) / 2)
