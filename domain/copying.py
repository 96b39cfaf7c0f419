"""`replace` for our frozen dataclasses: what `dataclasses.replace` does, at half its cost.

A transition copies the payment three times, and it has two dozen fields; the fields of a class are looked up once here.
Every field must be a parameter of `__init__` (no `InitVar`, no `init=False`), as all of ours are, and there are two at
least.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace as replace  # the type checker knows its arguments by name
else:
    from collections.abc import Callable
    from dataclasses import fields
    from functools import cache
    from operator import attrgetter
    from typing import Any, TypeVar

    T = TypeVar("T")

    @cache
    def _fields_of(kind: type) -> "tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]":
        names = tuple(field.name for field in fields(kind))
        return names, attrgetter(*names)

    def replace(known: T, /, **changes: Any) -> T:
        """Raises TypeError for a name that is no field."""
        kind = type(known)
        names, read = _fields_of(kind)
        return kind(**dict(zip(names, read(known), strict=True), **changes))
