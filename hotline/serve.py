"""``hotline serve`` without a role: everything, supervised."""

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from agent_console.store import tables
from hotline import db
from hotline.asterisk.render import Phone
from hotline.exchange import Exchange
from hotline.settings import Settings
from hotline.supervisor import Supervisor


def phones(settings: Settings) -> Sequence[Phone]:
    """The phones of all who are not disabled; none while there is no database."""
    url = settings.database_url
    if not db.is_server(url) and not db.sqlite_path(url).exists():
        return ()
    query = (
        sa.select(tables.phones.c.extension, tables.phones.c.sip_secret)
        .join(tables.users, tables.users.c.login == tables.phones.c.login)
        .where(tables.users.c.disabled.is_(sa.false()))
        .order_by(tables.phones.c.extension)
    )

    def read(connection: sa.Connection) -> Sequence[Phone]:
        rows = connection.execute(query)
        return tuple(Phone(extension=row[0], secret=row[1]) for row in rows)

    try:
        return db.run_sync(url, read)
    except (sa.exc.OperationalError, sa.exc.ProgrammingError) as error:
        if "no such table" in str(error) or "does not exist" in str(error):
            return ()  # an empty database: nobody has a phone yet
        raise  # locked or broken: that must not look as if all phones were taken away


async def run_all(settings: Settings, config: Path | None, *, keep_asterisk: bool) -> None:
    """Run Asterisk and the roles until a signal comes."""
    private = settings.asterisk.mode == "private"
    supervisor = Supervisor(
        config,
        Exchange(settings) if private else None,
        lambda: phones(settings),
        keep_asterisk=keep_asterisk,
    )
    await supervisor.run_until_signal()
