"""The records of the knowledge base as they are stored.  Times are epoch seconds (UTC)."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from agent_console.knowledge.terms import query_terms, rank, weights


class StoredArticle(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an article."""

    article_id: str
    version: int
    """1 for the first; each change makes the next."""
    department: str
    audience: Literal["everybody", "leaders"]
    topics: tuple[str, ...]
    title_zh: str
    title_en: str
    body_zh: str
    body_en: str
    script_zh: str
    script_en: str
    changed_at: float
    changed_by: str
    archived: bool = False


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An article that a search found; the higher the score, the better it fits."""

    article: StoredArticle
    score: float


def search_in(articles: Sequence[StoredArticle], words: str) -> list[StoredArticle]:
    """Return those of a few articles that fit, archived or not; without words all of them."""
    wanted = query_terms(words)
    if not wanted:
        return [] if words.strip() else list(articles)
    known = {article.article_id: article for article in articles}
    postings = [
        (term, article.article_id, weight)
        for article in articles
        for term, weight in article_terms(replace(article, archived=False)).items()
    ]
    return [known[found] for found, _ in rank(wanted, postings, len(known))]


def article_terms(article: StoredArticle) -> dict[str, float]:
    """Return the weight of each term; none for an article that is not to be found."""
    if article.archived:
        return {}
    return weights(
        (
            (article.title_zh, 5.0),
            (article.title_en, 5.0),
            (" ".join(article.topics).replace("_", " "), 3.0),
            (article.script_zh, 1.5),
            (article.script_en, 1.5),
            (article.body_zh, 1.0),
            (article.body_en, 1.0),
        )
    )
