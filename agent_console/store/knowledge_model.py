"""The records of the knowledge base as they are stored.  Times are epoch seconds (UTC)."""

from typing import Literal

import msgspec

from agent_console.knowledge.terms import weights


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
