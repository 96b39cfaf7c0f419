"""Pages for people work without a network."""

import re

import pytest

from tests.unit.api.conftest import World


async def test_the_docs_load_nothing_from_elsewhere(world: World) -> None:
    page = (await world.client.get("/docs")).text
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert addresses
    for address in addresses:
        assert address.startswith("/")
        assert (await world.client.get(address)).status_code == 200
    assert "https://" not in page
    assert "/openapi.json" in page


async def test_the_landing_page_shows_the_way(world: World) -> None:
    page = (await world.client.get("/")).text
    assert 'href="/docs"' in page
    assert "http://ui.example" in page
    assert "curl http://pay.example/v1/payments" in page
    assert "$" not in page


@pytest.mark.parametrize("path", ["/checkout/complete?order_id=<script>", "/checkout/canceled"])
async def test_a_customer_arrives_somewhere(world: World, path: str) -> None:
    answer = await world.client.get(path)
    assert answer.status_code == 200
    assert "<script>" not in answer.text
