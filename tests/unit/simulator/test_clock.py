"""Time only moves forward, and a shift is told so that it can be kept."""

import pytest

from simulator.clock import ManualClock, ShiftedClock


def test_a_manual_clock_stands_still_until_advanced() -> None:
    clock = ManualClock(100.0)
    clock.advance(5)
    assert clock.now() == 105.0


def test_a_shifted_clock_runs_with_its_source_and_tells_its_offset() -> None:
    told: list[tuple[float, float | None]] = []
    real = [1000.0]
    clock = ShiftedClock(source=lambda: real[0], on_change=lambda offset, frozen: told.append((offset, frozen)))
    clock.advance(60)
    real[0] += 1
    assert clock.now() == 1061.0
    assert told == [(60.0, None)]


def test_a_frozen_clock_moves_only_by_hand_and_never_jumps_back() -> None:
    real = [1000.0]
    clock = ShiftedClock(source=lambda: real[0])
    clock.freeze()
    real[0] += 500
    clock.advance(10)
    assert clock.now() == 1010.0
    clock.unfreeze()
    real[0] += 1
    assert clock.now() == 1011.0


@pytest.mark.parametrize("clock", [ManualClock(), ShiftedClock()])
def test_time_does_not_go_back(clock: ManualClock | ShiftedClock) -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)
