"""``hotline prompts …``: what callers hear."""

from pathlib import Path

import typer
from rich.progress import Progress

from hotline.cli.common import clear_errors, err, fail, out
from ivr.prompt_ids import Language

app = typer.Typer(
    help="What callers hear: check the texts and recordings, record them anew.",
    no_args_is_help=True,
)


@app.command()
@clear_errors
def status() -> None:
    """Say what is missing, outdated (by its text) or spare; exit status 1 when anything is."""
    from hotline.roles.ivr import load_prompts

    catalogue = load_prompts()
    problems = [*catalogue.text_problems(), *catalogue.recording_problems()]
    for problem in problems:
        err.print(problem, markup=False)
    if problems:
        raise typer.Exit(1)
    out.print("every sentence has its recording in every language")


@app.command()
@clear_errors
def render(
    voice: list[str] = typer.Option(
        [],
        "--voice",
        metavar="NAME=COMMAND",
        help="Voice of the prompt files and the command that speaks: 'zh=CMD {text} {out}'. "
        "English defaults to piper, where it is installed.",
    ),
    language: list[str] = typer.Option(["zh", "en"], "--language", help="zh or en."),
) -> None:
    """Record every sentence whose text changed, with your voice engine.

    Needs the extra hotline[voices].  dialplans/sounds/README.md says how the shipped were made.
    """
    from hotline.roles.ivr import load_prompts
    from ivr.render import outdated
    from ivr.render import render as render_prompts
    from ivr.voices import CommandVoice, PiperVoice, Voice

    voices: dict[str, Voice] = {}
    for item in voice:
        name, _, command = item.partition("=")
        if not command:
            fail(f"{item}: write NAME=COMMAND, e.g. zh='speak {{text}} {{out}}'")
        voices[name] = CommandVoice(name, command)
    catalogue = load_prompts()
    for code in language:
        if code not in ("zh", "en"):
            fail(f"{code}: no such language; accepted: zh, en")
        wanted = outdated(catalogue, code)  # type: ignore[arg-type] # checked above
        if not wanted:
            out.print(f"{code}: everything is up to date")
            continue
        if code == "en" and "en" not in voices:
            voices["en"] = PiperVoice()
        with Progress(console=err) as bar:
            task = bar.add_task(code, total=len(wanted))

            def show(count: int, _total: int, _prompt: str, bar: Progress = bar) -> None:
                bar.update(task, completed=count)  # noqa: B023 - called within this round only

            done = render_prompts(catalogue, code, voices, progress=show)  # type: ignore[arg-type] # checked above
        out.print(f"{code}: {done} recordings made")


@app.command("import")
@clear_errors
def import_one(
    prompt_id: str = typer.Argument(..., help="Id of the prompt."),
    source: Path = typer.Argument(..., metavar="FILE", help="Recording in any common format."),
    language: str = typer.Option("zh", help="zh or en."),
    voice: str = typer.Option(..., help="Who speaks; noted in the manifest."),
) -> None:
    """Take a studio's recording of one prompt: trimmed, levelled, converted."""
    from hotline.roles.ivr import load_prompts
    from ivr.render import import_recording

    if language not in ("zh", "en"):
        fail(f"{language}: no such language; accepted: zh, en")
    if not source.is_file():
        fail(f"{source}: no such file")
    made = import_recording(load_prompts(), language, prompt_id, source, voice)  # type: ignore[arg-type] # checked above
    out.print(f"{prompt_id}: {made.duration_ms} ms")


@app.command()
@clear_errors
def level() -> None:
    """Bring all recordings to the same level, and say which were changed.

    What is rendered or imported has it already: this is for masters that came another way.
    """
    from hotline.roles.ivr import load_prompts
    from ivr.prompt_ids import LANGUAGES
    from ivr.render import level_recordings

    catalogue = load_prompts()
    for language in LANGUAGES:
        for prompt, change in level_recordings(catalogue, language).items():
            out.print(f"{language}/{prompt}: {change:+.1f} dB")


@app.command()
@clear_errors
def derive(
    to: Path | None = typer.Option(None, help="Folder to write to. Default: where it is kept."),
) -> None:
    """Make the 8 kHz recordings that Asterisk plays, if they are not there; print their folder.

    Set-up does this, and else the first start.
    """
    from hotline.asterisk.render import SOUNDS
    from hotline.asterisk.sounds import CHECKOUT_STATE, telephone_sounds
    from hotline.asterisk.sounds import derive as derive_to

    if to is not None:
        derive_to(SOUNDS, to)
        out.print(str(to), soft_wrap=True)
    else:
        out.print(str(telephone_sounds(CHECKOUT_STATE)), soft_wrap=True)


@app.command()
@clear_errors
def script(
    language: str = typer.Option("zh", help="zh or en."),
    whole: bool = typer.Option(False, "--all", help="Every text, also what is recorded."),
) -> None:
    """Print what a voice talent is to read: file name, text, and for pieces the whole cue."""
    from hotline.roles.ivr import load_prompts
    from ivr.render import outdated

    if language not in ("zh", "en"):
        fail(f"{language}: no such language; accepted: zh, en")
    catalogue = load_prompts()
    code: Language = "zh" if language == "zh" else "en"
    wanted = set(outdated(catalogue, code))
    for prompt in catalogue.prompts(code):
        if prompt.silence_ms or not (whole or prompt.id in wanted):
            continue
        read = prompt.cue.replace("[]", f"[{prompt.text}]") if prompt.cue else prompt.text
        typer.echo(f"{prompt.id}\t{prompt.voice}\t{read}")
