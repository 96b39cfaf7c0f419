"""Writes docs/diagrams anew from the tables: `python -m tests.unit.domain.write_diagrams`."""

from pathlib import Path

from domain.diagrams import pages

DIAGRAMS = Path(__file__).parents[3] / "docs" / "diagrams"


def main() -> None:
    DIAGRAMS.mkdir(exist_ok=True)
    for name, text in pages().items():
        (DIAGRAMS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
