"""Uploaded prompts: a WAV as people record it becomes what Asterisk plays, A-law at 8 kHz, in place of the rendered one."""

import array
import math
import sys
import wave
from bisect import bisect_left
from functools import lru_cache
from operator import mul
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ccenter.calls.models import Prompt

RATE = 8000
LONGEST = 300  # seconds
REACH = 16  # zero crossings of the low-pass on each side: flat to 3.4 kHz


def sound_path(language: str, name: str) -> Path:
    """Where Asterisk finds "cc/<name>" in a language."""
    return Path(settings.STATE) / "data" / "sounds" / language / "cc" / f"{name}.alaw"


def materialise(prompt: Prompt) -> Path:
    """Write a prompt where Asterisk plays it from, at once and whole. Raises ValidationError for a file that is no WAV."""
    with prompt.audio.open("rb") as file:
        sound = to_alaw(file)
    path = sound_path(prompt.language, prompt.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_bytes(sound)
    beside.chmod(0o644)
    beside.replace(path)  # the link to the rendered prompt, or the upload before
    return path


def withdraw(prompt: Prompt) -> None:
    """Take an upload away again: the rendered prompt of its name, if there is one, is heard again."""
    path = sound_path(prompt.language, prompt.name)
    rendered = settings.BASE_DIR / "asterisk" / "sounds" / prompt.language / path.name
    path.unlink(missing_ok=True)
    if rendered.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(rendered)


def to_alaw(file: BinaryIO) -> bytes:
    """A PCM WAV of any rate, width and number of channels as A-law, 8 kHz, one channel. Raises ValidationError."""
    try:
        with wave.open(file) as source:
            width, channels, rate, frames = (
                source.getsampwidth(),
                source.getnchannels(),
                source.getframerate(),
                source.getnframes(),
            )
            if not (RATE <= rate <= 192_000 and 0 < frames <= LONGEST * rate):
                raise ValidationError(_("A recording has at least 8000 samples a second, and lasts at most five minutes."))
            samples = _samples(source.readframes(frames), width, channels)
    except (wave.Error, EOFError, RuntimeError) as error:
        raise ValidationError(_("This is not a WAV file of the kind PCM.")) from error
    table = _alaw_table()
    return bytes(table[s + 32768] for s in _resampled(samples, rate))


def _samples(data: bytes, width: int, channels: int) -> list[int]:
    """16-bit samples of all channels mixed."""
    if width == 1:
        values = [(byte - 128) << 8 for byte in data]
    elif width == 2:
        words = array.array("h", data[: len(data) // 2 * 2])
        if sys.byteorder == "big":
            words.byteswap()
        values = list(words)
    else:  # 24 and 32 bits: the two highest bytes
        high = bytearray(len(data) // width * 2)
        high[0::2] = data[width - 2 :: width][: len(high) // 2]
        high[1::2] = data[width - 1 :: width][: len(high) // 2]
        return _samples(bytes(high), 2, channels)
    if channels == 1:
        return values
    return [sum(values[i : i + channels]) // channels for i in range(0, len(values) - channels + 1, channels)]


def _resampled(samples: list[int], rate: int) -> list[int]:
    """To 8 kHz through a windowed sinc, one filter for each of the phases in which samples of the two rates can stand."""
    if rate == RATE:
        return samples
    divisor = math.gcd(rate, RATE)
    step, phases = rate // divisor, RATE // divisor
    reach = REACH * rate // RATE + 1
    filters = [_filter(phase / phases, reach, rate) for phase in range(phases)]
    padded = [0] * (reach - 1) + samples + [0] * (reach + 1)
    out = []
    for n in range(len(samples) * RATE // rate):
        at, phase = divmod(n * step, phases)
        value = round(sum(map(mul, filters[phase], padded[at : at + 2 * reach])))
        out.append(max(-32768, min(32767, value)))
    return out


def _filter(offset: float, reach: int, rate: int) -> list[float]:
    """Weights of the samples around a point `offset` samples after one, which add up to 1."""
    cutoff = 0.94 * RATE / rate  # of half the rate
    weights = []
    for k in range(-reach + 1, reach + 1):
        x = k - offset
        window = 0.5 + 0.5 * math.cos(math.pi * x / reach) if abs(x) < reach else 0.0
        weights.append(window * (math.sin(math.pi * cutoff * x) / (math.pi * x) if x else cutoff))
    total = sum(weights)
    return [w / total for w in weights]


@lru_cache(maxsize=1)
def _alaw_table() -> bytes:
    """The nearest A-law code (ITU-T G.711) of each 16-bit sample from -32768 on."""
    levels = []
    for code in range(256):
        bits = code ^ 0x55
        exponent, mantissa = bits >> 4 & 7, bits & 15
        size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
        levels.append((size if bits & 0x80 else -size, code))
    levels.sort()
    values = [value for value, _code in levels]
    table = bytearray()
    for sample in range(-32768, 32768):
        right = min(bisect_left(values, sample), 255)
        left = max(right - 1, 0)
        nearest = right if values[right] - sample < sample - values[left] else left
        table.append(levels[nearest][1])
    return bytes(table)
