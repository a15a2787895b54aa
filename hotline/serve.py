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
    """The agents' phones as the database has them; none while there is no database."""
    if not db.sqlite_path(settings.database_url).exists():
        return ()
    engine = db.engine(settings.database_url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(
                sa.select(tables.phones.c.extension, tables.phones.c.sip_secret).order_by(
                    tables.phones.c.extension
                )
            )
            return tuple(Phone(extension=row[0], secret=row[1]) for row in rows)
    except sa.exc.OperationalError:  # an empty database: nobody has a phone yet
        return ()
    finally:
        engine.dispose()


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
