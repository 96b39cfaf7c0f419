"""What is in the repository works on any machine: no home folders, no package hosts, a README that is true."""

import re

from tests.house.sources import ROOT, text_of, tracked

MACHINE = re.compile(r"/(?:root|work|Users)/\w|/home/[a-z]\w*/|[A-Z]:\\Users\\")
HOSTS = re.compile(
    "|".join(
        [r"files\.python" + "hosted", r"py" + r"pi\.org/simple", r"registry\.npm" + "js", "--extra-index" + "-url"]
    )
)
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-install.lock")
TEXT = (
    ".py",
    ".md",
    ".toml",
    ".lock",
    ".yml",
    ".yaml",
    ".json",
    ".ini",
    ".html",
    ".js",
    ".css",
    "Makefile",
    "Dockerfile",
    "run",
)


def test_no_file_names_a_machine_or_a_package_host() -> None:
    named = [
        f"{path}:{number} {line.strip()[:100]}"
        for path in tracked()
        if path.name.endswith(TEXT)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if (MACHINE.search(line) or HOSTS.search(line)) and path.name != "test_repository.py"
    ]
    assert named == []


def test_every_locked_package_is_pinned_with_hashes() -> None:
    for name in LOCKS:
        lines = (ROOT / name).read_text().splitlines()
        pinned = [line for line in lines if not line.startswith(" ")]
        assert pinned
        assert [line for line in pinned if not re.match(r"[\w.\-\[\],]+==[\w.+!]+ ", line)] == []
        assert len([line for line in lines if "--hash=sha256:" in line]) >= len(pinned)


def test_what_runs_is_pinned_alike_in_what_tests() -> None:
    run, dev = (set(re.findall(r"^[\w.\-]+==\S+", (ROOT / name).read_text(), re.MULTILINE)) for name in LOCKS[:2])
    assert run <= dev


def test_the_readme_begins_where_a_newcomer_does() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make up" in readme
    assert "make test" in readme
