"""``hotline tokens …`` and ``hotline webhooks …``: the programs that take pops from us."""

import asyncio
import enum
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer
from rich.table import Column, Table

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
    ALARMS = "alarms"
    FLOOR = "floor"
    CUSTOMER = "customer"
    NUMBERS = "numbers"


SCOPES = typer.Option([Scope.POPS], "--scope", help="What it may see; may be repeated.")
QUEUES = typer.Option([], "--queue", help="Only this queue; may be repeated.")
AGENTS = typer.Option([], "--agent", help="Only this agent id; may be repeated.")
WEBHOOK_ID = typer.Argument(..., help="Id from the list.")
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


def _id_column() -> Column:
    """The id is for copying: a narrow terminal cuts other columns."""
    return Column("id", no_wrap=True, min_width=12)


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
        table = Table(_id_column(), "name", "scopes", "queues", "agents", "last used", "ends")
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


webhooks = typer.Typer(help="Addresses to which events are sent.", no_args_is_help=True)


@webhooks.command("add")
@clear_errors
def add_webhook(
    context: typer.Context,
    url: str = typer.Argument(..., help="https address of the receiver."),
    kind: list[str] = typer.Option([], "--kind", help="Only such events; may be repeated."),
    scope: list[Scope] = SCOPES,
    queue: list[str] = QUEUES,
    agent: list[str] = AGENTS,
    everything: bool = EVERYTHING,
) -> None:
    """Send events to an address; prints the key of the signatures once."""
    from agent_console.errors import ConsoleError
    from agent_console.events_api.messages import SCOPE_OF
    from agent_console.events_api.signing import new_secret
    from agent_console.events_api.targets import read_url
    from agent_console.store.integration_model import Webhook
    from hotline.accounts import open_integrations
    from hotline.integrations import webhook_policy

    settings = state(context).settings
    unknown = sorted(set(kind) - SCOPE_OF.keys())
    if unknown:
        fail(f"no such kind: {', '.join(unknown)}; accepted: {', '.join(SCOPE_OF)}")
    try:
        read_url(url, webhook_policy(settings))
    except ConsoleError as error:
        fail(str(error))
    hook = Webhook(
        webhook_id=secrets.token_hex(6),
        url=url,
        secret=new_secret(),
        grant=_grant(state(context), scope, queue, agent, everything),
        kinds=frozenset(kind) or None,
        created_at=time.time(),
    )

    async def store() -> None:
        async with open_integrations(settings) as integrations:
            await integrations.add_webhook(hook)

    asyncio.run(store())
    err.print(f"webhook {hook.webhook_id}; the receiver checks signatures with:", markup=False)
    out.print(hook.secret, markup=False, soft_wrap=True)


@webhooks.command("list")
@clear_errors
def list_webhooks(context: typer.Context) -> None:
    """List all webhooks and what waits for them."""
    from hotline.accounts import open_integrations

    async def read() -> None:
        async with open_integrations(state(context).settings) as integrations:
            found, counts = await integrations.webhooks(), await integrations.counts()
        if not found:
            err.print("none yet; make one with `hotline webhooks add`")
            return
        table = Table(
            _id_column(), "address", "kinds", "scopes", "queues", "agents", "waiting", "dead"
        )
        for hook in found:
            waiting = counts.get((hook.webhook_id, "pending"), 0)
            waiting += counts.get((hook.webhook_id, "failed"), 0)
            dead = counts.get((hook.webhook_id, "dead"), 0)
            own = (_listed(hook.kinds), *_seen(hook.grant), str(waiting), str(dead))
            table.add_row(hook.webhook_id, hook.url, *own)
        out.print(table)

    asyncio.run(read())


@webhooks.command("test")
@clear_errors
def try_webhook(context: typer.Context, webhook_id: str = WEBHOOK_ID) -> None:
    """Send one event of the kind "test" now and say what the receiver answered."""
    from agent_console.errors import UnknownWebhookError
    from agent_console.events_api.messages import ENCODER, Test
    from hotline.accounts import open_integrations
    from hotline.integrations import make_poster

    settings = state(context).settings

    async def send() -> str | None:
        async with open_integrations(settings) as integrations:
            hooks = {hook.webhook_id: hook for hook in await integrations.webhooks()}
        hook = hooks.get(webhook_id)
        if hook is None:
            fail(str(UnknownWebhookError(webhook_id)))
        event = Test(id=f"test-{secrets.token_hex(6)}", at=time.time())
        poster = make_poster(settings)
        outcome = await poster.post(hook.url, hook.secret, event.id, ENCODER.encode(event))
        await poster.close()
        out.print(outcome.detail, markup=False)
        return None if outcome.ok else "the receiver did not take it (it must answer 2xx)"

    problem = asyncio.run(send())
    if problem:
        fail(problem)


@webhooks.command("dead")
@clear_errors
def list_dead(context: typer.Context) -> None:
    """List the deliveries that were given up."""
    from hotline.accounts import open_integrations

    async def read() -> None:
        async with open_integrations(state(context).settings) as integrations:
            found = await integrations.dead()
        if not found:
            err.print("none")
            return
        table = Table("id", "webhook", "event", "kind", "of", "tries", "last error")
        for one in found:
            about = (one.delivery_id, one.webhook_id, one.event_id, one.kind)
            table.add_row(*about, _day(one.created_at), str(one.attempts), one.last_error)
        out.print(table)

    asyncio.run(read())


@webhooks.command("retry")
@clear_errors
def retry_dead(
    context: typer.Context,
    delivery_id: str = typer.Argument("", help="Id from the dead; none: all of them."),
    webhook_id: str = typer.Option("", "--webhook", help="Only those of this webhook."),
) -> None:
    """Let what was given up be tried again."""
    from hotline.accounts import open_integrations

    async def change() -> int:
        async with open_integrations(state(context).settings) as integrations:
            return await integrations.retry(time.time(), webhook_id or None, delivery_id or None)

    count = asyncio.run(change())
    if not count:
        fail("nothing to retry; `hotline webhooks dead` shows what was given up")
    out.print(f"{count} will be tried again")


@webhooks.command("remove")
@clear_errors
def remove_webhook(context: typer.Context, webhook_id: str = WEBHOOK_ID) -> None:
    """Forget a webhook and everything that waits for it."""
    from agent_console.errors import ConsoleError
    from hotline.accounts import open_integrations

    async def change() -> None:
        async with open_integrations(state(context).settings) as integrations:
            await integrations.remove_webhook(webhook_id)

    try:
        asyncio.run(change())
    except ConsoleError as error:
        fail(str(error))
    out.print(f"{webhook_id} is removed")


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
