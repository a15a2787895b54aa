"""The knowledge base in SQL: portable SQLAlchemy Core, the same search on every database."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from agent_console.errors import UnknownUserError
from agent_console.knowledge.terms import patterns, query_terms, rank
from agent_console.store import knowledge_tables as t
from agent_console.store import tables
from agent_console.store.knowledge_model import Found, StoredArticle, article_terms

_SHOWN = sa.and_(t.articles.c.newest.is_(sa.true()), t.articles.c.archived.is_(sa.false()))


class SqlKnowledgeStore:
    """A :class:`agent_console.ports.KnowledgeStore` in the hotline's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def article(self, article_id: str, version: int | None = None) -> StoredArticle | None:
        query = sa.select(t.articles).where(t.articles.c.article_id == article_id)
        if version is None:
            query = query.where(t.articles.c.newest.is_(sa.true()))
        else:
            query = query.where(t.articles.c.version == version)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _article(row)

    async def versions(self, article_id: str) -> Sequence[StoredArticle]:
        query = (
            sa.select(t.articles)
            .where(t.articles.c.article_id == article_id)
            .order_by(t.articles.c.version.desc())
        )
        async with self._engine.connect() as connection:
            return [_article(row) for row in await connection.execute(query)]

    async def articles(self) -> Sequence[StoredArticle]:
        query = sa.select(t.articles).where(_SHOWN).order_by(t.articles.c.article_id)
        async with self._engine.connect() as connection:
            return [_article(row) for row in await connection.execute(query)]

    async def archived(self) -> Sequence[StoredArticle]:
        gone = sa.and_(t.articles.c.newest.is_(sa.true()), t.articles.c.archived.is_(sa.true()))
        query = (
            sa.select(t.articles)
            .where(gone)
            .order_by(t.articles.c.changed_at.desc(), t.articles.c.article_id)
        )
        async with self._engine.connect() as connection:
            return [_article(row) for row in await connection.execute(query)]

    async def save(self, article: StoredArticle) -> bool:
        """Store the next version; ``False`` when another one was stored meanwhile."""
        values = {**asdict(article), "topics": _joined(article.topics), "newest": True}
        same = t.articles.c.article_id == article.article_id
        try:
            async with self._engine.begin() as connection:
                replaced = await connection.execute(
                    sa.update(t.articles)
                    .where(
                        same,
                        t.articles.c.version == article.version - 1,
                        t.articles.c.newest.is_(sa.true()),
                    )
                    .values(newest=False)
                )
                if replaced.rowcount != (article.version > 1):
                    return False
                await connection.execute(sa.insert(t.articles).values(**values))
                await self._index(connection, article)
        except IntegrityError:
            return False
        return True

    async def search(
        self, words: str, *, topic: str, leaders: bool, limit: int
    ) -> Sequence[Found]:
        """Return the articles that fit best; without words the newest ones."""
        wanted = query_terms(words)
        shown = sa.select(t.articles).where(_SHOWN)
        if not leaders:
            shown = shown.where(t.articles.c.audience == "everybody")
        if topic:
            shown = shown.where(t.articles.c.topics.contains(f" {topic} ", autoescape=True))
        async with self._engine.connect() as connection:
            if not wanted:
                if words.strip():
                    return []  # only signs that stand in no index
                newest = shown.order_by(t.articles.c.changed_at.desc(), t.articles.c.article_id)
                rows = await connection.execute(newest.limit(limit))
                return [Found(article=_article(row), score=0.0) for row in rows]
            count = await connection.scalar(
                sa.select(sa.func.count()).select_from(t.articles).where(_SHOWN)
            )
            look = patterns(wanted)
            hits = await connection.execute(
                sa.select(t.terms.c.term, t.terms.c.article_id, t.terms.c.weight).where(
                    sa.or_(
                        t.terms.c.term.in_(look["whole"]),
                        *(t.terms.c.term.like(pattern) for pattern in look["like"]),
                    ),
                    t.terms.c.article_id.in_(shown.with_only_columns(t.articles.c.article_id)),
                )
            )
            postings = [(term, article_id, weight) for term, article_id, weight in hits]
            best = rank(wanted, postings, count or 0)[:limit]
            ids = [article_id for article_id, _ in best]
            rows = await connection.execute(shown.where(t.articles.c.article_id.in_(ids)))
            found = {row.article_id: _article(row) for row in rows}
        return [Found(article=found[a], score=score) for a, score in best if a in found]

    async def departments_of(self, login: str) -> Sequence[str]:
        query = sa.select(t.editors.c.department).where(t.editors.c.login == login)
        async with self._engine.connect() as connection:
            return sorted((await connection.execute(query)).scalars())

    async def editors(self) -> Sequence[tuple[str, str]]:
        query = sa.select(t.editors.c.login, t.editors.c.department).order_by(
            t.editors.c.department, t.editors.c.login
        )
        async with self._engine.connect() as connection:
            return [(row.login, row.department) for row in await connection.execute(query)]

    async def set_editor(self, login: str, department: str, may: bool) -> None:
        """Let somebody write for a department, or no longer."""
        theirs = sa.and_(t.editors.c.login == login, t.editors.c.department == department)
        async with self._engine.begin() as connection:
            known = sa.select(tables.users.c.login).where(tables.users.c.login == login)
            if (await connection.execute(known)).first() is None:
                raise UnknownUserError(login)
            await connection.execute(sa.delete(t.editors).where(theirs))
            if may:
                await connection.execute(
                    sa.insert(t.editors).values(login=login, department=department)
                )

    async def _index(self, connection: AsyncConnection, article: StoredArticle) -> None:
        await connection.execute(
            sa.delete(t.terms).where(t.terms.c.article_id == article.article_id)
        )
        rows = [
            {"term": term, "article_id": article.article_id, "weight": weight}
            for term, weight in article_terms(article).items()
        ]
        if rows:
            await connection.execute(sa.insert(t.terms), rows)


def _joined(topics: Sequence[str]) -> str:
    return f" {' '.join(topics)} " if topics else ""


def _article(row: sa.Row[Any]) -> StoredArticle:
    values = {name: row._mapping[name] for name in StoredArticle.__struct_fields__}
    return StoredArticle(**{**values, "topics": tuple(values["topics"].split())})
