"""Reading and writing articles as YAML, to bring them from elsewhere and to keep a copy.

A file is a list of articles; an article has the fields of
:class:`agent_console.knowledge.messages.ArticleDraft` but ``version``, and ``id``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from agent_console.errors import ConsoleError
from agent_console.knowledge.messages import ArticleDraft, ArticleId
from agent_console.store.knowledge_model import StoredArticle

_FIELDS = tuple(name for name in ArticleDraft.__struct_fields__ if name != "version")


class KnowledgeFileError(ConsoleError):
    """The file cannot be used; the message names it and what is wrong."""

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"{file}: {what}; correct the file and import it again")


class _Entry(ArticleDraft, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: ArticleId


def read(file: Path) -> dict[str, ArticleDraft]:
    """Return the file's articles by id.  Raises :class:`KnowledgeFileError`."""
    try:
        document: Any = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise KnowledgeFileError(file, str(error)) from error
    if not isinstance(document, list):
        raise KnowledgeFileError(file, "a list of articles is wanted")
    found: dict[str, ArticleDraft] = {}
    for number, entry in enumerate(document, start=1):
        try:
            article = msgspec.convert(entry, _Entry)
        except msgspec.ValidationError as error:
            raise KnowledgeFileError(file, f"article {number}: {error}") from error
        if article.id in found:
            raise KnowledgeFileError(file, f"article {number}: {article.id} stands there twice")
        if not (article.title_zh.strip() or article.title_en.strip()):
            raise KnowledgeFileError(file, f"article {number}: it has no title")
        found[article.id] = ArticleDraft(**{name: getattr(article, name) for name in _FIELDS})
    return found


def write(articles: Sequence[StoredArticle]) -> str:
    """Return the articles as such a file."""
    entries = []
    for article in articles:
        entry: dict[str, Any] = {"id": article.article_id}
        for name in _FIELDS:
            value = getattr(article, name)
            if value:
                entry[name] = list(value) if isinstance(value, tuple) else value
        entries.append(entry)
    text: str = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=99)
    return text


def stored(
    article_id: str, draft: ArticleDraft, kept: StoredArticle | None, *, by: str, now: float
) -> StoredArticle | None:
    """Return the next version of an article; ``None`` when it says just that already."""
    fields = {name: getattr(draft, name) for name in _FIELDS}
    fields["topics"] = tuple(dict.fromkeys(draft.topics))
    if (
        kept is not None
        and not kept.archived
        and all(getattr(kept, name) == value for name, value in fields.items())
    ):
        return None
    version = 1 if kept is None else kept.version + 1
    return StoredArticle(
        article_id=article_id, version=version, changed_at=now, changed_by=by, **fields
    )
