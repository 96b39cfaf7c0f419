"""Who may import whom: the contracts of pyproject.toml, and the outside packages each room may know."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import OURS, ROOT, python_files, text_of, tracked, tree_of

OUTSIDE = {
    "domain": {"pydantic"},
    "gateways": {"pydantic", "razorpay", "requests", "stripe", "urllib3"},  # requests, urllib3: how the SDKs fail
    "storage": {"alembic", "psycopg", "psycopg_pool", "pydantic", "sqlalchemy", "sqlmodel"},
    "activities": {"prometheus_client", "pydantic", "structlog", "temporalio"},
    "workflows": {"pydantic", "temporalio"},
    "api": {
        "fastapi",
        "fastapi_swagger",
        "jinja2",
        "prometheus_client",
        "pydantic",
        "pydantic_core",
        "starlette",
        "structlog",
        "temporalio",
        "uvicorn",
    },
}
"""Room -> what it may import besides the standard library and ours. A new name here needs a reason in its commit."""


def test_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 broken" in checked.stdout


@pytest.mark.parametrize("room", OUTSIDE)
def test_each_room_knows_only_its_own_outside_packages(room: str) -> None:
    allowed = OUTSIDE[room] | set(sys.stdlib_module_names) | OURS
    strangers = [f"{path}: {name}" for path in python_files(room) for name in _imported(path) if name not in allowed]
    assert strangers == []


def test_every_init_is_empty() -> None:
    """An import there would leak into the workflow sandbox."""
    full = [str(path) for path in tracked("__init__.py") if text_of(path).strip()]
    assert full == []


def test_every_unit_test_mirrors_a_source_file() -> None:
    """tests/unit/room/test_file.py, or test_file_something.py, tests room/file.py."""
    sources = {path.with_suffix("").as_posix() for path in python_files()}
    lost = []
    for path in python_files("tests"):
        if path.parts[1] != "unit" or not path.name.startswith("test_"):
            continue
        words = path.stem.removeprefix("test_").split("_")
        folder = Path(*path.parts[2:-1])
        mirrored = {(folder / "_".join(words[:count])).as_posix() for count in range(1, len(words) + 1)}
        if not mirrored & sources:
            lost.append(str(path))
    assert lost == []


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; say the room's name"
            names.add((node.module or "").partition(".")[0])
    return names
