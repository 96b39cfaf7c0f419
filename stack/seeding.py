"""The default merchant of a fresh stack, with its account and an API key that is kept in the state folder."""

import asyncio

import bootstrap
from settings import Settings
from storage.merchants import PostgresMerchants


def seed(settings: Settings) -> str:
    """The default merchant, its account at each gateway and an API key; the key, kept in the state folder.

    Safe to repeat. Only the key's hash is in the database; the file is readable by its owner alone.
    """
    return asyncio.run(_seed(settings))


async def _seed(settings: Settings) -> str:
    mode, now = settings.payonce.mode, bootstrap.utc_now()
    async with bootstrap.open_database(settings) as database:
        merchants = PostgresMerchants(database)
        await merchants.create_merchant(merchant_id=bootstrap.DEFAULT_MERCHANT_ID, name="Default merchant", at=now)
        for account in bootstrap.new_accounts(
            settings, bootstrap.DEFAULT_MERCHANT_ID, lambda gateway: bootstrap.default_account_id(gateway, mode)
        ):
            await merchants.create_account(account, at=now)
        return await _kept_api_key(settings, merchants)


async def _kept_api_key(settings: Settings, merchants: PostgresMerchants) -> str:
    mode, kept = settings.payonce.mode, settings.payonce.state / f"api-key-{settings.payonce.mode}"
    if kept.is_file():
        api_key = kept.read_text().strip()
        if await merchants.authenticate(bootstrap.api_key_hash(api_key)) is not None:
            return api_key
    _, api_key = await bootstrap.create_api_key(merchants, bootstrap.DEFAULT_MERCHANT_ID, mode)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch(mode=0o600)
    kept.write_text(api_key + "\n")
    return api_key
