"""`payonce failpoints`: the table, for people and for programs."""

import json

import pytest

from cli.main import run
from domain.failpoints import FAILPOINTS, MOMENTS, kinds_of


def test_every_point_is_listed_with_what_it_stands_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["failpoints"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FAILPOINTS) * len(MOMENTS)
    for name, point in FAILPOINTS.items():
        assert [line.split()[0] for line in lines if line.split()[1] == name and point.effect in line] == [*MOMENTS]


def test_programs_get_the_kinds_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["failpoints", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {(row["name"], row["moment"]): tuple(row["kinds"]) for row in rows} == {
        (name, moment): kinds_of(name, moment) for name in FAILPOINTS for moment in MOMENTS
    }
