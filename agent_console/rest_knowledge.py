"""HTTP requests about the knowledge base: search, articles, scripts for a call, and writing."""

from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from agent_console.guard import (
    Endpoint,
    Query,
    body_of,
    done,
    json_answer,
    path_of,
    query_of,
    refuse,
)
from agent_console.knowledge.files import stored
from agent_console.knowledge.messages import (
    Article,
    ArticleDraft,
    ArticleEditor,
    ArticleHit,
    ArticleId,
    ArticleVersion,
    EditorDepartments,
    KnowledgeRights,
    TopicCode,
    TopicScript,
)
from agent_console.knowledge.terms import query_terms, snippet
from agent_console.messages import Role
from agent_console.ports import Clock, KnowledgeStore, UserStore
from agent_console.sign_in import Visitor
from agent_console.store.knowledge_model import StoredArticle, search_in
from crm_lookup.model import Text

log = structlog.get_logger(__name__)

_Limit = Annotated[int, msgspec.Meta(ge=1, le=50)]
_Words = Annotated[str, msgspec.Meta(max_length=200)]
_Number = Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)]
_Which: TypeAlias = Literal["current", "archived"]
_MOST_DRAFT_BYTES: Final = 400_000
_MOST_SCRIPTS: Final = 20
_GIVES_RIGHTS: Final[frozenset[Role]] = frozenset({"admin"})


