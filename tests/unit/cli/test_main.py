"""The command line: quick help, truthful exit codes, sentences instead of tracebacks."""

import subprocess
import sys
import time

import pytest

from cli.main import FAILED, FOLDER, INTERRUPTED, MISUSED, commands, run


def test_every_command_file_has_a_line_of_help_and_an_app() -> None:
    listed = commands()
    assert {"up", "down", "doctor", "simulator", "worker", "api", "prepare"} <= set(listed)
    assert all(line.endswith(".") and len(line) < 110 for line in listed.values()), listed
    for name in listed:
        assert "app = typer.Typer(**COMMAND)" in (FOLDER / f"{name.replace('-', '_')}.py").read_text()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 0
    assert "doctor" in capsys.readouterr().out


def test_help_imports_nothing_heavy_and_is_quick() -> None:
    program = (
        "import sys; from cli.main import run; run(['--help']);"
        "sys.exit(sorted({'temporalio', 'sqlalchemy', 'stripe', 'pydantic', 'typer'} & set(sys.modules)) or 0)"
    )
    began = time.monotonic()
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert time.monotonic() - began < 2.0, "0.1 s here; the bound is for a busy machine"


@pytest.mark.parametrize("name", sorted(commands()))
def test_each_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"payonce {name}" in capsys.readouterr().out


def test_an_unknown_command_gets_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctr"]) == MISUSED
    assert "Did you mean `payonce doctor`?" in capsys.readouterr().err


def test_a_wrong_option_is_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["down", "--wipeout"]) == MISUSED
    assert "--wipeout" in capsys.readouterr().err


def test_wrong_settings_are_sentences(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PAYONCE_MODE", "production")
    monkeypatch.setenv("PAYONCE_API_PORT", "many")
    assert run(["down"]) == FAILED
    said = capsys.readouterr().err
    assert "PAYONCE_MODE" in said
    assert "PAYONCE_API_PORT" in said
    assert "Traceback" not in said


def test_codes_are_the_usual_ones() -> None:
    assert (FAILED, MISUSED, INTERRUPTED) == (1, 2, 130)
