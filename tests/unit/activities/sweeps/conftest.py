"""The scene of every sweep."""

import pytest

from tests.unit.activities.sweeps.scene import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()
