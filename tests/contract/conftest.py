"""The simulator as a process of its own on free ports, and one fresh account per test."""

from collections.abc import Iterator

import pytest

from tests.contract.registry import WORLDS
from tests.contract.simulator.process import RunningSimulator, Sink
from tests.contract.world import World


@pytest.fixture(scope="session")
def running_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    running = RunningSimulator(tmp_path_factory.mktemp("contract"))
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    listening = Sink()
    listening.start()
    yield listening
    listening.stop()


@pytest.fixture
def world(request: pytest.FixtureRequest, running_simulator: RunningSimulator, sink: Sink) -> Iterator[World]:
    """Of the gateway the test is parametrized with (see registry.py)."""
    yield WORLDS[request.param](running_simulator, sink)
    running_simulator.ask("DELETE", "/faults")
    running_simulator.ask("DELETE", "/webhook-faults")
