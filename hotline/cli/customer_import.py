"""``hotline customers import``: customers of the bank's other systems, from a file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import msgspec
import typer

from hotline.cli.common import clear_errors, err, fail, out, state

if TYPE_CHECKING:
    from crm_lookup.importing.checking import Progress
    from crm_lookup.importing.mapping_model import FileOptions, Mapping
    from crm_lookup.importing.ports import CustomerSink
    from crm_lookup.importing.run import Outcome
    from hotline.settings import Settings

PANEL = "Data"
SOME_REJECTED = 3
"""Exit status when the file is in but for some of its rows."""


def add_to(app: typer.Typer) -> None:
    """Add the command to ``hotline customers``."""
    app.command("import", rich_help_panel=PANEL)(import_customers)


@clear_errors
def import_customers(
    context: typer.Context,
    file: Path | None = typer.Argument(None, metavar="FILE", help="CSV, XLSX or Parquet."),
    mapping: Path | None = typer.Option(
        None, "--mapping", "-m", metavar="FILE", help="Which column is which fact (YAML)."
    ),
    template: bool = typer.Option(
        False, "--mapping-template", help="Print a mapping guessed from the header of FILE."
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Check everything, write no customer, count what would change."
    ),
    missing: str = typer.Option(
        "keep", metavar="close|keep", help="Customers whom a full delivery no longer holds."
    ),
    close_at_most: float = typer.Option(
        20.0, min=0, max=100, metavar="PERCENT", help="Refuse to close more of them at once."
    ),
    rejects: Path | None = typer.Option(
        None, metavar="FILE", help="Where rejects go. Default: NAME.rejects.csv in this folder."
    ),
    format_: str = typer.Option("", "--format", help="csv, xlsx, parquet. Default: by name."),
    encoding: str = typer.Option("", help="utf-8, gb18030, utf-16 … Default: found out."),
    delimiter: str = typer.Option("", help="One character or tab. Default: found out."),
    sheet: str = typer.Option("", help="Of a workbook. Default: the first."),
    resume: bool = typer.Option(False, "--resume", help="Finish an interrupted import."),
    discard: bool = typer.Option(
        False, "--discard", help="Give an interrupted import up; what is in already stays."
    ),
    show_status: bool = typer.Option(False, "--status", help="Say whether one is unfinished."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Import customers from a file: add new ones, update changed ones.

    The whole file is checked before anything is written; the hotline goes on meanwhile.

    The same file again changes nothing. After a kill the next import finishes the work.

    Status: 0 every row is in, 3 some were rejected (they stand in the reject file),
    1 nothing was imported, 2 the command was wrong.
    """
    from hotline.importing import import_folder, open_sink

    settings = state(context).settings
    chosen = [file is not None, resume, discard, show_status]
    if sum(chosen) != 1:
        fail("give either a FILE, or one of --resume, --discard, --status", 2)
    if missing not in ("keep", "close"):
        fail(f"--missing {missing}: write close or keep", 2)
    if show_status:
        _status(settings, as_json=as_json)
        return
    if template:
        assert file is not None  # noqa: S101 - chosen above
        _template(file, format_, encoding, delimiter, sheet)
        return
    options = {
        "format": format_, "encoding": encoding, "delimiter": delimiter, "sheet": sheet,
    }  # fmt: skip
    found = None if file is None else _mapping(mapping, file, options)
    with open_sink(settings, read_only=dry_run) as sink:
        if discard:
            from crm_lookup.importing.run import discard as give_up

            note = give_up(sink, folder=import_folder(settings))
            err.print("nothing is unfinished" if note is None else f"gave up {note.source}")
            return
        finished = None if dry_run else _finish(settings, sink)
        if file is None or found is None:
            if finished is None:
                err.print("nothing is unfinished")
                return
            _report(finished, as_json=as_json)
            raise typer.Exit(SOME_REJECTED if finished.counts.rejected else 0)
        if finished is not None:
            _report(finished, as_json=False, to_error=True)
        outcome = _import(
            settings,
            sink,
            file,
            found,
            rejects or Path(f"{file.name}.rejects.csv"),
            missing=cast("Literal['keep', 'close']", missing),
            close_at_most=close_at_most,
            dry_run=dry_run,
        )
    _report(outcome, as_json=as_json)
    if outcome.counts.rejected:
        raise typer.Exit(SOME_REJECTED)


def _mapping(path: Path | None, file: Path, options: dict[str, str]) -> "Mapping":
    from crm_lookup.importing.mapping import load_mapping

    if path is None:
        fail(
            "say with --mapping which column is which fact; a starting point: "
            f"hotline customers import {file} --mapping-template > mapping.yaml",
            2,
        )
    found = load_mapping(path)
    given = {name: value for name, value in options.items() if value}
    merged = _options({**msgspec.to_builtins(found.file), **given})
    return msgspec.structs.replace(found, file=merged)


