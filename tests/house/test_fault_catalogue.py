"""docs/fault-catalogue.md has every row, and every test it names exists where it says."""

import ast
import re

from tests.house.sources import ROOT, tree_of
from tests.safety.matrix.table import OUTCOMES

TEXT = (ROOT / "docs" / "fault-catalogue.md").read_text()
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = 60


def test_every_row_is_there_once_and_in_order() -> None:
    assert [int(number) for number, *_ in ROW.findall(TEXT)] == list(range(1, ROWS + 1))


def test_every_row_names_a_test() -> None:
    assert [number for number, _, _, tests in ROW.findall(TEXT) if not NAMED.search(tests)] == []


def test_every_named_test_exists() -> None:
    named = set(NAMED.findall(TEXT))
    assert len(named) > 50
    lost = [f"{path}::{name}" for path, name in sorted(named) if name not in _tests(path)]
    assert lost == []


def test_every_named_line_of_the_matrix_exists_and_none_is_left_out() -> None:
    lines = {line for _, _, _, tests in ROW.findall(TEXT) for line in re.findall(r'"([^"]+)"', tests)}
    assert lines == set(OUTCOMES)


def _tests(path: str) -> set[str]:
    """The names of the tests in a file; none when there is no such file."""
    if not (ROOT / path).is_file():
        return set()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in ast.walk(tree_of(ROOT / path)) if isinstance(node, functions)}
    return {name for name in names if name.startswith("test_")}
