"""The source files that the house rules look at, as the version control system knows them."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

ROOMS = (
    "activities",
    "api",
    "bench",
    "cli",
    "domain",
    "gateways",
    "simulator",
    "stack",
    "storage",
    "workflows",
)
ENTRIES = ("bootstrap", "settings", "telemetry", "worker")
OURS = frozenset({*ROOMS, *ENTRIES, "tests"})


@cache
def tracked(suffix: str = "") -> tuple[Path, ...]:
    """Files in the repository and new ones not yet added, relative to the root."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(Path(name) for name in sorted(set(listed)) if name.endswith(suffix) and (ROOT / name).is_file())


def python_files(*folders: str) -> tuple[Path, ...]:
    """Python files under the folders, or all of them; migrations are history and follow no rule of style."""
    return tuple(
        path
        for path in tracked(".py")
        if (not folders or path.parts[0] in folders) and "revisions/versions" not in path.as_posix()
    )


def text_of(path: Path) -> str:
    """The file as text; bytes that are none are replaced."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def tree_of(path: Path) -> ast.Module:
    """The file as a syntax tree."""
    return ast.parse(text_of(path), filename=str(path))


def name_of(node: ast.expr) -> str:
    """A dotted name as written, as in `datetime.now`; empty for anything that is no name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = name_of(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""
