"""The in-memory twin of :class:`agent_console.store.knowledge.SqlKnowledgeStore`."""

from collections.abc import Sequence

from agent_console.knowledge.terms import query_terms, rank
from agent_console.store.knowledge_model import Found, StoredArticle, article_terms


class MemoryKnowledgeStore:
    """A :class:`agent_console.ports.KnowledgeStore` that forgets everything at exit."""

    def __init__(self) -> None:
        self._versions: dict[str, list[StoredArticle]] = {}
        self._editors: set[tuple[str, str]] = set()

    async def article(self, article_id: str, version: int | None = None) -> StoredArticle | None:
        kept = self._versions.get(article_id, [])
        if version is None:
            return kept[-1] if kept else None
        return next((each for each in kept if each.version == version), None)

    async def versions(self, article_id: str) -> Sequence[StoredArticle]:
        return list(reversed(self._versions.get(article_id, [])))

    async def articles(self) -> Sequence[StoredArticle]:
        newest = (kept[-1] for _, kept in sorted(self._versions.items()))
        return [article for article in newest if not article.archived]

    async def archived(self) -> Sequence[StoredArticle]:
        gone = [kept[-1] for kept in self._versions.values() if kept[-1].archived]
        return sorted(gone, key=lambda article: (-article.changed_at, article.article_id))

    async def save(self, article: StoredArticle) -> bool:
        kept = self._versions.setdefault(article.article_id, [])
        if article.version != len(kept) + 1:
            return False
        kept.append(article)
        return True

    async def search(
        self, words: str, *, topic: str, leaders: bool, limit: int
    ) -> Sequence[Found]:
        everything = await self.articles()
        shown = {
            article.article_id: article
            for article in everything
            if (leaders or article.audience == "everybody")
            and (not topic or topic in article.topics)
        }
        wanted = query_terms(words)
        if not wanted:
            if words.strip():
                return []
            newest = sorted(shown.values(), key=lambda a: (-a.changed_at, a.article_id))
            return [Found(article=article, score=0.0) for article in newest[:limit]]
        postings = [
            (term, article.article_id, weight)
            for article in shown.values()
            for term, weight in article_terms(article).items()
        ]
        best = rank(wanted, postings, len(everything))[:limit]
        return [Found(article=shown[a], score=score) for a, score in best]

    async def departments_of(self, login: str) -> Sequence[str]:
        return sorted(department for who, department in self._editors if who == login)

    async def editors(self) -> Sequence[tuple[str, str]]:
        return sorted(self._editors, key=lambda pair: (pair[1], pair[0]))

    async def set_editor(self, login: str, department: str, may: bool) -> None:
        if may:
            self._editors.add((login, department))
        else:
            self._editors.discard((login, department))
