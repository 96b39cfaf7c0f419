"""Which account takes a payment."""

import pytest

from api.accounts import Accounts, choose_account
from domain.errors import InvalidInput
from domain.ports import Caller, GatewayAccount
from tests.unit.api.fake_merchants import FakeMerchants
from tests.unit.api.fakes import FakeClock


def account(account_id: str, gateway: str = "stripe", *, is_default: bool = False) -> GatewayAccount:
    return GatewayAccount(
        id=account_id, merchant_id="mer", mode="test", gateway=gateway, secret_name="S", is_default=is_default
    )


def test_the_only_one_that_fits() -> None:
    accounts = [account("a"), account("b", "square")]
    assert choose_account(accounts, "square", set()).id == "b"
    assert choose_account(accounts[:1], None, set()).id == "a"


def test_the_one_marked_then_the_servers() -> None:
    accounts = [account("a"), account("b", is_default=True), account("c", "square")]
    assert choose_account(accounts, None, {"a"}).id == "b"
    assert choose_account([account("a"), account("c")], "stripe", {"c"}).id == "c"


@pytest.mark.parametrize("accounts", [[], [account("a", "square")], [account("a"), account("b")]])
def test_none_or_several_is_a_question_about_the_gateway(accounts: list[GatewayAccount]) -> None:
    with pytest.raises(InvalidInput) as refused:
        choose_account(accounts, "stripe", set())
    assert refused.value.field == "gateway"


async def test_accounts_are_remembered_for_a_while_and_their_absence_is_not() -> None:
    merchants, clock = FakeMerchants(), FakeClock()
    accounts = Accounts(merchants, defaults={}, clock=clock, cache_seconds=5)
    caller = Caller(merchant_id="mer", mode="test", key_id="k")
    with pytest.raises(InvalidInput):
        await accounts.choose(caller, None)
    assert await accounts.by_id("a") is None
    merchants.rows["a"] = account("a")
    assert (await accounts.choose(caller, None)).id == "a"
    assert await accounts.by_id("a") == account("a")
    del merchants.rows["a"]
    assert (await accounts.choose(caller, None)).id == "a"
    assert await accounts.by_id("a") is not None
    clock.advance(5)
    assert await accounts.by_id("a") is None
    with pytest.raises(InvalidInput):
        await accounts.choose(caller, None)
