"""The `payonce` command. Each file beside this one is a command: its name, and the first line of its docstring as help.

A command's file is imported only when it runs, so that `payonce --help` is quick. A new command is a new file with an
`app`: a `typer.Typer(**COMMAND)` with one `@app.command()` (a plain command) or several (a group).
"""

import ast
import importlib
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

FOLDER = Path(__file__).parent
COMMAND: dict[str, Any] = {"add_completion": False, "pretty_exceptions_enable": False, "no_args_is_help": False}
"""What every command's Typer is made with: errors that are no sentences show their traceback, without local values."""

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


def main() -> NoReturn:
    """Run one command and leave with its exit code."""
    code = run(sys.argv[1:])
    if "temporalio" in sys.modules:  # only then can the interpreter abort on its way out; see telemetry.leave
        from telemetry import leave

        leave(code)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run the command the arguments name; its exit code. Known errors are said as sentences on standard error."""
    name, *rest = arguments or ["--help"]
    if name in ("--help", "-h", "help"):
        return _say_help()
    if name not in commands():
        return _say_unknown(name)
    from settings import SettingsError
    from stack.errors import StackError

    try:
        return _invoke(name, rest)
    except (SettingsError, StackError) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def commands() -> dict[str, str]:
    """Command name -> one line of help, read from the files without importing them."""
    files = (path for path in sorted(FOLDER.glob("*.py")) if path.stem not in ("__init__", "main"))
    return {path.stem.replace("_", "-"): _first_line(path) for path in files if not path.stem.startswith("_")}


def _invoke(name: str, arguments: list[str]) -> int:
    app = importlib.import_module(f"cli.{name.replace('-', '_')}").app
    try:
        app(arguments, prog_name=f"payonce {name}")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def _say_help() -> int:
    lines = [f"  {name:<12} {line}" for name, line in commands().items()]
    sys.stdout.write("Usage: payonce COMMAND [OPTIONS]\n\nCommands:\n" + "\n".join(lines))
    sys.stdout.write("\n\n`payonce COMMAND --help` says more about one of them.\n")
    return 0


def _say_unknown(name: str) -> int:
    close = get_close_matches(name, commands(), n=1)
    hint = f" Did you mean `payonce {close[0]}`?" if close else " `payonce --help` lists them."
    sys.stderr.write(f"There is no command {name!r}.{hint}\n")
    return MISUSED