class Knowledge:
    """The handlers and their endpoints."""

    def __init__(self, store: KnowledgeStore, users: UserStore, clock: Clock) -> None:
        self._store = store
        self._users = users
        self._clock = clock

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the routes."""
        missing = (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
        return (
            Endpoint(
                method="GET",
                path="/api/knowledge",
                handler=self._search,
                summary="Articles that fit the words in Chinese or English, the best first; "
                "without words the newest.",
                answer=list[ArticleHit],
                query=(
                    Query(name="q", kind=_Words, why="words; the last may be unfinished"),
                    Query(name="topic", kind=TopicCode, why="only articles of this topic"),
                    Query(
                        name="which",
                        kind=_Which,
                        why="`archived`: those of the departments for which one may write; "
                        "`current` if left out",
                    ),
                    Query(name="limit", kind=_Limit, why="at most so many; 20 if left out"),
                ),
                problems=(HTTPStatus.BAD_REQUEST,),
            ),
            Endpoint(
                method="GET",
                path="/api/knowledge/rights",
                handler=self._rights,
                summary="The departments for which the person may write.",
                answer=KnowledgeRights,
            ),
            Endpoint(
                method="GET",
                path="/api/knowledge/scripts",
                handler=self._scripts,
                summary="What an agent may say in a call about a topic.",
                answer=list[TopicScript],
                query=(Query(name="topic", kind=TopicCode, why="topic of the call"),),
                problems=(HTTPStatus.BAD_REQUEST,),
            ),
            Endpoint(
                method="GET",
                path="/api/knowledge/articles/{article_id}",
                handler=self._show,
                summary="An article; an earlier version of it if one is named.",
                answer=Article,
                query=(Query(name="version", kind=_Number, why="the newest if left out"),),
                problems=missing,
            ),
            Endpoint(
                method="GET",
                path="/api/knowledge/articles/{article_id}/draft",
                handler=self._draft,
                summary="What an article says, to be changed: its texts as they were written, "
                "under the number of the newest version.",
                answer=ArticleDraft,
                query=(Query(name="version", kind=_Number, why="the newest if left out"),),
                problems=(*missing, HTTPStatus.FORBIDDEN),
            ),
            Endpoint(
                method="GET",
                path="/api/knowledge/editors",
                handler=self._editors,
                summary="Who may write for which department, beside administrators.",
                answer=list[ArticleEditor],
                roles=_GIVES_RIGHTS,
            ),
            Endpoint(
                method="PUT",
                path="/api/knowledge/editors/{login}",
                handler=self._set_editor,
                summary="Say for which departments somebody may write.",
                body=EditorDepartments,
                problems=(HTTPStatus.NOT_FOUND,),
                roles=_GIVES_RIGHTS,
            ),
            Endpoint(
                method="PUT",
                path="/api/knowledge/articles/{article_id}",
                handler=self._write,
                summary="Write a new article, or the next version of one that was not changed "
                "meanwhile.",
                body=ArticleDraft,
                answer=Article,
                problems=(HTTPStatus.CONFLICT,),
            ),
            Endpoint(
                method="DELETE",
                path="/api/knowledge/articles/{article_id}",
                handler=self._archive,
                summary="Archive an article: it is no longer found, and its versions stay.",
                query=(Query(name="version", kind=_Number, why="the version that was seen"),),
                problems=(*missing, HTTPStatus.CONFLICT),
            ),
            Endpoint(
                method="GET",
                path="/api/knowledge/articles/{article_id}/versions",
                handler=self._versions,
                summary="All versions of an article, the newest first.",
                answer=list[ArticleVersion],
                problems=missing,
            ),
        )

    # --- reading -------------------------------------------------------------------------------

    async def _search(self, request: Request, visitor: Visitor) -> Response:
        words = query_of(request, "q", _Words, "")
        which: _Which = query_of(request, "which", _Which, "current")
        if which == "archived":
            return await self._archived(words, query_of(request, "limit", _Limit, 20), visitor)
        found = await self._store.search(
            words,
            topic=query_of(request, "topic", TopicCode, ""),
            leaders=_leads(visitor),
            limit=query_of(request, "limit", _Limit, 20),
        )
        wanted = query_terms(words)
        return json_answer([_hit(each.article, wanted) for each in found])

    async def _archived(self, words: str, limit: int, visitor: Visitor) -> Response:
        """Answer with what was archived of the departments for which the person may write."""
        theirs = [
            article
            for article in await self._store.archived()
            if _may_read(article, visitor) and await self._may_write(article.department, visitor)
        ]
        wanted = query_terms(words)
        return json_answer([_hit(each, wanted) for each in search_in(theirs, words)[:limit]])

    async def _scripts(self, request: Request, visitor: Visitor) -> Response:
        topic = query_of(request, "topic", TopicCode, "")
        if not topic:
            return json_answer([])
        found = await self._store.search(
            "", topic=topic, leaders=_leads(visitor), limit=_MOST_SCRIPTS
        )
        return json_answer(
            [
                TopicScript(
                    article_id=each.article.article_id,
                    title=_both(each.article.title_zh, each.article.title_en),
                    script=_both(each.article.script_zh, each.article.script_en),
                )
                for each in found
                if each.article.script_zh or each.article.script_en
            ]
        )

    async def _show(self, request: Request, visitor: Visitor) -> Response:
        version = query_of(request, "version", _Number, None)
        article = await self._store.article(path_of(request, "article_id", ArticleId), version)
        return json_answer(await self._view(_readable(article, visitor), visitor))

    async def _versions(self, request: Request, visitor: Visitor) -> Response:
        versions = await self._store.versions(path_of(request, "article_id", ArticleId))
        _readable(versions[0] if versions else None, visitor)
        return json_answer(
            [
                ArticleVersion(
                    version=each.version,
                    changed_at=each.changed_at,
                    changed_by=each.changed_by,
                    title=_both(each.title_zh, each.title_en),
                    archived=each.archived,
                )
                for each in versions
                if _may_read(each, visitor)
            ]
        )

    async def _rights(self, request: Request, visitor: Visitor) -> Response:
        del request
        everywhere = visitor.user.role == "admin"
        if everywhere:
            names = {each.department for each in await self._store.articles()}
            names |= {department for _, department in await self._store.editors()}
            departments = sorted(names)
        else:
            departments = list(await self._store.departments_of(visitor.user.login))
        return json_answer(KnowledgeRights(departments=tuple(departments), everywhere=everywhere))

    # --- writing -------------------------------------------------------------------------------

    async def _draft(self, request: Request, visitor: Visitor) -> Response:
        article_id = path_of(request, "article_id", ArticleId)
        newest = _readable(await self._store.article(article_id), visitor)
        await self._check(newest.department, visitor)
        version = query_of(request, "version", _Number, None)
        shown = await self._store.article(article_id, version) if version else newest
        fields = {
            name: getattr(_readable(shown, visitor), name)
            for name in ArticleDraft.__struct_fields__
        }
        return json_answer(ArticleDraft(**{**fields, "version": newest.version}))

    async def _editors(self, request: Request, visitor: Visitor) -> Response:
        del request, visitor
        found = await self._store.editors()
        return json_answer([ArticleEditor(login=login, department=d) for login, d in found])

    async def _set_editor(self, request: Request, visitor: Visitor) -> Response:
        login = request.path_params["login"]
        wanted = set((await body_of(request, EditorDepartments)).departments)
        if await self._users.user(login) is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_user")
        before = set(await self._store.departments_of(login))
        for department in sorted(before ^ wanted):
            await self._store.set_editor(login, department, department in wanted)
        log.info(
            "knowledge_rights_set",
            login=login,
            departments=sorted(wanted),
            by=visitor.user.login,
        )
        return done()

    async def _write(self, request: Request, visitor: Visitor) -> Response:
        article_id = path_of(request, "article_id", ArticleId)
        draft = await body_of(request, ArticleDraft, _MOST_DRAFT_BYTES)
        if not (draft.title_zh.strip() or draft.title_en.strip()):
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        kept = await self._store.article(article_id)
        for department in {draft.department, kept.department if kept else draft.department}:
            await self._check(department, visitor)
        if (kept.version if kept else 0) != draft.version:
            refuse(HTTPStatus.CONFLICT, "newer_article")
        article = stored(article_id, draft, kept, by=visitor.user.login, now=self._clock())
        if article is None and kept is not None:
            return json_answer(await self._view(kept, visitor))
        if article is None or not await self._store.save(article):
            refuse(HTTPStatus.CONFLICT, "newer_article")
        return json_answer(await self._view(article, visitor))

    async def _archive(self, request: Request, visitor: Visitor) -> Response:
        article_id = path_of(request, "article_id", ArticleId)
        seen = query_of(request, "version", _Number, None)
        kept = _readable(await self._store.article(article_id), visitor)
        await self._check(kept.department, visitor)
        if kept.version != seen:
            refuse(HTTPStatus.CONFLICT, "newer_article")
        changed = msgspec.structs.replace(
            kept,
            version=kept.version + 1,
            archived=True,
            changed_at=self._clock(),
            changed_by=visitor.user.login,
        )
        if not await self._store.save(changed):
            refuse(HTTPStatus.CONFLICT, "newer_article")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _check(self, department: str, visitor: Visitor) -> None:
        if not await self._may_write(department, visitor):
            refuse(HTTPStatus.FORBIDDEN, "not_allowed")

    async def _may_write(self, department: str, visitor: Visitor) -> bool:
        if visitor.user.role == "admin":
            return True
        return department in await self._store.departments_of(visitor.user.login)

    async def _view(self, kept: StoredArticle, visitor: Visitor) -> Article:
        return Article(
            article_id=kept.article_id,
            version=kept.version,
            department=kept.department,
            audience=kept.audience,
            topics=kept.topics,
            title=_both(kept.title_zh, kept.title_en),
            body=_both(kept.body_zh, kept.body_en),
            script=_both(kept.script_zh, kept.script_en),
            changed_at=kept.changed_at,
            changed_by=kept.changed_by,
            archived=kept.archived,
            may_write=await self._may_write(kept.department, visitor),
        )


def _leads(visitor: Visitor) -> bool:
    return visitor.user.role != "agent"


def _may_read(article: StoredArticle, visitor: Visitor) -> bool:
    return article.audience == "everybody" or _leads(visitor)


def _readable(article: StoredArticle | None, visitor: Visitor) -> StoredArticle:
    # What somebody may not read looks like what does not exist.
    if article is None or not _may_read(article, visitor):
        refuse(HTTPStatus.NOT_FOUND, "unknown_article")
    return article


def _hit(article: StoredArticle, wanted: list[str]) -> ArticleHit:
    return ArticleHit(
        article_id=article.article_id,
        title=_both(article.title_zh, article.title_en),
        snippet=_both(
            snippet(article.body_zh or article.script_zh, wanted),
            snippet(article.body_en or article.script_en, wanted),
        ),
        topics=article.topics,
        department=article.department,
        changed_at=article.changed_at,
        has_script=bool(article.script_zh or article.script_en),
    )


def _both(zh: str, en: str) -> Text:
    """Return both languages; one that is missing is shown in the other."""
    return Text(zh or en, en or zh)
