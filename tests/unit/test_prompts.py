"""The catalogue of prompts, the format of its files, and the shipped texts and recordings."""

import datetime as dt
import statistics
import wave
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from crm_lookup.model import AccountBalance
from ivr.audio import MASTER_RATE, TELEPHONE_RATE, read_master, resample
from ivr.polish import LEVEL_DBFS, AudioSegment, speech_level
from ivr.prompt_errors import PromptFileError, SentenceError, UnknownPromptError
from ivr.prompt_files import read_prompt_file
from ivr.prompt_ids import LANGUAGES, Language, PromptId
from ivr.prompts import SOUNDS_DIR, Money, PromptCatalogue
from ivr.recordings import Made, file_hash, text_hash, write_manifest
from ivr.say.money import CURRENCIES

KINDS = get_args(AccountBalance.__annotations__["kind"])

MINIMAL = """
language: {language}
voice: {language}
prompts:
  hello: Hello.
  other: {{text: Other., voice: guest}}
  gap: {{text: ",", silence_ms: 200}}
pieces:
  - cue: "Say, [], please."
    texts: {{number_1: one, kind_a: A}}
sentences:
  line: [hello, "kind_{{kind}}", "{{n:cardinal}}"]
"""


@pytest.fixture(scope="module")
def catalogue() -> PromptCatalogue:
    return PromptCatalogue.load()


def written(folder: Path, text: str = MINIMAL, language: Language = "en") -> Path:
    path = folder / f"{language}.yaml"
    path.write_text(text.format(language=language), encoding="utf-8")
    return path


def small(folder: Path) -> PromptCatalogue:
    for language in LANGUAGES:
        written(folder, language=language)
    return PromptCatalogue.load(folder, folder / "sounds")


# The shipped files ---------------------------------------------------------------------------


def test_shipped_texts_are_complete(catalogue: PromptCatalogue) -> None:
    assert catalogue.text_problems() == []


def test_every_shipped_text_has_its_own_recording(catalogue: PromptCatalogue) -> None:
    assert catalogue.recording_problems() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_masters_are_as_their_manifest_says(
    catalogue: PromptCatalogue, language: Language
) -> None:
    manifest = catalogue.manifest(language)
    assert manifest
    for prompt in catalogue.prompts(language):
        master = read_master(catalogue.recording(prompt.id, language))
        milliseconds = len(master) / (MASTER_RATE / 1000)
        assert abs(milliseconds - manifest[prompt.id].duration_ms) < 2, prompt.id
        letters = len(prompt.text) if prompt.language == "zh" else len(prompt.text.split()) * 2
        assert 150 <= milliseconds < 900 + 450 * letters, prompt.id


def test_shipped_recordings_are_equally_loud_and_end_softly(catalogue: PromptCatalogue) -> None:
    """All of both languages within 1 dB, as the telephone carries them."""
    levels = {}
    prompts = [prompt for language in LANGUAGES for prompt in catalogue.prompts(language)]
    for prompt in prompts:
        if prompt.silence_ms:
            continue
        master = read_master(catalogue.recording(prompt.id, prompt.language))
        heard = resample(master, MASTER_RATE, TELEPHONE_RATE)
        assert max(abs(heard[:8]).max(), abs(heard[-8:]).max()) < 400, prompt.id
        sound = AudioSegment(
            heard.tobytes(), sample_width=2, frame_rate=TELEPHONE_RATE, channels=1
        )
        levels[prompt.language, prompt.id] = speech_level(sound)
    assert len(levels) > 700
    quietest, loudest = min(levels, key=levels.__getitem__), max(levels, key=levels.__getitem__)
    assert levels[loudest] - levels[quietest] <= 1.0, (quietest, loudest)
    assert abs(statistics.median(levels.values()) - LEVEL_DBFS) < 0.1


def test_the_masters_are_small_enough_for_a_checkout() -> None:
    size = sum(file.stat().st_size for file in SOUNDS_DIR.rglob("*") if file.is_file())
    assert size < 20 * 2**20


def test_hold_music_is_telephony_ready() -> None:
    with wave.open(str(SOUNDS_DIR / "moh" / "hold.wav")) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert 30 <= file.getnframes() / 8000 <= 40


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("minor", [123_456, 0, -5])
@pytest.mark.parametrize("currency", CURRENCIES)
def test_every_balance_can_be_said(
    catalogue: PromptCatalogue, language: Language, kind: str, minor: int, currency: str
) -> None:
    pieces = catalogue.balance(
        kind=kind, tail="0018", minor=minor, currency=currency, language=language
    )
    assert catalogue.spell(pieces, language)
    assert all(catalogue.recording(piece, language).is_file() for piece in pieces)


@pytest.mark.parametrize(
    ("kind", "minor", "language", "expected"),
    [
        ("savings", 1_005_005, "zh", "您尾号幺二三四的储蓄账户，余额为一万零五十元零五分，"),
        ("credit_card", -20_050, "zh", "您尾号幺二三四的信用卡，当前欠款为二百元五角，"),
        (
            "savings",
            120_000,
            "en",
            "Your savings account ending in one two three four "
            "has a balance of one thousand two hundred yuan,",
        ),
        (
            "loan",
            -100,
            "en",
            "On your loan account ending in one two three four you have left to repay one yuan,",
        ),
    ],
)
def test_balances_sound_natural(
    catalogue: PromptCatalogue, kind: str, minor: int, language: Language, expected: str
) -> None:
    pieces = catalogue.balance(
        kind=kind, tail="1234", minor=minor, currency="CNY", language=language
    )
    assert catalogue.spell(pieces, language) == expected


