"""`python -m tests.safety.long`: the long form of every proof that has one, in turn, with one file of figures.

Each proof is a command of its own, so that one may be run alone; this only starts them, in order of their length, shows
what they say, and fails if one of them did. The figures go to PAYONCE_FIGURES, by default `safety-figures.jsonl`.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Proof:
    """`module` and its arguments, as in `python -m module arguments`."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()


PROOFS = (
    Proof("simulation", "tests.safety.simulation", ("--long",)),
    Proof("forgeries", "tests.safety.forgeries", ("--long",)),
    Proof("chaos", "tests.safety.chaos", ("--payments", "3000", "--kills", "150")),
)


def main() -> int:
    given = _parser().parse_args()
    chosen = [proof for proof in PROOFS if not given.only or proof.name in given.only]
    environment = {**os.environ, "PAYONCE_FIGURES": str(given.figures.absolute()), "PYTHONPATH": str(ROOT)}
    failed = [proof.name for number, proof in enumerate(chosen, 1) if not _run(proof, number, len(chosen), environment)]
    print(f"figures: {given.figures}" + (f"; failed: {', '.join(failed)}" if failed else "; all hold"))  # noqa: T201 - what the person who typed the command waits for
    return 1 if failed else 0


def _run(proof: Proof, number: int, count: int, environment: dict[str, str]) -> bool:
    print(f"[{number}/{count}] {proof.name}: python -m {proof.module} {' '.join(proof.arguments)}", flush=True)  # noqa: T201 - the progress line
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", proof.module, *proof.arguments], cwd=ROOT, env=environment, check=False
    )
    word = "holds" if done.returncode == 0 else f"FAILED with exit code {done.returncode}"
    print(f"[{number}/{count}] {proof.name} {word} after {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201 - the progress line
    return done.returncode == 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.safety.long", description="The long forms of the proofs.")
    parser.add_argument("--only", action="append", choices=[proof.name for proof in PROOFS], help="may be repeated")
    parser.add_argument("--figures", type=Path, default=Path("safety-figures.jsonl"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
