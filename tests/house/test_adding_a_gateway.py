"""The written path for a new gateway is the one its predecessors went: every path, field and command of it is true."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from domain.commands import Abilities
from domain.gateway import Capabilities
from gateways.registry import BUILDERS
from tests.house.sources import ROOT, text_of, tracked

PAGE = Path("docs/adding-a-gateway.md")
CODE = re.compile(r"`([^`\n]+)`")
FENCED = re.compile(r"```console\n(.*?)```", re.DOTALL)
NOT_EVERYWHERE = frozenset({"gateways/stripe/transport.py"})
"""What the page itself says one of the rooms does not need."""


@pytest.mark.parametrize("gateway", BUILDERS)
def test_every_path_of_the_page_is_there_for_every_gateway(gateway: str) -> None:
    lost = [path for path in _paths(gateway) if not (ROOT / path).exists() and path not in NOT_EVERYWHERE]
    assert lost == []


def test_what_is_not_everywhere_is_indeed_not_there() -> None:
    assert [path for path in NOT_EVERYWHERE if (ROOT / path).exists()] == []


@pytest.mark.parametrize("gateway", BUILDERS)
@pytest.mark.parametrize("command", list(dict.fromkeys(FENCED.findall(text_of(PAGE)))))
def test_every_command_can_be_typed(gateway: str, command: str) -> None:
    for line in command.replace("<name>", gateway).strip().splitlines():
        program, *words = shlex.split(line)
        assert _complaint(program, words) is None, line


def test_the_table_of_capabilities_has_every_field() -> None:
    asked = {word for row in re.findall(r"^\| (`[a-z_`, ]+`) \|", text_of(PAGE), re.M) for word in CODE.findall(row)}
    assert asked == {field.name for kind in (Capabilities, Abilities) for field in fields(kind)} - {"abilities"}


def test_a_file_that_names_two_gateways_is_on_the_page() -> None:
    """So that no place is forgotten: whoever names one gateway beside another has to be taught the next one."""
    named = {word.partition(":")[0] for word in CODE.findall(text_of(PAGE))}
    forgotten = [path.as_posix() for path in tracked() if _names_two(path) and path.as_posix() not in named]
    assert forgotten == []


@pytest.mark.parametrize(
    "wrong", ["make prove", ".venv/bin/payonce prove", ".venv/bin/pytest tests/lost", ".venv/bin/python -m tests.lost"]
)
def test_a_command_that_is_not_there_is_noticed(wrong: str) -> None:
    program, *words = shlex.split(wrong)
    assert _complaint(program, words)


def _paths(gateway: str) -> Iterator[str]:
    for span in CODE.findall(text_of(PAGE)):
        path = span.replace("<name>", gateway).partition(":")[0]
        if "<name>" in span and "/" in path and not path.startswith("/"):
            yield path


def _complaint(program: str, words: list[str]) -> str | None:
    """What is wrong with a command line of the page, None when it can be typed as it stands."""
    known = {"make": _make, "payonce": _payonce, "pytest": _files, "mypy": _files, "python": _module}
    check = known.get(program.rpartition("/")[2])
    return check(words) if check else f"the page knows no {program}"


def _make(words: list[str]) -> str | None:
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.M)
    return next((f"no target {word}" for word in words if word not in targets), None)


def _payonce(words: list[str]) -> str | None:
    module = ROOT / "cli" / f"{words[0]}.py"
    if not module.exists():
        return f"no command {words[0]}"
    options = [word for word in words[1:] if word.startswith("--")]
    return next((f"no option {word}" for word in options if not _has_option(module, word)), None)


def _has_option(module: Path, option: str) -> bool:
    name = option.removeprefix("--").replace("-", "_")
    return re.search(rf"^    {name}: Annotated\[", module.read_text(), re.M) is not None


def _files(words: list[str]) -> str | None:
    wanted = [word for word in words if "/" in word]
    return next((f"no file {word}" for word in wanted if not (ROOT / word).exists()), None)


def _module(words: list[str]) -> str | None:
    flag, module = words[0], words[1]
    return None if flag == "-m" and _is_module(module) else f"no module {module}"


def _is_module(name: str) -> bool:
    parent = ROOT / Path(*name.split("."))
    return parent.with_suffix(".py").is_file() or (parent / "__main__.py").is_file()


def _names_two(path: Path) -> bool:
    """Outside their own rooms, the tests and the documents, which show gateways by name without knowing them."""
    if path.parts[0] in ("tests", "docs") or path.suffix in (".lock", ".txt"):
        return False
    if any(part in BUILDERS for part in path.parts) or path.name in ("README.md", "examples.py"):
        return False
    text = text_of(path).lower()
    return sum(gateway in text for gateway in BUILDERS) > 1
