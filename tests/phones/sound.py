"""Sound as numbers: A-law, tones and their spectra. Pure functions on int16 samples at 8 kHz.

A tone is a multiple of 5 Hz, so ten packets (200 ms) hold whole periods of every tone: the payloads repeat and
need no computing, and in ten packets heard the tones of different parties do not leak into one another.
"""

import itertools
import wave
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

RATE = 8000
FRAME = 160  # samples in a packet of 20 ms
WINDOW = 10  # packets looked at together: 200 ms, a resolution of 5 Hz
LOUD = 0.25  # amplitude sent, of full scale: three parties together do not clip
HEARD = -24.0  # dB of full scale from which a tone counts as heard (sent: -12)
STEADY = 0.9  # a tone keeps its phase for 200 ms; the harmonics of a voice do not
NOTHING = -120.0

Samples = np.ndarray[Any, np.dtype[np.int16]]
Levels = np.ndarray[Any, np.dtype[np.float64]]

BEEPS = (800, 1000)  # of our own prompts
_tones: Iterator[int] = itertools.cycle(n for n in (*range(600, 3300, 50), *range(625, 3300, 50)) if n not in BEEPS)


def next_tone() -> int:
    """A tone no other party has (there are 106 before they repeat)."""
    return next(_tones)


@cache
def _decode_table() -> Samples:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


@cache
def _encode_table() -> np.ndarray[Any, np.dtype[np.uint8]]:
    levels = _decode_table().astype(np.int32)
    order = np.argsort(levels)
    middles = (levels[order][1:] + levels[order][:-1]) / 2
    return order[np.searchsorted(middles, np.arange(-32768, 32768))].astype(np.uint8)


def from_alaw(data: bytes) -> Samples:
    return _decode_table()[np.frombuffer(data, np.uint8)]


def to_alaw(samples: Samples) -> bytes:
    return _encode_table()[samples.astype(np.int32) + 32768].tobytes()


@cache
def tone_payloads(hz: int) -> tuple[bytes, ...]:
    """The ten packets of a tone, which then begin again. 0 Hz is silence."""
    phase = 2 * np.pi * hz * np.arange(FRAME * WINDOW) / RATE
    data = to_alaw((np.sin(phase) * LOUD * 32767).astype(np.int16))
    return tuple(data[i : i + FRAME] for i in range(0, len(data), FRAME))


def tone_bytes(hz: int, seconds: int) -> bytes:
    """A tone as raw A-law, for whoever plays files."""
    return b"".join(tone_payloads(hz)) * (seconds * RATE // (FRAME * WINDOW))


def levels(samples: Samples, hz: float, window: int = WINDOW) -> Levels:
    """dB of full scale of one tone in every run of `window` packets; NOTHING where it is not one steady tone."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME) / 32768
    if len(frames) < window:
        return np.empty(0)
    turn = np.exp(-2j * np.pi * hz * np.arange(FRAME) / RATE)
    steps = np.exp(-2j * np.pi * hz * FRAME * np.arange(len(frames)) / RATE)
    each = (frames @ turn) * steps

    def running(values: Any) -> Any:
        sums = np.concatenate([[0], np.cumsum(values)])
        return np.abs(sums[window:] - sums[:-window])

    together, apart = running(each), running(np.abs(each))
    found = 20 * np.log10(np.maximum(2 * together / (window * FRAME), 1e-6))
    steady: Levels = np.where(together >= STEADY * apart, found, NOTHING)
    return steady


def level(samples: Samples, hz: float) -> float:
    """Loudest the tone was for 200 ms, dB of full scale (parties send at -12; nothing is -120)."""
    found = levels(samples, hz)
    return float(found.max()) if found.size else NOTHING


def tones(samples: Samples) -> list[int]:
    """Frequencies (Hz, multiples of 5) that stand out in any block of 200 ms, loudest first."""
    size = WINDOW * FRAME
    blocks = samples[: len(samples) // size * size].reshape(-1, size) / 32768
    if not blocks.size:
        return []
    spectrum = (2 * np.abs(np.fft.rfft(blocks, axis=1)) / size).max(axis=0)
    loud = np.flatnonzero(spectrum > 10 ** (HEARD / 20))
    return [int(i) * RATE // size for i in loud[np.argsort(-spectrum[loud])]][:12]


def loudness(samples: Samples) -> float:
    """RMS in dB of full scale: a party's tone -15, speech about -20, silence -120."""
    if not len(samples):
        return NOTHING
    return float(20 * np.log10(max(float(np.sqrt(np.mean((samples / 32768.0) ** 2))), 1e-6)))


def read_wav(path: str | Path | IO[bytes]) -> list[Samples]:
    """The channels of a 16-bit WAV file at 8 kHz. ValueError for another kind."""
    with wave.open(str(path) if isinstance(path, str | Path) else path) as file:
        if (file.getsampwidth(), file.getframerate()) != (2, RATE):
            raise ValueError(f"{path}: {file.getparams()}")
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return [data[n :: file.getnchannels()] for n in range(file.getnchannels())]


def write_wav(path: str | Path, samples: Samples) -> Path:
    """Mono, 16 bit, 8 kHz; returns the path."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return Path(path)
