"""One shop per test, over a book in memory."""

from collections.abc import Iterator

import pytest

from tests.contract.simulator.process import RunningSimulator, Sink
from tests.contract.simulator.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


@pytest.fixture(scope="module")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path_factory.mktemp("simulator"))
    yield running
    assert running.stop() == 0


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    """A running simulator, empty and calm."""
    shared_simulator.ask("POST", "/reset")
    return shared_simulator


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    sink.start()
    yield sink
    sink.stop()
