"""``hotline users …``: the people who sign in to the console."""

import asyncio
import enum
import time
from datetime import datetime

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
        table = Table("login", "name", "role", "agent", "team", "phones", "skills", "")
        for user in users:
            own = ", ".join(p.extension for p in phones if p.login == user.login)
            table.add_row(
                user.login,
                user.display_name,
                user.role,
                user.agent_id or "",
                user.team,
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
    queue: list[str] = typer.Option(
        [], "--queue", help="Queue whose calls the agent takes; NAME or NAME/PENALTY; repeatable."
    ),
    password: str = typer.Option(
        ...,
        prompt=True,
        hide_input=True,
        confirmation_prompt=True,
        help="Asked for when left out.",
    ),
) -> None:
    """Add somebody; prints the SIP secret of each phone once.

    A running `hotline serve` gives Asterisk the phones within two seconds; calls go on.
    """
    from agent_console.errors import ConsoleError
    from agent_console.store import Skill
    from hotline.accounts import add_user, open_users

    known = [q.name for q in state(context).settings.queues]
    skills = [_skill(login, given, known) for given in queue]
    if skills and not agent_id:
        fail("--queue is for somebody who takes calls; add --agent ID")

    for number in extension:
        if not (number.isascii() and number.isdigit() and 2 <= len(number) <= 8):
            fail(f"{number}: an extension is 2 to 8 digits")

    async def store() -> None:
        async with open_users(state(context).settings) as users:
            await add_user(users, login, name, role.value, password, agent_id or None, extension)
            for skill in skills:
                await users.set_skill(Skill(login=login, queue=skill[0], penalty=skill[1]))
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
def team(
    context: typer.Context,
    login: str = typer.Argument(..., help="Who."),
    name: str = typer.Argument(..., help="Name of the team; '' for none."),
) -> None:
    """Put somebody into a team, by which the board groups and alarms choose agents."""
    from agent_console.errors import ConsoleError
    from hotline.accounts import open_users

    if len(name) > 64 or any(not letter.isprintable() for letter in name):
        fail("the name of a team has 64 printable characters at most")

    async def store() -> None:
        async with open_users(state(context).settings) as users:
            await users.set_team(login, name.strip())

    try:
        asyncio.run(store())
    except ConsoleError as error:
        fail(str(error))
    out.print(f"{login} is in {f'team {name}' if name else 'no team'}", markup=False)


@app.command()
@clear_errors
def passwd(
    context: typer.Context,
    login: str = typer.Argument(..., help="Whose password."),
    password: str = typer.Option(..., prompt=True, hide_input=True, confirmation_prompt=True),
) -> None:
    """Set a new password; it also lifts a lock and signs the person out everywhere."""
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
    """Keep somebody out.

    Their pages close within a second, they leave the queues, and their phones can no longer
    register or dial; a call that they are in goes on.
    """
    _set_disabled(context, login, True)
    out.print(f"{login} is disabled", markup=False)


@app.command()
@clear_errors
def enable(context: typer.Context, login: str = typer.Argument(..., help="Who.")) -> None:
    """Let somebody in again, with the same phones and secrets."""
    _set_disabled(context, login, False)
    out.print(f"{login} may sign in again", markup=False)


@app.command()
@clear_errors
def sessions(context: typer.Context, login: str = typer.Argument(..., help="Whose.")) -> None:
    """List the browsers in which somebody is signed in."""
    from hotline.accounts import open_users

    async def read() -> None:
        async with open_users(state(context).settings) as users:
            if await users.user(login) is None:
                fail(f"there is no user {login!r}; `hotline users list` shows all")
            found = await users.sessions_of(login, time.time())
        if not found:
            err.print(f"{login} is signed in nowhere", markup=False)
            return
        table = Table("session", "since", "last seen", "address", "browser")
        for session in found:
            since, seen = (
                datetime.fromtimestamp(at, state(context).settings.zone).strftime("%F %T")
                for at in (session.created_at, session.seen_at)
            )
            table.add_row(session.session_id, since, seen, session.address, session.user_agent)
        out.print(table)

    asyncio.run(read())


@app.command("sign-out")
@clear_errors
def sign_out(context: typer.Context, login: str = typer.Argument(..., help="Whom.")) -> None:
    """Sign somebody out of all browsers; their pages close within a second."""
    from hotline.accounts import open_users

    async def end() -> int:
        async with open_users(state(context).settings) as users:
            if await users.user(login) is None:
                fail(f"there is no user {login!r}; `hotline users list` shows all")
            return len(await users.end_sessions_of(login))

    out.print(f"{login}: {asyncio.run(end())} sessions ended", markup=False)


def _set_disabled(context: typer.Context, login: str, disabled: bool) -> None:
    from agent_console.errors import ConsoleError
    from hotline.accounts import open_users

    async def store() -> None:
        async with open_users(state(context).settings) as users:
            await users.set_disabled(login, disabled)

    try:
        asyncio.run(store())
    except ConsoleError as error:
        fail(str(error))


def _skill(login: str, given: str, known: list[str]) -> tuple[str, int]:
    name, slash, penalty = given.partition("/")
    if name not in known:
        fail(f"{name}: no such queue; accepted: {', '.join(known)}")
    if slash and not (penalty.isascii() and penalty.isdigit() and int(penalty) <= 100):
        fail(f"{given}: a penalty is a number from 0 to 100; {login} was not added")
    return name, int(penalty or 0)
