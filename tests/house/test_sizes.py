"""Files tell one story and functions one step. Exceptions may only shrink: one no longer needed fails too."""

import ast

from tests.house.sources import python_files, text_of, tree_of

FILE_LINES = 350
FUNCTION_LINES = 40
EXCEPTIONS: frozenset[str] = frozenset()


def test_no_file_is_too_long() -> None:
    long = {str(path) for path in python_files() if text_of(path).count("\n") > FILE_LINES}
    assert long == {name for name in EXCEPTIONS if "::" not in name}


def test_no_function_is_too_long() -> None:
    long = {
        f"{path}::{node.name}"
        for path in python_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > FUNCTION_LINES
    }
    assert long == {name for name in EXCEPTIONS if "::" in name}


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
