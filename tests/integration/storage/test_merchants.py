"""Who may call, and whose accounts are whose."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import RecordError
from domain.ports import Caller
from tests.integration.storage.record import NOW, Record, account_of, new_id


def hash_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


async def test_a_key_names_its_merchant_and_mode_until_it_is_revoked(record: Record) -> None:
    key_id, key_hash = new_id("api_key"), hash_of(new_id("api_key"))
    create = record.merchants.create_api_key
    await create(key_id=key_id, merchant_id="mer_bob", mode="live", key_hash=key_hash, last4="abcd", at=NOW)
    await create(key_id=key_id, merchant_id="mer_bob", mode="live", key_hash=key_hash, last4="abcd", at=NOW)
    assert await record.merchants.authenticate(key_hash) == Caller(merchant_id="mer_bob", mode="live", key_id=key_id)
    assert await record.merchants.authenticate(hash_of("another")) is None
    await record.merchants.revoke_api_key(key_id, at=NOW)
    assert await record.merchants.authenticate(key_hash) is None


async def test_a_key_in_clear_is_refused(record: Record) -> None:
    with pytest.raises(RecordError, match="ck_api_keys_key_hash"):
        await record.merchants.create_api_key(
            key_id=new_id("api_key"), merchant_id="mer_bob", mode="test", key_hash="sk_test_x", last4="st_x", at=NOW
        )


async def test_a_key_needs_a_merchant(record: Record) -> None:
    with pytest.raises(RecordError, match="fk_api_keys_merchants"):
        await record.merchants.create_api_key(
            key_id=new_id("api_key"), merchant_id="mer_x", mode="test", key_hash=hash_of("x"), last4="x", at=NOW
        )


async def test_accounts_are_listed_by_merchant_and_mode(record: Record) -> None:
    known = account_of("alice", "test")
    await record.merchants.create_account(replace(known, secret_name="CHANGED"), at=NOW)  # idempotent by id
    assert await record.merchants.account(known.id) == known
    assert await record.merchants.account("acct_nobody") is None
    second = replace(known, id="acct_alice_second", is_default=False)
    await record.merchants.create_account(second, at=NOW)
    assert await record.merchants.accounts("mer_alice", "test") == [second, known]
    assert await record.merchants.accounts("mer_alice", "live") == [account_of("alice", "live")]
    assert await record.merchants.accounts("mer_nobody", "live") == []


async def test_a_second_default_account_is_refused(record: Record) -> None:
    rival = replace(account_of("bob", "test"), id="acct_rival")
    with pytest.raises(RecordError, match="uq_gateway_accounts_default"):
        await record.merchants.create_account(rival, at=NOW)


async def test_the_register_shows_all_merchants_and_keys_oldest_first(record: Record) -> None:
    key_id, later = new_id("api_key"), NOW + timedelta(days=1)
    await record.merchants.create_merchant(merchant_id="mer_young", name="Young", at=later)
    await record.merchants.create_api_key(
        key_id=key_id, merchant_id="mer_young", mode="live", key_hash=hash_of(key_id), last4="wxyz", at=later
    )
    await record.merchants.revoke_api_key(key_id, at=later)
    merchants = await record.merchants.merchants()
    assert [(merchant.id, merchant.name) for merchant in merchants][-1] == ("mer_young", "Young")
    assert [merchant.created_at for merchant in merchants] == sorted(merchant.created_at for merchant in merchants)
    newest = (await record.merchants.api_keys())[-1]
    assert (newest.id, newest.merchant_id, newest.mode, newest.last4) == (key_id, "mer_young", "live", "wxyz")
    assert newest.revoked_at == later


async def test_the_sweep_sees_the_accounts_of_every_merchant_in_its_mode(record: Record) -> None:
    accounts = await record.merchants.all_accounts("live")
    assert {account.id for account in accounts} >= {"acct_alice_live", "acct_bob_live"}
    assert {account.mode for account in accounts} == {"live"}
