"""The records of the knowledge base's HTTP requests; part of the console's generated schemas."""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from agent_console.messages import Record
from agent_console.rest_messages import Body
from crm_lookup.model import Text

MOST_BODY: Final = 20_000
ArticleId: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,63}\Z")]
TopicCode: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]
Department: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}\Z")]
Audience: TypeAlias = Literal["everybody", "leaders"]
"""Who may read: everybody, or only leaders, supervisors and administrators."""
_Title = Annotated[str, msgspec.Meta(max_length=200)]
_Prose = Annotated[str, msgspec.Meta(max_length=MOST_BODY)]
Version: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)]


class ArticleDraft(Body, frozen=True, kw_only=True):
    """What an article says; body of ``PUT /api/knowledge/articles/{article_id}``.

    At least one title is needed.  A language that has none is shown in the other.
    """

    department: Department
    """Who keeps the article; only that department's editors and administrators may change it."""
    version: Version = 0
    """The version that was changed; 0 for a new article."""
    audience: Audience = "everybody"
    topics: Annotated[tuple[TopicCode, ...], msgspec.Meta(max_length=20)] = ()
    """Topics of calls, as menus set them, in which the article helps."""
    title_zh: _Title = ""
    title_en: _Title = ""
    body_zh: _Prose = ""
    body_en: _Prose = ""
    script_zh: _Prose = ""
    script_en: _Prose = ""
    """What the agent may say."""


class Article(Record, frozen=True, kw_only=True):
    """One version of an article."""

    article_id: str
    version: int
    department: str
    audience: Audience
    topics: tuple[str, ...]
    title: Text
    body: Text
    script: Text
    changed_at: float
    changed_by: str
    """Login."""
    archived: bool = False
    """No longer found; its versions stay."""
    may_write: bool = False
    """Whether the person who asks may change it."""


class ArticleVersion(Record, frozen=True, kw_only=True):
    """One line of an article's history."""

    version: int
    changed_at: float
    changed_by: str
    title: Text
    archived: bool = False


class ArticleHit(Record, frozen=True, kw_only=True):
    """One article that a search found."""

    article_id: str
    title: Text
    snippet: Text
    """Where the words stand."""
    topics: tuple[str, ...]
    department: str
    changed_at: float
    has_script: bool


class TopicScript(Record, frozen=True, kw_only=True):
    """What an agent may say in a call about a topic."""

    article_id: str
    title: Text
    script: Text


class KnowledgeRights(Record, frozen=True, kw_only=True):
    """Where the person may write."""

    departments: tuple[str, ...]
    """For an administrator all that have articles or editors."""
    everywhere: bool
    """An administrator may write for every department, also for new ones."""


class ArticleEditor(Record, frozen=True, kw_only=True):
    """Somebody who may write for a department."""

    login: str
    department: str


class EditorDepartments(Body, frozen=True, kw_only=True):
    """Body of ``PUT /api/knowledge/editors/{login}``."""

    departments: Annotated[tuple[Department, ...], msgspec.Meta(max_length=50)]
    """All for which the person may write from now on; none: reads only."""
