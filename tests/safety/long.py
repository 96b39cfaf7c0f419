"""`python -m tests.safety.long`: the long form of every proof that has one, in turn, with one file of figures.

Each proof is a command of its own, so that one may be run alone; this only starts them, in order of their length, shows
what they say, and fails if one of them did. The figures go to `--figures`, one line of JSON for each proof.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURES = Path(tempfile.gettempdir()) / "payonce-safety-figures.jsonl"


@dataclass(frozen=True, slots=True)
class Proof:
    """`python -m arguments`, with what it needs in its environment."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


PROOFS = (
    Proof("forgeries", ("pytest", "-q", "-rP", "tests/safety/test_forgeries.py"), {"PAYONCE_LONG": "1"}),
    Proof(
        "webhook orders",
        ("pytest", "-q", "-rP", "-k", "every_order", "tests/safety/test_webhook_orders.py"),
        {"PAYONCE_LONG": "1"},
    ),
    Proof(
        "operators and clocks",
        ("pytest", "-q", "-rP", "tests/safety/test_operators.py", "tests/safety/test_clock_skew.py"),
        {"PAYONCE_LONG": "1"},
    ),
    Proof("crash points", ("tests.safety.crash_points", "--all")),
    Proof("chaos", ("tests.safety.chaos", "--payments", "3000", "--kills", "150")),
    Proof("simulation", ("tests.safety.simulation", "--seeds", "2000", "--payments", "50", "--processes", "2")),
    Proof("core rate", ("tests.safety.core_simulation", "--rate")),
    Proof("core", ("tests.safety.core_simulation", "--seeds", "10000", "--payments", "100", "--processes", "2")),
    Proof(
        "core razorpay",
        ("tests.safety.core_simulation", "--gateway", "razorpay", "--seeds", "5000", "--payments", "20"),
    ),
)


def main() -> int:
    given = _parser().parse_args()
    chosen = [proof for proof in PROOFS if not given.only or proof.name in given.only]
    inherited = {**os.environ, "PAYONCE_FIGURES": str(given.figures.absolute()), "PYTHONPATH": str(ROOT)}
    failed = []
    for number, proof in enumerate(chosen, 1):
        if not _holds(proof, f"[{number}/{len(chosen)}]", {**inherited, **proof.environment}):
            failed.append(proof.name)
    _say(f"figures: {given.figures}; " + (f"failed: {', '.join(failed)}" if failed else "all hold"))
    return 1 if failed else 0


def _holds(proof: Proof, place: str, environment: Mapping[str, str]) -> bool:
    _say(f"{place} {proof.name}: python -m {' '.join(proof.arguments)}")
    began = time.monotonic()
    code = subprocess.run(
        [sys.executable, "-m", *proof.arguments], cwd=ROOT, env=dict(environment), check=False
    ).returncode
    word = "holds" if code == 0 else f"FAILED with exit code {code}"
    _say(f"{place} {proof.name} {word} after {time.monotonic() - began:.0f} s")
    return code == 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.safety.long", description="The long forms of the proofs.")
    parser.add_argument("--only", action="append", choices=[proof.name for proof in PROOFS], help="may be repeated")
    parser.add_argument("--figures", type=Path, default=FIGURES, help=f"default {FIGURES}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
