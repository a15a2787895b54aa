"""Keeps where customers' calls broke off in the menu, so that the next call can go on there.

A row lives until its customer was asked, or for a day at most; it holds no amount and no number,
and goes with its customer.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_lookup.model import CustomerId
from crm_lookup.tables import customers, menu_places
from hotline.accounts import async_engine
from hotline.settings import Settings
from ivr.ports import MenuPlace

KEPT_SECONDS: Final = 86_400.0

_T = menu_places.c


class StoredPlaces:
    """An :class:`ivr.ports.Places` over the hotline's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def keep(self, customer_id: CustomerId, place: MenuPlace, *, now: float) -> None:
        """See :meth:`ivr.ports.Places.keep`; a customer who does not exist leaves no note."""
        known = sa.select(customers.c.customer_id).where(customers.c.customer_id == customer_id)
        old = (_T.customer_id == customer_id) | (_T.at < now - KEPT_SECONDS)
        row = {"customer_id": customer_id, "at": now, "flow": place.flow, "node": place.node}
        row |= {"topic": place.topic, "position": place.cursor}
        async with self._engine.begin() as connection:
            # Two calls of one customer take turns.
            query = known.with_for_update(key_share=True)
            if (await connection.execute(query)).first() is not None:
                await connection.execute(menu_places.delete().where(old))
                await connection.execute(menu_places.insert().values(row))

    async def find(self, customer_id: CustomerId, *, since: float) -> MenuPlace | None:
        """See :meth:`ivr.ports.Places.find`."""
        wanted = sa.select(_T.flow, _T.node, _T.topic, _T.position).where(
            _T.customer_id == customer_id, _T.at > since
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            return None
        return MenuPlace(flow=row.flow, node=row.node, topic=row.topic, cursor=row.position)

    async def forget(self, customer_id: CustomerId) -> None:
        """See :meth:`ivr.ports.Places.forget`."""
        async with self._engine.begin() as connection:
            await connection.execute(menu_places.delete().where(_T.customer_id == customer_id))


@asynccontextmanager
async def open_places(settings: Settings) -> AsyncIterator[StoredPlaces]:
    """Open the store of these settings; the database must be up to date."""
    engine = async_engine(settings)
    try:
        yield StoredPlaces(engine)
    finally:
        await engine.dispose()
