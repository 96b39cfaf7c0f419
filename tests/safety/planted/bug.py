"""A planted bug: a small edit of our own code that money safety would not survive, and the tests that must notice."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class DoesNotFit(Exception):
    """The code has moved on: the edit's text is not there exactly once, so the bug would not be planted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """In `path` (from the root), the text `old`, which is there exactly once, becomes `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """`name` is what one types; `what` the mistake in a sentence part; `noticed_by` the node ids of the tests that must
    fail, at least one of which has to."""

    name: str
    what: str
    edits: tuple[Edit, ...]
    noticed_by: tuple[str, ...]


def bug(name: str, what: str, path: str, old: str, new: str, *noticed_by: str) -> Bug:
    """A bug of one edit, as nearly all are."""
    return Bug(name=name, what=what, edits=(Edit(path=path, old=old, new=new),), noticed_by=noticed_by)


def plant(planted: Bug, root: Path) -> None:
    """Change the tree under `root`. Raises DoesNotFit with nothing changed."""
    changed = {edit.path: edited(edit, root) for edit in planted.edits}
    for path, text in changed.items():
        (root / path).write_text(text)


def uproot(planted: Bug, root: Path, original: Path) -> None:
    """Put the original files back."""
    for edit in planted.edits:
        (root / edit.path).write_text((original / edit.path).read_text())


def edited(edit: Edit, root: Path) -> str:
    """The file's text after the edit. Raises DoesNotFit."""
    text = (root / edit.path).read_text()
    if text.count(edit.old) != 1:
        raise DoesNotFit(f"{edit.path}: found {text.count(edit.old)} times, not once: {edit.old!r}")
    return text.replace(edit.old, edit.new)


def named(bugs: Sequence[Bug], names: Sequence[str]) -> list[Bug]:
    """The bugs of these names, all when none is given. Raises KeyError for a name nobody has."""
    by_name = {one.name: one for one in bugs}
    return [by_name[name] for name in names] or list(bugs)
