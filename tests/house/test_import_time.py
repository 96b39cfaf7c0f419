"""Importing a file builds nothing: no engine, client, app, metric, key or environment read. Only bootstrap builds."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ENTRIES, ROOMS, ROOT, name_of, python_files, tree_of

BUILDERS = frozenset(
    {
        "AsyncClient",
        "AsyncConnectionPool",
        "Client",
        "ConnectionPool",
        "CollectorRegistry",
        "Counter",
        "FastAPI",
        "Gauge",
        "Histogram",
        "Runtime",
        "Settings",
        "Starlette",
        "StripeClient",
        "ThreadPoolExecutor",
        "async_sessionmaker",
        "connect",
        "create_async_engine",
        "create_engine",
        "getenv",
        "read_settings",
        "sessionmaker",
    }
)


@pytest.mark.parametrize("path", [path for path in python_files() if path.parts[0] != "tests"], ids=str)
def test_nothing_is_built_when_a_file_is_imported(path: Path) -> None:
    built = [
        f"line {node.lineno}: {ast.unparse(node)[:80]}"
        for node in _at_import_time(tree_of(path))
        if (isinstance(node, ast.Call) and name_of(node.func).rpartition(".")[2] in BUILDERS)
        or (isinstance(node, ast.Attribute) and name_of(node) == "os.environ")
    ]
    assert built == []


@pytest.mark.parametrize(
    "room", ["domain", "gateways", "storage", "activities", "workflows", "api", "simulator", "stack"]
)
def test_a_room_can_be_imported_without_settings_threads_or_sockets(room: str) -> None:
    modules = [_module(path) for path in python_files(room) if path.name not in ("__main__.py", "env.py")]
    program = (
        "import importlib, socket, sys, threading\n"
        "def refuse(*_): raise SystemExit('a socket was opened at import')\n"
        "socket.socket.connect = refuse\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "sys.stdout.flush(); import os; os._exit(0)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_rule_sees_what_is_built_at_import() -> None:
    tree = ast.parse("engine = create_engine('x')\ndef later():\n    return create_engine('y')\n")
    assert len([node for node in _at_import_time(tree) if isinstance(node, ast.Call)]) == 1


def test_every_room_and_entry_is_looked_at() -> None:
    top = {path.parts[0].removesuffix(".py") for path in python_files()} - {"tests"}
    assert top <= {*ROOMS, *ENTRIES}


def _at_import_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run on import: everything but the bodies of functions and of `if __name__ == "__main__"`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            continue
        yield node
        yield from _at_import_time(node)


def _module(path: Path) -> str:
    return path.with_suffix("").as_posix().removesuffix("/__init__").replace("/", ".")
