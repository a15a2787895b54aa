"""``hotline kb …``: the knowledge base, and who may write in it."""

import asyncio
import time
from pathlib import Path

import typer
from rich.table import Table

from hotline.cli.common import clear_errors, err, fail, out, state

app = typer.Typer(
    help="The knowledge base: articles and scripts for agents.", no_args_is_help=True
)
BY = "hotline kb import"


@app.command("import")
@clear_errors
def import_(
    context: typer.Context,
    files: list[Path] = typer.Argument(..., help="YAML files with articles; `export` shows how."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would change."),
) -> None:
    """Bring articles in: new ones are added, changed ones get a next version.

    All files are checked before anything is written; the same files again change nothing.
    Articles that stand in no file stay as they are.
    """
    from agent_console.errors import ConsoleError
    from agent_console.knowledge.files import KnowledgeFileError, read, stored
    from hotline.accounts import open_knowledge

    drafts = {}
    try:
        for file in files:
            for article_id, draft in read(file).items():
                if article_id in drafts:
                    raise KnowledgeFileError(file, f"{article_id} stands in another file, too")
                drafts[article_id] = draft
    except ConsoleError as error:
        fail(str(error))

    async def store() -> tuple[int, int]:
        new = changed = 0
        async with open_knowledge(state(context).settings) as knowledge:
            for article_id, draft in drafts.items():
                kept = await knowledge.article(article_id)
                article = stored(article_id, draft, kept, by=BY, now=time.time())
                if article is None:
                    continue
                if not dry_run and not await knowledge.save(article):
                    fail(f"{article_id} was changed meanwhile; import again")
                new, changed = new + (kept is None), changed + (kept is not None)
        return new, changed

    new, changed = asyncio.run(store())
    would = "would be " if dry_run else ""
    same = len(drafts) - new - changed
    out.print(f"{new} {would}added, {changed} {would}changed, {same} as they were")


@app.command()
@clear_errors
def export(
    context: typer.Context,
    file: Path | None = typer.Argument(None, help="Where to; standard output if left out."),
) -> None:
    """Write all articles as YAML, as `import` reads them."""
    from agent_console.knowledge.files import write
    from hotline.accounts import open_knowledge

    async def read() -> str:
        async with open_knowledge(state(context).settings) as knowledge:
            return write(await knowledge.articles())

    text = asyncio.run(read())
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{file}: {error.strerror}; choose another place")
    err.print(f"written to {file}", markup=False)


@app.command()
@clear_errors
def search(
    context: typer.Context,
    words: list[str] = typer.Argument(..., help="Chinese or English; all should be there."),
    topic: str = typer.Option("", help="Only articles of this topic of calls."),
    limit: int = typer.Option(10, min=1, max=50, help="At most so many."),
) -> None:
    """Search as agents do; the best comes first."""
    from agent_console.knowledge.terms import query_terms, snippet
    from hotline.accounts import open_knowledge

    asked = " ".join(words)

    async def look() -> None:
        async with open_knowledge(state(context).settings) as knowledge:
            found = await knowledge.search(asked, topic=topic, leaders=True, limit=limit)
        if not found:
            err.print("nothing found; try fewer or other words", markup=False)
            raise typer.Exit(1)
        table = Table("article", "title", "where", "score")
        wanted = query_terms(asked)
        for each in found:
            article = each.article
            titles = " / ".join(filter(None, (article.title_zh, article.title_en)))
            body = article.body_zh if not asked.isascii() else article.body_en
            where = snippet(body or article.body_zh or article.body_en, wanted)
            table.add_row(article.article_id, titles, where, f"{each.score:.1f}")
        out.print(table)

    asyncio.run(look())


@app.command()
@clear_errors
def editor(
    context: typer.Context,
    login: str = typer.Argument(..., help="Who."),
    department: str = typer.Argument(..., help="The department whose articles they may write."),
    remove: bool = typer.Option(False, "--remove", help="Take the right away."),
) -> None:
    """Let somebody write articles for a department; administrators may without."""
    import msgspec

    from agent_console.errors import ConsoleError
    from agent_console.knowledge.messages import Department
    from hotline.accounts import open_knowledge

    try:
        msgspec.convert(department, Department)
    except msgspec.ValidationError:
        fail(f"{department}: a department is small letters, digits, - and _")

    async def store() -> None:
        async with open_knowledge(state(context).settings) as knowledge:
            await knowledge.set_editor(login, department, not remove)

    try:
        asyncio.run(store())
    except ConsoleError as error:
        fail(str(error))
    out.print(f"{login} writes {'no more ' if remove else ''}for {department}", markup=False)


@app.command()
@clear_errors
def editors(context: typer.Context) -> None:
    """List who may write for which department."""
    from hotline.accounts import open_knowledge

    async def read() -> None:
        async with open_knowledge(state(context).settings) as knowledge:
            found = await knowledge.editors()
        if not found:
            err.print("nobody but administrators; `hotline kb editor LOGIN DEPARTMENT` adds one")
            return
        table = Table("department", "login")
        for login, department in found:
            table.add_row(department, login)
        out.print(table)

    asyncio.run(read())