def _options(values: dict[str, str]) -> "FileOptions":
    from crm_lookup.importing.mapping_model import FileOptions

    try:
        return msgspec.convert(values, FileOptions)
    except msgspec.ValidationError:
        fail(f"--format {values.get('format')}: write csv, xlsx or parquet", 2)


def _template(file: Path, format_: str, encoding: str, delimiter: str, sheet: str) -> None:
    from crm_lookup.importing.source import open_source
    from crm_lookup.importing.template import mapping_template

    given = {"format": format_, "encoding": encoding, "delimiter": delimiter, "sheet": sheet}
    options = {name: value for name, value in given.items() if value}
    source = open_source(file, _options(options))
    sys.stdout.write(mapping_template(file.name, source, options))


def _finish(settings: "Settings", sink: "CustomerSink") -> "Outcome | None":
    from crm_lookup.importing.run import resume
    from hotline.importing import import_folder
    from hotline.privacy.keys import open_sealer

    note = sink.unfinished()
    if note is None:
        return None
    err.print(
        f"the import of {note.source} was interrupted when {note.done:,} of {note.staged:,} "
        "customers were in; finishing it first",
        markup=False,
    )
    with _bar() as progress:
        return resume(
            sink,
            folder=import_folder(settings),
            sealing=open_sealer(settings),
            progress=progress,
        )


def _import(
    settings: "Settings",
    sink: "CustomerSink",
    file: Path,
    mapping: "Mapping",
    rejects: Path,
    *,
    missing: Literal["keep", "close"],
    close_at_most: float,
    dry_run: bool,
) -> "Outcome":
    from crm_lookup.importing.run import import_file
    from hotline.importing import import_folder, import_rules

    rules = import_rules(settings, missing=missing, close_at_most=close_at_most, dry_run=dry_run)
    try:
        with _bar() as progress:
            return import_file(
                file,
                mapping,
                sink,
                rules,
                folder=import_folder(settings),
                rejects=rejects,
                progress=progress,
            )
    except KeyboardInterrupt:
        left = None if dry_run else sink.unfinished()
        err.print(
            "interrupted; nothing was imported"
            if left is None
            else f"interrupted; {left.done:,} of {left.staged:,} customers are in: --resume "
            "finishes the rest"
        )
        raise


@contextmanager
def _bar() -> Iterator["Progress"]:
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = TextColumn("{task.description}"), BarColumn()
    with Bars(*columns, TaskProgressColumn(), TimeRemainingColumn(), console=err) as bars:
        tasks = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in tasks:
                words = {"check": "checking the file", "write": "writing customers"}[step]
                tasks[step] = bars.add_task(words)
            bars.update(tasks[step], completed=done if total else 1, total=total or 1)

        yield progress


def _report(outcome: "Outcome", *, as_json: bool, to_error: bool = False) -> None:
    if as_json:
        sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
        return
    say = err.print if to_error else out.print
    counts = outcome.counts
    say(
        f"{outcome.source}: {counts.lines:,} rows ({outcome.read_as}) in "
        f"{outcome.seconds:,.1f} s{', dry run: no customer was written' * outcome.dry_run}",
        markup=False,
        soft_wrap=True,
    )
    would = "would be " if outcome.dry_run else ""
    say(
        f"  {counts.added:,} {would}added, {counts.changed:,} {would}changed, "
        f"{counts.unchanged:,} unchanged, {counts.rejected:,} rejected"
        + f", {counts.closed:,} {would}closed"
        * bool(counts.closed),
        markup=False,
        soft_wrap=True,
    )
    if outcome.rejects:
        left = f", with {counts.left_out:,} values left out" if counts.left_out else ""
        say(f"  why: {outcome.rejects}{left}", markup=False, soft_wrap=True)


def _status(settings: "Settings", *, as_json: bool) -> None:
    from crm_lookup.importing.stage import is_running
    from hotline.importing import import_folder, open_sink

    folder = import_folder(settings)
    with open_sink(settings, read_only=True) as sink:
        note = sink.unfinished()
    running = is_running(folder)
    there = note is not None and (folder / note.stage).exists()
    if as_json:
        shown = {"running": running, "unfinished": note, "stage_there": there}
        sys.stdout.write(msgspec.json.encode(shown).decode() + "\n")
        return
    if note is None:
        out.print("an import checks its file" if running else "no import is unfinished")
        return
    out.print(
        f"{note.source}: {note.done:,} of {note.staged:,} customers are in; "
        + (
            "an import works on it"
            if running
            else "finish it with: hotline customers import --resume"
            if there
            else "its stage is gone: give it up with --discard, then import the file again"
        ),
        markup=False,
        soft_wrap=True,
    )
