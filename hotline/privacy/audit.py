"""The lines of ``privacy_audit``, read and written by commands."""

import getpass
import time
from typing import Any

import sqlalchemy as sa

from crm_lookup.contact_tables import privacy_audit
from hotline import db


def newest(url: str, *, customer: str = "", actor: str = "", limit: int = 50) -> list[Any]:
    """Return the newest lines as dictionaries, the newest first; empty texts take all."""
    query = sa.select(privacy_audit).order_by(privacy_audit.c.audit_id.desc()).limit(limit)
    if customer:
        query = query.where(privacy_audit.c.customer_id == customer)
    if actor:
        query = query.where(privacy_audit.c.actor == actor)
    return db.run_sync(url, lambda c: [dict(row._mapping) for row in c.execute(query)])


def note(connection: sa.Connection, action: str, customer_id: str, reason: str) -> None:
    """Write the line of a command, in the transaction of what it does."""
    connection.execute(
        sa.insert(privacy_audit).values(
            at=time.time(),
            actor=f"system:{getpass.getuser()}"[:64],
            role="operator",
            action=action,
            customer_id=customer_id,
            field="all",
            level="none",
            reason=reason,
            call_id="",
            outcome="done",
        )
    )
