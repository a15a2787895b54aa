"""The matcher of the real-call journeys: it must name prompts rightly, and notice a swap."""

import numpy as np
import pytest

from ivr.prompt_ids import LANGUAGES
from ivr.prompts import PromptCatalogue
from tests.hearing import Array, Ear, prompt_sounds

CATALOGUE = PromptCatalogue.load()
SOUNDS = dict(prompt_sounds())
TEXTS = {
    f"{language}/{prompt.id}": f"{prompt.voice} {prompt.text}"
    for language in LANGUAGES
    for prompt in CATALOGUE.prompts(language)
}


@pytest.fixture(scope="module")
def ear() -> Ear:
    return Ear(SOUNDS, TEXTS)


def spoken(*names: str, gap: float = 0.06, cut: float | None = None) -> Array:
    """What a telephone would give of these prompts: a little noise, eight bits, gaps."""
    rng = np.random.default_rng(7)
    parts: list[Array] = [np.zeros(900)]
    for number, name in enumerate(names):
        sound = SOUNDS[name]
        if cut is not None and number == 0:
            sound = sound[: int(cut * 8000)]
        parts += [sound, np.zeros(int(gap * 8000))]
    sound = np.concatenate(parts)
    steps = np.round(127 * np.log1p(255 * np.abs(sound)) / np.log(256)) / 127
    coarse = np.sign(sound) * np.expm1(steps * np.log(256)) / 255
    return coarse + rng.normal(0, 2e-4, len(sound))


SENTENCES = [
    ("zh/welcome", "zh/language_menu", "en/press_9_for_english", "zh/main_menu"),
    (
        "zh/your_account_ending",
        "zh/number_5",
        "zh/number_6",
        "zh/digit_yao",
        "zh/balance_of_savings",
        "zh/number_35",
        "zh/ten_thousand",
        "zh/thousands_2",
        "zh/yuan_whole",
    ),
    (
        "en/your_savings",
        "en/number_7",
        "en/number_0",
        "en/number_70",
        "en/balance_of",
        "en/number_17",
        "en/thousand",
        "en/yuan",
    ),
    ("zh/enter_pin", "zh/details_do_not_match", "zh/enter_pin", "zh/too_many_tries"),
]


@pytest.mark.parametrize("names", SENTENCES)
def test_every_prompt_of_a_row_is_named(ear: Ear, names: tuple[str, ...]) -> None:
    heard = ear.listen(spoken(*names))
    assert [TEXTS[one.prompt] for one in heard] == [TEXTS[name] for name in names]
    assert min(one.score for one in heard) > 0.9
    assert min(one.margin for one in heard) > 0.04


def test_a_prompt_that_was_cut_short_is_named_and_the_next_one_too(ear: Ear) -> None:
    heard = ear.listen(spoken("zh/main_menu", "zh/enter_card_number", cut=2.5))
    assert [one.prompt for one in heard] == ["zh/main_menu", "zh/enter_card_number"]
    assert 2.0 < heard[0].seconds < 2.7


@pytest.mark.parametrize("gap", [0.17, 0.18, 0.19])
def test_a_beginning_at_the_edge_of_the_search_is_not_taken_for_another(
    ear: Ear, gap: float
) -> None:
    """Half a syllable before "Sorry, that was …" another "Sorry, …" seems to fit."""
    names = ["en/details_do_not_match", "en/too_many_tries"]
    cut = len(SOUNDS[names[0]]) / 8000 - 0.46
    heard = ear.listen(spoken(*names, gap=gap, cut=cut))
    assert [one.prompt for one in heard] == names


def test_a_late_packet_does_not_confuse_it(ear: Ear) -> None:
    whole = spoken("zh/lost_menu", "zh/confirm_block")
    late = np.concatenate([whole[:12000], np.zeros(160), whole[12000:]])
    assert [one.prompt for one in ear.listen(late)] == ["zh/lost_menu", "zh/confirm_block"]


def test_noise_and_silence_are_no_prompt(ear: Ear) -> None:
    noise = np.random.default_rng(3).normal(0, 0.05, 16000)
    assert [one.prompt for one in ear.listen(noise)] == [""]
    assert ear.listen(np.zeros(16000)) == []


def test_two_swapped_files_are_noticed() -> None:
    pairs = [
        ("zh/enter_pin", "zh/enter_new_pin"),
        ("zh/number_35", "zh/number_36"),
        ("en/number_7", "en/number_70"),
    ]
    swapped = dict(SOUNDS)
    for one, other in pairs:
        swapped[one], swapped[other] = SOUNDS[other], SOUNDS[one]
    heard = Ear(swapped, TEXTS).listen(spoken(*(one for one, _ in pairs)))
    assert [part.prompt for part in heard] == [other for _, other in pairs]


def test_pauses_within_a_prompt_do_not_end_it(ear: Ear) -> None:
    """A pause fits wherever one looks for it: the search must not wander off in it."""
    for name in ("zh/survey_question", "zh/survey_question_2", "zh/main_menu", "en/main_menu"):
        sound = np.concatenate([np.zeros(1600), SOUNDS[name], np.zeros(1600)])
        (heard,) = ear.listen(sound)
        assert heard.prompt == name
        assert heard.seconds > len(SOUNDS[name]) / 8000 - 0.4
