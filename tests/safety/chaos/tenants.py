"""Another merchant in the same house, for tests of what one tenant may see of another."""

import asyncio

import bootstrap
from stack.assembly import Stack
from storage.merchants import PostgresMerchants


def add_merchant(stack: Stack, name: str) -> str:
    """A merchant with an account at the simulator; its API key. Do it before the processes start: they read it then."""
    return asyncio.run(_add(stack, name))


async def _add(stack: Stack, name: str) -> str:
    async with bootstrap.open_database(stack.settings) as database:
        merchants = PostgresMerchants(database)
        merchant_id = await bootstrap.create_merchant(stack.settings, merchants, name)
        _, api_key = await bootstrap.create_api_key(merchants, merchant_id, stack.settings.payonce.mode)
        return api_key