def test_english_is_offered_by_the_english_voice(catalogue: PromptCatalogue) -> None:
    offered = {catalogue.prompt("press_9_for_english", language) for language in LANGUAGES}
    assert {(prompt.text, prompt.voice) for prompt in offered} == {("For English, press 9.", "en")}


# The catalogue -------------------------------------------------------------------------------


def test_sentences_are_filled(tmp_path: Path) -> None:
    catalogue = small(tmp_path)
    assert catalogue.sentence("line", "en", kind="a", n=1) == ("hello", "kind_a", "number_1")
    assert catalogue.text_problems() == []


def test_what_a_sentence_lacks_is_named(tmp_path: Path) -> None:
    catalogue = small(tmp_path)
    with pytest.raises(UnknownPromptError, match="no sentence 'lime'"):
        catalogue.sentence("lime", "en")
    with pytest.raises(SentenceError, match="needs a value for 'kind'"):
        catalogue.sentence("line", "en", n=1)
    with pytest.raises(UnknownPromptError, match=r"no prompt 'kind_b' in zh; add it to"):
        catalogue.sentence("line", "zh", kind="b", n=1)
    with pytest.raises(SentenceError, match="a Money cannot be read as cardinal"):
        catalogue.sentence("line", "en", kind="a", n=Money(1, "CNY"))


def test_every_reader_is_known(tmp_path: Path) -> None:
    line = 'x: ["{a:digits}", "{b:amount}", "{c:date}", "{d:counted}"]'
    for language in LANGUAGES:
        text = MINIMAL.format(language=language) + f"  {line}\n"
        (tmp_path / f"{language}.yaml").write_text(text, encoding="utf-8")
    pieces = PromptCatalogue.load(tmp_path).sentence(
        "x", "zh", a="1", b=Money(2, "CNY"), c=dt.date(2026, 1, 2), d=2
    )
    assert pieces == (
        *("digit_yao", "fen_liang"),
        *("number_2", "number_0", "number_2", "number_6", "year", "month_1", "number_2", "day"),
        "number_liang",
    )


def test_membership_means_every_language(tmp_path: Path) -> None:
    small(tmp_path)
    more = MINIMAL.replace("hello:", "extra: More.\n  hello:")
    written(tmp_path, more, "zh")
    catalogue = PromptCatalogue.load(tmp_path)
    assert "hello" in catalogue
    assert "extra" not in catalogue
    assert catalogue.text_problems() == ["en: extra is missing (it is in zh.yaml)"]


def test_a_sentence_without_texts_is_a_problem(tmp_path: Path) -> None:
    small(tmp_path)
    written(tmp_path, MINIMAL.replace("[hello,", "[gone,"), "zh")
    assert PromptCatalogue.load(tmp_path).text_problems() == [
        "zh: sentence line: no text is called gone"
    ]


def test_recording_problems(tmp_path: Path) -> None:
    catalogue = small(tmp_path)
    assert "en: hello has no recording; render it" in catalogue.recording_problems()
    for language in LANGUAGES:
        manifest = {
            prompt.id: Made(text_sha256=text_hash(prompt.text), voice="v", duration_ms=1)
            for prompt in catalogue.prompts(language)
        }
        for prompt_id, made in manifest.items():
            recording = catalogue.recording(prompt_id, language)
            recording.parent.mkdir(parents=True, exist_ok=True)
            recording.touch()
            manifest[prompt_id] = msgspec.structs.replace(made, sha256=file_hash(recording))
        write_manifest(tmp_path / "sounds" / language, manifest)
    assert catalogue.recording_problems() == []
    written(tmp_path, MINIMAL.replace("Hello.", "Good day."))
    catalogue.recording("spare", "zh").touch()
    catalogue.recording("hello", "zh").write_bytes(b"another")
    changed = PromptCatalogue.load(tmp_path, tmp_path / "sounds")
    assert sorted(changed.recording_problems()) == [
        "en: the text of hello changed after it was recorded; render it again",
        "zh: the recording hello was replaced by hand; take it in with 'hotline prompts import'",
        "zh: the recording spare belongs to no text; delete it",
    ]


def test_a_damaged_manifest_is_refused(tmp_path: Path) -> None:
    catalogue = small(tmp_path)
    (tmp_path / "sounds" / "en").mkdir(parents=True)
    (tmp_path / "sounds" / "en" / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(PromptFileError, match="delete it and render"):
        catalogue.manifest("en")


# The format of the files ---------------------------------------------------------------------


def test_entries_carry_voice_cue_and_silence(tmp_path: Path) -> None:
    prompts = read_prompt_file(written(tmp_path), "en").prompts
    assert prompts[PromptId("other")].voice == "guest"
    assert prompts[PromptId("gap")].silence_ms == 200
    assert prompts[PromptId("number_1")].cue == "Say, [], please."
    assert prompts[PromptId("number_1")].piece
    assert not prompts[PromptId("hello")].piece


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hello: Hello.", "Hello: Hello.", "'Hello' is not usable as an id"),
        ("number_1: one", "hello: one", "'hello' is not usable as an id; an id is used once"),
        ("other:", "hello:", "the key 'hello' stands here twice"),
        ("Hello.", '" "', "hello has no text"),
        ("[], please", "please", r"needs exactly one \[\]"),
        ("n:cardinal", "n:loudly", "with one of digits, amount"),
        ("voice: guest", "speaker: guest", "unknown field `speaker`"),
        ("language: en", "language: zh", "language is 'zh'; it must be 'en'"),
        ("prompts:", "prompts: [", "while parsing"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "en.yaml"
    text = MINIMAL.format(language="en")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PromptFileError, match=message) as caught:
        read_prompt_file(path, "en")
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptFileError, match=r"en\.yaml cannot be read"):
        read_prompt_file(tmp_path / "en.yaml", "en")
