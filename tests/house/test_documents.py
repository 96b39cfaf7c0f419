"""What is written is true: links lead somewhere, named code exists, tables say what the code says."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cli.main import commands
from domain.steps import PACES
from settings import Settings, environment_names
from tests.house.sources import ROOT, name_of, python_files, text_of, tracked, tree_of
from workflows import options

DOCUMENTS = tracked(".md")
OPERATIONS = ROOT / "docs" / "operations.md"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"`([^`\n]+)`")
POINTER = re.compile(r"([\w.-]+(?:/[\w.-]+)*/?)(?::([A-Za-z_][\w.]*))?")
TOP_LEVEL = frozenset({path.parts[0] for path in tracked()})
METRIC_KINDS = ("Counter", "Gauge", "Histogram", "Summary")


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_inside_the_repository_leads_somewhere(document: Path) -> None:
    targets = [target for target in LINK.findall(text_of(document)) if not target.startswith(("http:", "https:"))]
    lost = [target for target in targets if not (ROOT / document.parent / target).exists()]
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_file_and_name_it_points_at_is_there(document: Path) -> None:
    lost = [f"{path}:{name}" for path, name in _pointers(document) if not _is_there(ROOT / path, name)]
    assert lost == []


def test_pointers_are_found_and_lost_ones_noticed() -> None:
    assert ("domain/payment.py", "PAYMENT_TABLE") in set(_pointers(Path("docs/README.md")))
    assert _is_there(ROOT / "domain/payment.py", "Amounts.broken_law")
    assert not _is_there(ROOT / "domain/payment.py", "Amounts.gone")
    assert not _is_there(ROOT / "domain/gone.py", "")


def test_the_settings_table_is_the_settings() -> None:
    rows = re.findall(r"^\| `([A-Z]+_[A-Z_]+)` \| (.+?) \|", OPERATIONS.read_text(), re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(environment_names())
    defaults = {name: default.strip("`") for name, default in rows}
    told = {name: text for name, text in defaults.items() if text not in ("-", "embedded")}
    assert told == {name: str(_default(name)) for name in told}
    assert all(_default(name) in (None, ()) for name in defaults.keys() - told.keys())


@pytest.mark.parametrize("name", ["PERFORM", "LOOK", "LOAD", "RECORD", "WALK"])
def test_the_table_of_timeouts_is_the_options(name: str) -> None:
    stated = getattr(options, name)
    retry = stated["retry_policy"]
    between = f"{_seconds(retry.initial_interval)[:-2]} s to {_seconds(retry.maximum_interval)}"
    tries = [_seconds(stated[f"{bound}_timeout"]) for bound in ("start_to_close", "schedule_to_close")]
    heartbeat = _seconds(stated["heartbeat_timeout"]) if "heartbeat_timeout" in stated else "-"
    row = f"| `{name}` | {tries[0]} | {tries[1]} | {heartbeat} | {retry.maximum_attempts} | {between} |"
    assert row in OPERATIONS.read_text()


def test_the_table_of_paces_is_the_paces() -> None:
    text = OPERATIONS.read_text()
    rows = [
        f"| `{state}` | {_seconds(pace.first)} | 1/{pace.parts} of its age | {_seconds(pace.slowest)} |"
        for state, pace in PACES.items()
    ]
    assert [row for row in rows if row not in text] == []


def test_every_metric_is_explained() -> None:
    explained = set(re.findall(r"^\| `(payonce_\w+)` \|", OPERATIONS.read_text(), re.MULTILINE))
    assert {metric.removesuffix("_total") for metric in _metrics()} == explained


def test_every_decision_is_listed_and_complete() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = LINK.findall((folder / "README.md").read_text())
    written = sorted(path.name for path in folder.glob("0*.md"))
    assert listed == written
    for name in written:
        text = (folder / name).read_text()
        assert re.search(r"^# .+\n\nDate: 20\d\d-\d\d-\d\d\n\n## Context\n", text), name
        assert "\n## Decision\n" in text, name
        assert "\n## Consequences\n" in text, name


def test_the_documents_name_every_command_and_no_other() -> None:
    named = {word for path in DOCUMENTS for word in re.findall(r"`payonce ([a-z-]+)", text_of(path))}
    assert named == commands().keys(), "README.md has a table of commands"


def _pointers(document: Path) -> Iterator[tuple[str, str]]:
    """Code spans that name something in the repository, as `room/file.py` or `room/file.py:Class.method`."""
    for span in CODE.findall(text_of(document)):
        match = POINTER.fullmatch(span)
        if match and match[1].partition("/")[0] in TOP_LEVEL and ("/" in match[1] or match[2]):
            yield match[1], match[2] or ""


def _is_there(path: Path, name: str) -> bool:
    if not path.exists():
        return False
    scope: list[ast.stmt] = tree_of(path).body if name else []
    for part in filter(None, name.split(".")):
        found = next((statement for statement in scope if part in _defined(statement)), None)
        if found is None:
            return False
        scope = found.body if isinstance(found, ast.ClassDef) else []
    return True


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign):
        return [name_of(target) for target in statement.targets]
    return [name_of(statement.target)] if isinstance(statement, ast.AnnAssign) else []


def _default(environment_name: str) -> object:
    group, _, field = environment_name.lower().partition("_")
    return getattr(Settings.model_fields[group].default, field)


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():g} s"


def _metrics() -> set[str]:
    calls = (
        node
        for path in python_files()
        if path.parts[0] not in ("tests", "bench")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and name_of(node.func) in METRIC_KINDS and node.args
    )
    names = (call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant))
    return {name for name in names if isinstance(name, str)}
