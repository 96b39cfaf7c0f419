"""Rules and stories know no clock, no dice and no environment: a replay must come to the same answer.

Temporal's Replayer does not notice a pydantic default that draws a fresh id in a passed-through model, so this does.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import name_of, python_files, tree_of

STORIES = ("domain", "workflows")

FORBIDDEN_MODULES = frozenset({"random", "secrets", "time", "uuid", "socket", "threading", "subprocess", "os"})
"""`workflow.uuid4()`, `workflow.now()` and `workflow.random()` are Temporal's replayable ones and are no modules."""

FORBIDDEN_CALLS = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.date.today",
        "asyncio.get_event_loop",
        "asyncio.as_completed",
        "asyncio.wait",
        "open",
        "print",
        "input",
        "id",
        "hash",
    }
)

SURPRISING = ("uuid", "now", "today", "time", "random", "token", "environ", "getenv")


@pytest.mark.parametrize("path", python_files(*STORIES), ids=str)
def test_no_clock_no_dice_no_machine(path: Path) -> None:
    tree = tree_of(path)
    assert _forbidden_imports(tree) == []
    called = [
        f"line {node.lineno}: {name_of(node.func)}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node.func) in FORBIDDEN_CALLS
    ]
    assert called == []


@pytest.mark.parametrize("path", python_files(*STORIES), ids=str)
def test_no_default_draws_something_new(path: Path) -> None:
    drawn = [
        f"line {keyword.value.lineno}: {ast.unparse(keyword.value)}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in ("default_factory", "default") and _surprises(keyword.value)
    ]
    assert drawn == []


def test_the_rule_sees_a_drawn_default() -> None:
    """The guard itself, so that it cannot rot into one that passes everything."""
    for code in ("Field(default_factory=uuid4)", "field(default_factory=lambda: datetime.now(UTC))"):
        call = ast.parse(code, mode="eval").body
        assert isinstance(call, ast.Call)
        assert _surprises(call.keywords[0].value)
    assert _forbidden_imports(ast.parse("from random import choice")) == ["line 1: random"]


def _forbidden_imports(tree: ast.Module) -> list[str]:
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [f"line {node.lineno}: {alias.name}" for alias in node.names if _forbidden(alias.name)]
        elif isinstance(node, ast.ImportFrom) and _forbidden(node.module or ""):
            found.append(f"line {node.lineno}: {node.module}")
    return found


def _forbidden(module: str) -> bool:
    return module.partition(".")[0] in FORBIDDEN_MODULES


def _surprises(value: ast.expr) -> bool:
    words = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
    words |= {node.attr for node in ast.walk(value) if isinstance(node, ast.Attribute)}
    return any(surprise in word.lower() for word in words for surprise in SURPRISING)


MUTATORS = frozenset({"append", "add", "update", "extend", "insert", "pop", "remove", "clear", "setdefault", "popleft"})


@pytest.mark.parametrize("path", python_files("workflows"), ids=str)
def test_a_story_keeps_nothing_between_payments(path: Path) -> None:
    """Production runs without the sandbox, so what a module kept would be shared by every workflow of the process."""
    tree = tree_of(path)
    own = {target.id for node in tree.body for target in _bound(node) if isinstance(target, ast.Name)}
    changed = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Global)
        or (isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store) and _root(node) in own)
        or (isinstance(node, ast.Call) and _mutates(node.func, own))
    ]
    assert changed == []


def _bound(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, ast.AnnAssign) else []


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _mutates(function: ast.expr, own: set[str]) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in MUTATORS and _root(function.value) in own


@pytest.mark.parametrize("path", [p for p in python_files("workflows") if "@workflow.update" in p.read_text()], ids=str)
def test_no_workflow_with_updates_ends_before_its_handlers(path: Path) -> None:
    """A run that returns or continues as new while a handler still has to answer leaves its client without one."""
    runs = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.AsyncFunctionDef) and node.name == "run"]
    assert runs
    ends = [end for run in runs for end in _ends(run.body, waited=False)]
    assert len(ends) >= len(runs)
    assert [line for line, waited in ends if not waited] == []


def _ends(body: list[ast.stmt], *, waited: bool) -> Iterator[tuple[int, bool]]:
    """Each line where the run ends, and whether the handlers were asked about on the way to it."""
    for statement in body:
        inner = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
        inner += [case.body for case in getattr(statement, "cases", [])]
        asked = waited or (isinstance(statement, ast.If) and _asks(statement.test))
        for block in inner:
            yield from _ends(block, waited=asked)
        text = ast.unparse(statement)
        if isinstance(statement, ast.Return) or (isinstance(statement, ast.Expr) and "continue_as_new" in text):
            yield statement.lineno, waited
        waited = waited or (isinstance(statement, ast.Expr) and _asks(statement))


def _asks(node: ast.AST) -> bool:
    return "all_handlers_finished" in ast.unparse(node)
