"""Compare a gateway account's own book with our record now, and tell every difference."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.main import COMMAND, FAILED
from settings import Settings, read_settings
from stack.assembly import Stack
from stack.errors import StackError

if TYPE_CHECKING:
    from bootstrap import House
    from domain.passes import Pass, PassOrder, PassResult, StoredFinding

app = typer.Typer(**COMMAND)
LOOK_EVERY_SECONDS = 0.5
BOUND = timedelta(hours=6)


@app.command()
def reconcile(
    account: Annotated[str, typer.Option(help="A gateway account's id, as in stripe_test")] = "",
    since: Annotated[
        str, typer.Option("--from", help="ISO date or time, UTC; default: where the last pass ended")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="ISO date or time, UTC; default: now")] = "",
    settle_seconds: Annotated[float, typer.Option(min=1, help="What changed this shortly before the end waits")] = 300,
    state: Annotated[Path | None, typer.Option(help="The state folder of `payonce up`; default .payonce")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The pass and its findings as JSON")] = False,
) -> None:
    """A running worker does it; this command follows. Differences that can be proven are repaired on the way."""
    settings = _settings(state)
    account = account or f"stripe_{settings.payonce.mode}"
    since_at, until_at = _moment("--from", since), _moment("--to", until)
    told = asyncio.run(run_pass(settings, account, since_at, until_at, settle_seconds))
    typer.echo(json.dumps(told, indent=1, default=str) if as_json else "\n".join(_lines(told)))
    if told["state"] != "finished":
        raise typer.Exit(FAILED)


async def run_pass(
    settings: Settings, account_id: str, since: datetime | None, until: datetime | None, settle_seconds: float
) -> dict[str, Any]:
    """Raises StackError for an unknown account, an empty window, or when nothing answers."""
    import bootstrap
    from domain.errors import PayonceError
    from telemetry import new_registry

    try:
        async with bootstrap.open_house(settings, new_registry()) as house:
            order = await _order(house, account_id, since, until, settle_seconds)
            return await _follow(house, order)
    except PayonceError as error:
        raise StackError(f"{error}. `payonce doctor` looks at what runs.") from error


async def _order(
    house: "House", account_id: str, since: datetime | None, until: datetime | None, settle_seconds: float
) -> "PassOrder":
    import bootstrap
    from domain.passes import OVERLAP, PassOrder
    from storage.reconciliation import PostgresReconciliation

    await bootstrap.load_accounts(house.settings, house.database, house.gateways)
    capabilities = house.gateways.for_account(account_id).capabilities
    whole_until, overlap = bootstrap.utc_now() - capabilities.listing_lag, OVERLAP + capabilities.listing_reach
    records = PostgresReconciliation(house.database)
    due_from, _ = await records.window(account_id, until=whole_until, overlap=overlap)
    window_from, window_to = _window(account_id, since or due_from, until, whole_until)
    return PassOrder(
        id=bootstrap.new_id("reconciliation"),
        account_id=account_id,
        window_from=window_from,
        window_to=window_to,
        trigger="person",
        settle_seconds=settle_seconds,
    )


async def _follow(house: "House", order: "PassOrder") -> dict[str, Any]:
    """Start the pass, say on standard error how far it is, and read what it left on record."""
    from temporalio.client import WorkflowFailureError
    from temporalio.service import RPCError

    from workflows.reconciliation import ReconciliationWorkflow

    try:
        handle = await house.client.start_workflow(
            ReconciliationWorkflow.run,
            order,
            id=order.id,
            task_queue=house.settings.payonce.task_queue,
            static_summary=f"reconcile {order.account_id}",
            execution_timeout=BOUND,
        )
        following = asyncio.create_task(_say_progress(house, order))
        result = await handle.result()
    except RPCError as error:
        raise StackError(f"Temporal does not answer ({error.message}). `payonce doctor` looks.") from error
    except WorkflowFailureError as error:
        raise StackError(f"The pass {order.id} failed: {error.cause}") from error
    following.cancel()
    return await _told(house, order, result)


async def _say_progress(house: "House", order: "PassOrder") -> None:
    said = ""
    while True:
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        found = await _read(house, order)
        if found is not None:
            line = f"{found.state}: {found.movements} lines of the gateway's book, {found.payments} payments compared"
            if line != said:
                typer.echo(line, err=True)
            said = line


async def _read(house: "House", order: "PassOrder") -> "Pass | None":
    from domain.ports import Caller
    from storage.reconciliation import PostgresReconciliation
    from storage.reconciliation_archive import PostgresReconciliationArchive

    account = await PostgresReconciliation(house.database).account(order.account_id)
    caller = Caller(merchant_id=account.merchant_id, mode=account.mode, key_id="")
    return await PostgresReconciliationArchive(house.database).read(caller, order.id)


async def _told(house: "House", order: "PassOrder", result: "PassResult") -> dict[str, Any]:
    """The pass and its findings as plain values."""
    from domain.ports import Caller
    from storage.reconciliation_archive import PostgresReconciliationArchive

    found = await _read(house, order)
    if found is None:
        raise StackError(f"The pass {order.id} is not on record.")
    caller = Caller(merchant_id=found.merchant_id, mode=found.mode, key_id="")
    findings = await PostgresReconciliationArchive(house.database).findings(caller, found)
    return {**asdict(found), "repaired": result.repaired, "cases": result.cases, "findings": [*map(_plain, findings)]}


def _plain(stored: "StoredFinding") -> dict[str, Any]:
    from domain.reconciliation import ACTIONS

    finding = asdict(stored.finding)
    standing = {name: value for name, value in asdict(stored).items() if name != "finding"}
    return {**standing, **finding, "action": ACTIONS[stored.finding.difference]}


def _lines(told: dict[str, Any]) -> list[str]:
    """For people."""
    window = f"{told['window_from']:%Y-%m-%d %H:%M} to {told['window_to']:%Y-%m-%d %H:%M} UTC"
    compared = f"{told['movements']} lines of the gateway's book, {told['payments']} payments compared"
    waiting = f"{told['too_fresh']} too fresh to tell, {told['not_covered']} older than any walked window"
    lines = [f"{told['id']}: {told['account_id']}, {window}", f"{compared}; {waiting}."]
    for finding in told["findings"]:
        lines.append(f"  {finding['status']:<8}  {finding['difference']:<17}  {finding['sentence']}")
        if finding["status"] == "case":
            lines.append(f"  {'':<8}  {'':<17}  {finding['action']}")
    return lines if told["findings"] else [*lines, "Both books agree."]


def _window(
    account_id: str, since: datetime, until: datetime | None, whole_until: datetime
) -> tuple[datetime, datetime]:
    """As asked, but not beyond what the gateway's book has for certain."""
    end = min(until or whole_until, whole_until)
    if since >= end:
        told = f"--from {since.isoformat()} must be before --to {end.isoformat()}"
        raise StackError(f"{told}; the book of {account_id} is whole until {whole_until.isoformat()}.")
    return since, end


def _moment(option: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("must be a date or time like 2026-11-21T06:00", param_hint=option) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _settings(state: Path | None) -> Settings:
    """With the addresses of the running stack in the empty places."""
    stack = Stack(read_settings(payonce={"state": state} if state else {}))
    if {"postgres", "temporal"} & set(stack.embedded) and not stack.state.exists:
        raise StackError(f"Nothing was ever started in {stack.state.path}: run `make up`, or set DATABASE_URL.")
    return stack.settings
