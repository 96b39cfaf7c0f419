"""The running stack as a merchant and the referee see it. Trouble armed by a test ends with it."""

from collections.abc import Iterator

import pytest

from stack.assembly import Stack
from stack.temporary import temporary_stack
from tests.client import Merchant, Referee, merchant_of, referee_of
from tests.safety.shop import Shop


@pytest.fixture(scope="session")
def merchant(stack: Stack) -> Iterator[Merchant]:
    with merchant_of(stack) as merchant:
        yield merchant


@pytest.fixture
def referee(stack: Stack) -> Iterator[Referee]:
    with referee_of(stack) as referee:
        yield referee
        referee.calm()


@pytest.fixture(scope="session")
def swept() -> Iterator[Stack]:
    """A Payonce of its own, whose sweeps look twenty times as often, for proofs that stop parts of it."""
    with temporary_stack(sweep_factor=0.05) as running:
        yield running


@pytest.fixture
def shop(swept: Stack) -> Iterator[Shop]:
    """That stack with client and referee; whole and calm again after each proof."""
    with merchant_of(swept) as merchant, referee_of(swept) as referee:
        shop = Shop(swept, merchant, referee)
        yield shop
        shop.whole_again()
        referee.calm()
