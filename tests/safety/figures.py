"""The figures every safety proof prints: what was tried, what was found, and the seed and commit to repeat it.

`PAYONCE_FIGURES` names a file that gets one JSON line per proof; without it they are only printed (`pytest -rP`).
"""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def note(proof: str, *, seed: int | None = None, **values: Any) -> None:
    """Tell a proof's figures. `values` are numbers, words, or tables of them by name; whatever JSON can hold."""
    known = {"proof": proof, **({} if seed is None else {"seed": seed}), "commit": commit(), **values}
    sys.stdout.write(readable(known) + "\n")
    target = os.environ.get("PAYONCE_FIGURES")
    if target:
        line = json.dumps({**known, "at": datetime.now(UTC).isoformat(timespec="seconds")})
        with Path(target).open("a") as file:  # one short write in append mode: parallel test processes do not mix
            file.write(line + "\n")


def readable(known: dict[str, Any]) -> str:
    told = ", ".join(f"{name.replace('_', ' ')} {_told(value)}" for name, value in known.items() if name != "proof")
    return f"{known['proof']}: {told}"


@cache
def commit() -> str:
    """The short hash of what is tested; marked when the tree differs from it, `unknown` outside a repository."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return f"{head}+changes" if _git("status", "--porcelain", "--untracked-files=no") else head
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True, timeout=20)
    return done.stdout.strip()


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + ", ".join(f"{name} {_told(inner)}" for name, inner in value.items()) + ")"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
