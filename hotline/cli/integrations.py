"""``hotline tokens …``: the programs that take pops from us."""

import asyncio
import enum
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from hotline.cli.common import State, clear_errors, err, fail, out, state

if TYPE_CHECKING:
    from collections.abc import Collection

    from agent_console.store.integration_model import Grant

_DAY_S = 86_400.0


class Scope(enum.StrEnum):
    """What a program may see; docs/event-api.md explains each."""

    POPS = "pops"
    CALLS = "calls"
    AGENTS = "agents"
    CUSTOMER = "customer"
    NUMBERS = "numbers"


SCOPES = typer.Option([Scope.POPS], "--scope", help="What it may see; may be repeated.")
QUEUES = typer.Option([], "--queue", help="Only this queue; may be repeated.")
AGENTS = typer.Option([], "--agent", help="Only this agent id; may be repeated.")
EVERYTHING = typer.Option(False, "--all", help="Every queue and agent, also future ones.")

tokens = typer.Typer(help="Tokens for programs that read the event API.", no_args_is_help=True)


@tokens.command("add")
@clear_errors
def add_token(
    context: typer.Context,
    name: str = typer.Argument(..., help="Which program it is for."),
    scope: list[Scope] = SCOPES,
    queue: list[str] = QUEUES,
    agent: list[str] = AGENTS,
    everything: bool = EVERYTHING,
    days: int = typer.Option(365, min=1, max=3650, help="For how long it is good."),
) -> None:
    """Make a token; prints it once, it cannot be shown again."""
    from agent_console.events_api.tokens import new_token
    from hotline.accounts import open_integrations

    grant = _grant(state(context), scope, queue, agent, everything)
    text, record = new_token(name, grant, now=time.time(), lifetime_s=days * _DAY_S)

    async def store() -> None:
        async with open_integrations(state(context).settings) as integrations:
            await integrations.add_token(record)

    asyncio.run(store())
    err.print(f"token {record.token_id} for {name}; keep it like a password:", markup=False)
    out.print(text, markup=False, soft_wrap=True)


@tokens.command("list")
@clear_errors
def list_tokens(context: typer.Context) -> None:
    """List all tokens, without their secrets."""
    from hotline.accounts import open_integrations

    async def read() -> None:
        async with open_integrations(state(context).settings) as integrations:
            found = await integrations.tokens()
        if not found:
            err.print("none yet; make one with `hotline tokens add`")
            return
        table = Table("id", "name", "scopes", "queues", "agents", "last used", "ends")
        for token in found:
            over = "revoked" if token.revoked_at is not None else _day(token.expires_at)
            table.add_row(
                token.token_id, token.name, *_seen(token.grant), _day(token.seen_at), over
            )
        out.print(table)

    asyncio.run(read())


@tokens.command("revoke")
@clear_errors
def revoke_token(
    context: typer.Context, token_id: str = typer.Argument(..., help="Id from the list.")
) -> None:
    """Make a token worthless; open connections end within a second."""
    from agent_console.errors import ConsoleError
    from hotline.accounts import open_integrations

    async def store() -> None:
        async with open_integrations(state(context).settings) as integrations:
            await integrations.revoke_token(token_id, time.time())

    try:
        asyncio.run(store())
    except ConsoleError as error:
        fail(str(error))
    out.print(f"{token_id} is revoked")


def _grant(
    where: State, scopes: list[Scope], queues: list[str], agents: list[str], everything: bool
) -> "Grant":
    from agent_console.store.integration_model import Grant

    if everything == bool(queues or agents):
        fail("say which calls it may see: --queue or --agent, or --all for all of them")
    known = {queue.name for queue in where.settings.queues}
    unknown = sorted(set(queues) - known)
    if unknown:
        fail(f"no such queue: {', '.join(unknown)}; accepted: {', '.join(sorted(known))}")
    return Grant(
        scopes=frozenset(scope.value for scope in scopes),
        queues=frozenset(queues) if queues else None,
        agents=frozenset(agents) if agents else None,
    )


def _seen(grant: "Grant") -> tuple[str, str, str]:
    return _listed(grant.scopes), _listed(grant.queues), _listed(grant.agents)


def _listed(values: "Collection[str] | None") -> str:
    return "all" if values is None else ", ".join(sorted(values))


def _day(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
