"""Doubts are kept once, overruled for good, and decisions are found again by their command."""

from dataclasses import replace

from domain.review import Review
from tests.unit.domain.builders import doubt, later, resolution


def test_the_same_doubt_heard_again_is_no_news() -> None:
    doubting = Review().doubting(doubt())
    assert doubting.doubting(replace(doubt(), at=later(hours=1))) is doubting
    assert doubting.doubting(doubt(reason="another currency")).doubt == doubt(reason="another currency")
    assert doubting.cleared().doubt is None


def test_what_a_person_overruled_is_not_doubted_again() -> None:
    overruled = Review().resolved(resolution("confirm_charged", None, dismissed=doubt()))
    assert overruled.doubting(doubt()) is overruled
    assert overruled.doubting(replace(doubt(), evidence="captured 701")).doubt is not None, "that was not overruled"
    assert overruled.doubting(doubt("refund re_1")).doubt == doubt("refund re_1")


def test_a_decision_is_found_by_its_command() -> None:
    reviewed = Review().resolved(resolution("look_again", 1))
    assert reviewed.resolution_of("cmd_1") == resolution("look_again", 1)
    assert reviewed.resolution_of("cmd_2") is None
