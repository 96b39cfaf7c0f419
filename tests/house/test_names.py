"""Files have the nouns of payment, and nothing is left half done or excused without a reason."""

import ast
import re

from tests.house.sources import python_files, text_of, tree_of

FORBIDDEN = re.compile(r"^(utils?|helpers?|common|misc|manager|base\d*|shared|stuff)$|_(utils?|helpers?|manager)$")

IGNORE = re.compile(r"#\s*(?:type:\s*ignore|noqa|pragma:|fmt:\s*off|ruff:)")
REASONED = re.compile(
    r"#\s*(?:type:\s*ignore\[[\w\-, ]+\]|noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|pragma:[\w ]+)(?:\s+#|\s+-|:)\s+\S.{2,}"
)

UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "HA" + "CK"]) + r")\b")

DODGES = frozenset(
    {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.importorskip"}
)


def test_no_file_is_called_after_nothing() -> None:
    named = [str(path) for path in python_files() for part in path.with_suffix("").parts if FORBIDDEN.search(part)]
    assert named == []


def test_every_ignore_names_its_rule_and_its_reason() -> None:
    bare = [
        f"{path}:{number} {line.strip()}"
        for path in python_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if IGNORE.search(line) and not REASONED.search(line) and path.name != "test_names.py"
    ]
    assert bare == []


def test_nothing_is_left_for_later() -> None:
    left = [
        f"{path}:{number} {line.strip()}"
        for path in python_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert left == []


def test_no_test_is_skipped() -> None:
    skipped = [
        f"{path}:{node.lineno}"
        for path in python_files("tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in DODGES
    ]
    assert skipped == []
