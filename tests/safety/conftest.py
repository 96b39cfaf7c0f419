"""The running stack as a merchant and the referee see it. Trouble armed by a test ends with it."""

from collections.abc import Iterator

import pytest

from stack.assembly import Stack
from tests.client import Merchant, Referee, merchant_of, referee_of


@pytest.fixture(scope="session")
def merchant(stack: Stack) -> Iterator[Merchant]:
    with merchant_of(stack) as merchant:
        yield merchant


@pytest.fixture
def referee(stack: Stack) -> Iterator[Referee]:
    with referee_of(stack) as referee:
        yield referee
        referee.calm()
