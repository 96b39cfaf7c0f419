"""Create and list merchants, and create and revoke their API keys, directly in the database."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from cli.main import COMMAND
from settings import Settings, read_settings
from stack.errors import StackError

if TYPE_CHECKING:
    from domain.register import MerchantRegister

R = TypeVar("R")

app = typer.Typer(**COMMAND)
keys = typer.Typer(**COMMAND)
app.add_typer(keys, name="keys", help="The API keys of a merchant.")

StateOption = Annotated[Path | None, typer.Option(help="The state folder of `payonce up`; default .payonce")]
ModeOption = Annotated[Literal["test", "live"] | None, typer.Option(help="Default: PAYONCE_MODE")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it")],
    mode: ModeOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """A merchant with an account at each gateway that is served, and a first API key, which is shown this once."""
    import bootstrap

    if not name.strip():
        raise typer.BadParameter("must say something", param_hint="NAME")
    settings = _settings(state, mode)

    async def work(register: "MerchantRegister") -> dict[str, Any]:
        merchant_id = await bootstrap.create_merchant(settings, register, name)
        accounts = await register.accounts(merchant_id, settings.payonce.mode)
        key_id, api_key = await bootstrap.create_api_key(register, merchant_id, settings.payonce.mode)
        webhooks = {a.gateway: f"{settings.public_url}/v1/webhooks/{a.gateway}/{a.id}" for a in accounts}
        ids = {account.gateway: account.id for account in accounts}
        return {"merchant": merchant_id, "accounts": ids, "webhooks": webhooks, "key": key_id, "api_key": api_key}

    made = _with_register(settings, work)
    places = "\n".join(f"webhooks of {made['accounts'][name]} go to {url}" for name, url in made["webhooks"].items())
    _tell(made, as_json, f"{name} is {made['merchant']}\n{places}")


@app.command("list")
def list_merchants(mode: ModeOption = None, state: StateOption = None, as_json: JsonOption = False) -> None:
    """Every merchant and the API keys of all modes; of a key only its end is known."""

    async def work(register: "MerchantRegister") -> list[dict[str, Any]]:
        issued = [{**asdict(key), "scopes": sorted(key.scopes)} for key in await register.api_keys()]
        return [
            {**asdict(merchant), "keys": [key for key in issued if key["merchant_id"] == merchant.id]}
            for merchant in await register.merchants()
        ]

    merchants = _with_register(_settings(state, mode), work)
    if as_json:
        typer.echo(json.dumps(merchants, indent=1, default=lambda moment: moment.isoformat()))
        return
    for merchant in merchants:
        typer.echo(f"{merchant['id']}  {merchant['name']}")
        for key in merchant["keys"]:
            standing = f"revoked {key['revoked_at']:%Y-%m-%d %H:%M}" if key["revoked_at"] else "valid"
            typer.echo(f"  {key['id']}  {key['mode']} ...{key['last4']}  {' '.join(key['scopes'])}  {standing}")


@keys.command("create")
def create_key(
    merchant: Annotated[str, typer.Argument(help="A merchant's id, as in mer_01...")],
    scope: Annotated[
        Literal["payments", "operator"], typer.Option(help="operator: may also resolve parked payments")
    ] = "payments",
    mode: ModeOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """One more key for the merchant, shown this once."""
    import bootstrap
    from domain import scopes

    settings = _settings(state, mode)

    async def work(register: "MerchantRegister") -> dict[str, str]:
        if merchant not in [known.id for known in await register.merchants()]:
            raise StackError(f"There is no merchant {merchant}; `payonce merchants list` shows them.")
        granted = scopes.KINDS[scope]
        key_id, api_key = await bootstrap.create_api_key(register, merchant, settings.payonce.mode, granted)
        return {"merchant": merchant, "key": key_id, "api_key": api_key}

    _tell(_with_register(settings, work), as_json, f"a new key for {merchant}")


@keys.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="A key's id, as in key_01..., never the key itself")],
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Refuse the key from now on; a running API notices within seconds."""
    import bootstrap

    async def work(register: "MerchantRegister") -> None:
        if key not in [known.id for known in await register.api_keys()]:
            raise StackError(f"There is no key {key[:30]}; `payonce merchants list` shows the ids.")
        await register.revoke_api_key(key, at=bootstrap.utc_now())

    _with_register(_settings(state, None), work)
    typer.echo(json.dumps({"key": key, "revoked": True}) if as_json else f"{key} is revoked")


def _settings(state: Path | None, mode: str | None) -> Settings:
    """With database and gateways of the running stack, unless the environment names others."""
    from pydantic import SecretStr

    from stack.assembly import Stack

    given = {name: value for name, value in (("state", state), ("mode", mode)) if value is not None}
    stack = Stack(read_settings(payonce=given))
    if "postgres" in stack.embedded and not stack.state.exists:
        raise StackError(f"Nothing was ever started in {stack.state.path}: run `make up`, or set DATABASE_URL.")
    if stack.state.exists:
        return stack.settings
    database = stack.given.database.model_copy(update={"url": SecretStr(stack.database_url)})
    return stack.given.model_copy(update={"database": database})


def _with_register(settings: Settings, work: Callable[["MerchantRegister"], Awaitable[R]]) -> R:
    """Raises StackError when the database cannot be reached or refuses."""
    import bootstrap
    from domain.errors import RecordError
    from storage.merchants import PostgresMerchants

    async def run() -> R:
        async with bootstrap.open_database(settings) as database:
            return await work(PostgresMerchants(database))

    try:
        return asyncio.run(run())
    except RecordError as error:
        raise StackError(f"{error}. Is it running? `payonce doctor` looks.") from error


def _tell(made: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        typer.echo(json.dumps(made))
        return
    typer.echo(f"{sentence}\n{made['key']}: {made['api_key']}\nKeep it now: it is not shown again.")
