"""``hotline users …``: the people who sign in to the console."""

import asyncio
import enum

import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, fail, out, state


class Role(enum.StrEnum):
    """What somebody may do."""

    AGENT = "agent"
    LEADER = "leader"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


app = typer.Typer(help="The people who sign in to the console.", no_args_is_help=True)


@app.command("list")
@clear_errors
def list_users(context: typer.Context) -> None:
    """List everybody who may sign in."""
    from hotline.accounts import open_users

    async def read() -> None:
        async with open_users(state(context).settings) as store:
            users, phones = await store.users(), await store.phones()
            skills = await store.skills()
        if not users:
            err.print("nobody yet; add the first with `hotline users add`")
            return
        table = Table("login", "name", "role", "agent", "phones", "skills", "")
        for user in users:
            own = ", ".join(p.extension for p in phones if p.login == user.login)
            table.add_row(
                user.login,
                user.display_name,
                user.role,
                user.agent_id or "",
                own,
                ", ".join(f"{s.queue}/{s.penalty}" for s in skills if s.login == user.login),
                "disabled" if user.disabled else "",
            )
        out.print(table)

    asyncio.run(read())


@app.command()
@clear_errors
def add(
    context: typer.Context,
    login: str = typer.Argument(..., help="Name to sign in with."),
    name: str = typer.Option(..., "--name", help="Name that others see."),
    role: Role = typer.Option(Role.AGENT, help="What the person may do."),
    agent_id: str = typer.Option("", "--agent", help="Agent id, for somebody who takes calls."),
    extension: list[str] = typer.Option([], "--extension", help="SIP phone; may be repeated."),
    password: str = typer.Option(
        ...,
        prompt=True,
        hide_input=True,
        confirmation_prompt=True,
        help="Asked for when left out.",
    ),
) -> None:
    """Add somebody; prints the SIP secret of each phone once.

    A running `hotline serve` learns of new phones by SIGHUP (`systemctl reload hotline`).
    """
    from agent_console.errors import ConsoleError
    from hotline.accounts import add_user, open_users

    for number in extension:
        if not (number.isascii() and number.isdigit() and 2 <= len(number) <= 8):
            fail(f"{number}: an extension is 2 to 8 digits")

    async def store() -> None:
        async with open_users(state(context).settings) as users:
            await add_user(users, login, name, role.value, password, agent_id or None, extension)
            made = [p for p in await users.phones() if p.login == login]
        out.print(f"added {login}")
        for phone in made:
            out.print(f"phone {phone.extension}: SIP secret {phone.sip_secret}", markup=False)

    try:
        asyncio.run(store())
    except ConsoleError as error:
        fail(str(error))


@app.command()
@clear_errors
def skill(
    context: typer.Context,
    login: str = typer.Argument(..., help="Who."),
    queue: str = typer.Argument(..., help="Queue whose calls the agent takes."),
    penalty: int = typer.Option(0, min=0, max=100, help="Lower is asked first."),
    remove: bool = typer.Option(False, "--remove", help="Take the skill away."),
) -> None:
    """Let somebody take the calls of a queue, from their next sign-in on.

    Who has skills serves exactly these queues; who has none serves those of the settings.
    """
    from agent_console.errors import ConsoleError
    from agent_console.store import Skill
    from hotline.accounts import open_users

    settings = state(context).settings
    known = [q.name for q in settings.queues]
    if queue not in known and not remove:
        fail(f"{queue}: no such queue; accepted: {', '.join(known)}")

    async def store() -> str:
        async with open_users(settings) as users:
            if not remove:
                await users.set_skill(Skill(login=login, queue=queue, penalty=penalty))
                return f"{login} takes calls of {queue} (penalty {penalty})"
            found = await users.remove_skill(login, queue)
        return f"{login} {'takes no more' if found else 'never took'} calls of {queue}"

    try:
        out.print(asyncio.run(store()), markup=False)
    except ConsoleError as error:
        fail(str(error))


@app.command()
@clear_errors
def passwd(
    context: typer.Context,
    login: str = typer.Argument(..., help="Whose password."),
    password: str = typer.Option(..., prompt=True, hide_input=True, confirmation_prompt=True),
) -> None:
    """Set a new password; it also lifts a lock."""
    from agent_console.errors import ConsoleError
    from hotline.accounts import open_users, set_password

    async def store() -> None:
        async with open_users(state(context).settings) as users:
            await set_password(users, login, password)

    try:
        asyncio.run(store())
    except ConsoleError as error:
        fail(str(error))
    out.print(f"password of {login} changed")


@app.command()
@clear_errors
def disable(context: typer.Context, login: str = typer.Argument(..., help="Who.")) -> None:
    """Keep somebody out; ends their sessions."""
    from agent_console.errors import ConsoleError
    from hotline.accounts import open_users

    async def store() -> None:
        async with open_users(state(context).settings) as users:
            await users.set_disabled(login, True)

    try:
        asyncio.run(store())
    except ConsoleError as error:
        fail(str(error))
    out.print(f"{login} is disabled")
