"""Ids are letters and digits, repeatable from a seed and different otherwise."""

from simulator.entropy import Entropy


def test_a_seed_repeats_itself() -> None:
    first, second = Entropy.seeded(7), Entropy.seeded(7)
    assert [first.letters(24) for _ in range(3)] == [second.letters(24) for _ in range(3)]
    assert Entropy.seeded(8).letters(24) != Entropy.seeded(7).letters(24)


def test_the_machines_entropy_does_not_repeat() -> None:
    drawn = {Entropy().letters(24) for _ in range(1000)}
    assert len(drawn) == 1000
    assert all(letters.isalnum() and len(letters) == 24 for letters in drawn)
