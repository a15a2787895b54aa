"""One suite over every implementation of :class:`agent_console.ports.KnowledgeStore`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner, Result

import agent_console.store.knowledge_tables  # noqa: F401 - adds its tables
from agent_console.knowledge.files import read, stored
from agent_console.ports import KnowledgeStore
from agent_console.store import (
    MemoryKnowledgeStore,
    SqlKnowledgeStore,
    SqlUserStore,
    StoredArticle,
    User,
)
from agent_console.store.tables import metadata
from hotline.cli import app
from hotline.demo.site import KNOWLEDGE
from tests.postgres_kit import open_engine

NOW = 1_800_000_000.0


def demo_articles() -> list[StoredArticle]:
    made = (
        stored(article_id, draft, None, by="wang", now=NOW + n)
        for n, (article_id, draft) in enumerate(read(KNOWLEDGE).items())
    )
    return [article for article in made if article is not None]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[KnowledgeStore]:
    if request.param == "memory":
        yield MemoryKnowledgeStore()
        return
    async with open_engine(request.param, tmp_path, metadata) as engine:
        for login in ("wang", "li"):
            person = User(
                login=login, display_name=login, role="agent", password_hash="x", created_at=NOW
            )
            await SqlUserStore(engine).add_user(person)
        yield SqlKnowledgeStore(engine)


@pytest.fixture
async def full(store: KnowledgeStore) -> KnowledgeStore:
    for article in demo_articles():
        assert await store.save(article)
    return store


async def ids(
    store: KnowledgeStore, words: str, topic: str = "", leaders: bool = False
) -> list[str]:
    found = await store.search(words, topic=topic, leaders=leaders, limit=10)
    return [each.article.article_id for each in found]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("挂失", "card-loss"),
        ("贷款", "loan-early-repayment"),
        ("提前还款违约金", "loan-early-repayment"),
        ("lost card", "card-loss"),
        ("Mortgages", "loan-early-repayment"),
        ("transfer lim", "transfer-limits"),
        ("手机银行 限额", "transfer-limits"),
        ("诉", "complaint-handling"),
        ("AVAILABLE balance", "balance-questions"),
    ],
)
async def test_words_of_both_languages_find_the_article(
    full: KnowledgeStore, words: str, first: str
) -> None:
    assert (await ids(full, words))[0] == first


async def test_what_nobody_wrote_is_not_found(full: KnowledgeStore) -> None:
    for words in ("exchange rates", "外汇牌价", "%", "_", "'; DROP TABLE kb_terms --", "！？"):
        assert await ids(full, words) == []


async def test_topic_and_audience_narrow_the_search(full: KnowledgeStore) -> None:
    assert await ids(full, "", topic="complaint") == ["complaint-handling"]
    assert await ids(full, "", topic="complaint", leaders=True) == [
        "compensation-rules",
        "complaint-handling",
    ]
    assert await ids(full, "补偿权限") == []
    assert await ids(full, "补偿权限", leaders=True) == ["compensation-rules"]
    assert await ids(full, "", topic="compl") == []
    assert len(await ids(full, "")) == 5


async def test_a_change_makes_a_version_and_only_from_the_newest(full: KnowledgeStore) -> None:
    kept = await full.article("transfer-limits")
    assert kept is not None
    changed = replace(kept, version=2, title_zh="转账额度", body_zh="已更新", changed_by="li")
    assert await full.save(changed)
    assert not await full.save(changed)
    assert not await full.save(replace(changed, version=4))
    assert not await full.save(replace(changed, version=1))
    assert await full.article("transfer-limits") == changed
    assert await full.article("transfer-limits", 1) == kept
    assert await full.article("transfer-limits", 3) is None
    assert [each.version for each in await full.versions("transfer-limits")] == [2, 1]
    assert await ids(full, "额度") == ["transfer-limits"]
    assert await ids(full, "限额") == []

    assert await full.save(replace(changed, version=3, archived=True))
    assert await ids(full, "额度") == []
    assert "transfer-limits" not in [each.article_id for each in await full.articles()]
    assert len(await full.versions("transfer-limits")) == 3
    assert [each.version for each in await full.archived()] == [3]
    assert await full.save(replace(changed, version=4))
    assert await full.archived() == []


async def test_editors_write_for_their_departments(store: KnowledgeStore) -> None:
    assert list(await store.departments_of("wang")) == []
    for department in ("loans", "cards", "cards"):
        await store.set_editor("wang", department, True)
    await store.set_editor("li", "cards", True)
    assert list(await store.departments_of("wang")) == ["cards", "loans"]
    assert list(await store.editors()) == [("li", "cards"), ("wang", "cards"), ("wang", "loans")]
    await store.set_editor("wang", "cards", False)
    assert list(await store.departments_of("wang")) == ["loans"]


def hotline(state: Path, *words: str) -> Result:
    config = state / "hotline.toml"
    config.write_text(f'state_dir = "{state}"\n')
    return CliRunner().invoke(app, ["-c", str(config), *words], env={"COLUMNS": "200"})


def test_the_command_imports_searches_and_exports(tmp_path: Path) -> None:
    assert hotline(tmp_path, "db", "upgrade").exit_code == 0
    tried = hotline(tmp_path, "kb", "import", "--dry-run", str(KNOWLEDGE))
    assert tried.stdout == "6 would be added, 0 would be changed, 0 as they were\n"
    made = hotline(tmp_path, "kb", "import", str(KNOWLEDGE))
    assert made.stdout == "6 added, 0 changed, 0 as they were\n", made.output
    again = hotline(tmp_path, "kb", "import", str(KNOWLEDGE))
    assert again.stdout == "0 added, 0 changed, 6 as they were\n"
    found = hotline(tmp_path, "kb", "search", "提前还款")
    assert "loan-early-repayment" in found.stdout
    assert hotline(tmp_path, "kb", "search", "外汇").exit_code == 1

    copy = tmp_path / "copy.yaml"
    assert hotline(tmp_path, "kb", "export", str(copy)).exit_code == 0
    assert read(copy) == read(KNOWLEDGE)
    copy.write_text(copy.read_text().replace("1%", "2%"))
    assert hotline(tmp_path, "kb", "import", str(copy)).stdout.startswith("0 added, 1 changed")

    nobody = hotline(tmp_path, "kb", "editor", "nobody", "loans")
    assert nobody.exit_code == 1
    assert "users list" in nobody.output + nobody.stderr


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("id: x", "a list of articles is wanted"),
        ("- {id: a, department: x}", "article 1: it has no title"),
        ("- {id: A!, department: x, title_zh: t}", "article 1: "),
        ("- {id: a, department: x, title_en: t, colour: red}", "colour"),
        ("- {id: a, department: x, title_en: t}\n" * 2, "stands there twice"),
        ("- {", "bad.yaml"),
    ],
)
def test_a_faulty_file_is_named_and_nothing_is_written(
    tmp_path: Path, text: str, why: str
) -> None:
    assert hotline(tmp_path, "db", "upgrade").exit_code == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text(text)
    refused = hotline(tmp_path, "kb", "import", str(KNOWLEDGE), str(bad))
    assert refused.exit_code == 1
    assert why in (refused.output + refused.stderr).replace("\n", "")
    assert hotline(tmp_path, "kb", "export").stdout == "[]\n"
