"""The running stack as a merchant and the referee see it. Trouble armed by a test ends with it."""

from collections.abc import Iterator

import pytest

from stack.assembly import Stack
from tests.client import Merchant, Referee, merchant_of


@pytest.fixture(scope="session")
def merchant(stack: Stack) -> Merchant:
    return merchant_of(stack)


@pytest.fixture
def referee(stack: Stack) -> Iterator[Referee]:
    referee = Referee(stack.simulator_url)
    yield referee
    referee.calm()
