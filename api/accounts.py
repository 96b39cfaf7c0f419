"""Which gateway account takes a payment, and whose account a webhook came to."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from domain.errors import InvalidInput
from domain.ports import Caller, GatewayAccount, Merchants


class Accounts:
    """Remembers accounts for a few seconds: they are set up once and asked for with every payment and webhook."""

    def __init__(
        self,
        merchants: Merchants,
        *,
        defaults: Mapping[str, str],
        clock: Callable[[], datetime],
        cache_seconds: float,
    ) -> None:
        self._merchants = merchants
        self._defaults = defaults
        self._clock = clock
        self._cache_life = timedelta(seconds=cache_seconds)
        self._of_caller: dict[tuple[str, str], tuple[Sequence[GatewayAccount], datetime]] = {}
        self._by_id: dict[str, tuple[GatewayAccount, datetime]] = {}

    async def choose(self, caller: Caller, gateway: str | None) -> GatewayAccount:
        """Raises InvalidInput naming `gateway` when no account, or no default one, fits."""
        return choose_account(await self.of(caller), gateway, set(self._defaults.values()))

    async def of(self, caller: Caller) -> Sequence[GatewayAccount]:
        """All accounts of the caller's merchant and mode."""
        now = self._clock()
        accounts, until = self._of_caller.get((caller.merchant_id, caller.mode), ((), now))
        if until <= now:
            accounts = await self._merchants.accounts(caller.merchant_id, caller.mode)
            if accounts:
                self._of_caller[caller.merchant_id, caller.mode] = accounts, now + self._cache_life
        return accounts

    async def by_id(self, account_id: str) -> GatewayAccount | None:
        now = self._clock()
        account, until = self._by_id.get(account_id, (None, now))
        if account is None or until <= now:
            account = await self._merchants.account(account_id)
            if account is not None:
                self._by_id[account_id] = account, now + self._cache_life
        return account


def choose_account(accounts: Sequence[GatewayAccount], gateway: str | None, defaults: set[str]) -> GatewayAccount:
    """Of the accounts of that gateway (or of all) the only one, else the one marked default, else the server's."""
    fitting = [account for account in accounts if gateway in (None, account.gateway)]
    if not fitting:
        known = ", ".join(sorted({account.gateway for account in accounts})) or "none is set up"
        raise InvalidInput("gateway", f"no account at this gateway; yours: {known}")
    if len(fitting) == 1:
        return fitting[0]
    marked = [account for account in fitting if account.is_default] or [a for a in fitting if a.id in defaults]
    if not marked:
        raise InvalidInput("gateway", "several accounts fit and none is the default; name the gateway or mark one")
    return marked[0]
