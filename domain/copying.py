"""`replace` for our frozen dataclasses: what `dataclasses.replace` does, at a seventh of its cost.

A transition copies the payment twice, and it has two dozen fields, each of which a frozen dataclass writes past its own
lock. So a copy is made as an instance of an open twin, a class of the same slots without the lock, and then locked: it
becomes one of the frozen class. How a class is copied is written out field by field, as `dataclasses` writes an
`__init__`. For classes with `slots=True` whose fields are all parameters and who check nothing
when they are made (no `InitVar`, `init=False` or `__post_init__`).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace as replace  # the type checker knows its arguments by name

    altered = replace
else:
    from collections.abc import Callable
    from dataclasses import fields, make_dataclass
    from functools import cache
    from typing import Any, TypeVar

    T = TypeVar("T")

    @cache
    def _opened(kind: type) -> "tuple[frozenset[str], Callable[[Any], Any]]":
        """The names of the fields, and how to copy an instance as one of the open twin."""
        if hasattr(kind, "__post_init__"):
            raise TypeError(f"{kind.__name__} checks its fields when it is made: use dataclasses.replace")
        names = [field.name for field in fields(kind)]
        twin = make_dataclass(f"Open{kind.__name__}", [(name, Any) for name in names], slots=True, eq=False)
        lines = ["def copied(known):", "copy = new(twin)", *(f"copy.{name} = known.{name}" for name in names)]
        made: dict[str, Any] = {"new": object.__new__, "twin": twin}
        exec("\n ".join([*lines, "return copy"]), made)  # noqa: S102 - of the names of fields, which are ours
        return frozenset(names), made["copied"]

    def replace(known: T, /, **changes: Any) -> T:
        """Raises TypeError for a name that is no field."""
        kind = type(known)
        names, copied = _opened(kind)
        if not names.issuperset(changes):
            raise TypeError(f"{kind.__name__} has no field {sorted(changes.keys() - names)}")
        copy = copied(known)
        for name, value in changes.items():
            setattr(copy, name, value)
        copy.__class__ = kind
        return copy

    def altered(known: T, /, **changes: Any) -> T:
        """As `replace`, but the object itself where nothing differs."""
        for name, value in changes.items():
            if getattr(known, name) != value:
                return replace(known, **changes)
        return known
