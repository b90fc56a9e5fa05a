"""Music while waiting: a slow pentatonic melody over soft chords, made here, so that it is nobody else's.

`rendered()` gives the A-law file (8 kHz), written once into the cache folder.
"""

from __future__ import annotations

import array
import hashlib
import math
import tempfile
from pathlib import Path

from deploy.layout import CACHE

RATE = 8000
BEAT = 0.62  # seconds
# Midi notes, one bar of four beats a row; None rests. The scale is C pentatonic: nothing in it can clash.
MELODY: tuple[tuple[int | None, ...], ...] = (
    (67, None, 69, 72),
    (74, None, 72, None),
    (69, 67, 64, None),
    (62, None, 64, 67),
    (69, None, 72, 74),
    (76, None, 74, 72),
    (69, None, 67, 69),
    (67, None, None, None),
    (64, None, 67, 69),
    (72, None, 69, None),
    (67, 64, 62, None),
    (60, None, 62, 64),
    (67, None, 69, 67),
    (64, None, 62, None),
    (60, 62, 64, 62),
    (60, None, None, None),
)
CHORDS = ((48, 55, 64), (45, 52, 60), (41, 48, 57), (43, 50, 59))  # C, Am, F, G: one a bar, in turn
LOUDNESS = 0.16  # of full scale: music under a voice's level, for a telephone's ear


def rendered() -> Path:
    """The melody's A-law file; made in about two seconds when this text is new to the cache folder."""
    stamp = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    path = CACHE / f"melody-{stamp}.alaw"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=CACHE, delete=False) as file:
            file.write(alaw(samples()))
        Path(file.name).replace(path)
        path.chmod(0o644)
    return path


def samples() -> array.array[float]:
    """The whole piece, -1..1, ending in silence so that it loops without a click."""
    bar = 4 * BEAT
    sound = array.array("d", bytes(8 * int(RATE * bar * (len(MELODY) + 1))))
    for number, notes in enumerate(MELODY):
        for pitch in CHORDS[number % len(CHORDS)]:
            _pluck(sound, number * bar, pitch, 0.22, 1.1)
        for beat, note in enumerate(notes):
            if note is not None:
                _pluck(sound, number * bar + beat * BEAT, note, 0.6, 0.55)
    return sound


def _pluck(sound: array.array[float], start: float, pitch: int, level: float, decay: float) -> None:
    """Adds one soft note: a sine with a little octave, 15 ms of attack, `decay` seconds to one third."""
    step = 2 * math.pi * 440 * 2 ** ((pitch - 69) / 12) / RATE
    first = int(start * RATE)
    for index in range(min(int(4 * decay * RATE), len(sound) - first)):
        seconds = index / RATE
        envelope = level * min(1, seconds / 0.015) * math.exp(-seconds / decay)
        sound[first + index] += envelope * (math.sin(step * index) + 0.25 * math.sin(2 * step * index))


def alaw(sound: array.array[float]) -> bytes:
    """G.711 A-law of `sound`, scaled to LOUDNESS."""
    peak = max(abs(value) for value in sound)
    return bytes(_alaw(round(32767 * LOUDNESS * value / peak)) for value in sound)


def _alaw(value: int) -> int:
    mask = 0xD5 if value >= 0 else 0x55
    size = min(abs(value), 32635) >> 3
    segment = max(0, size.bit_length() - 5)
    return ((segment << 4) | (size >> max(1, segment) & 0x0F)) ^ mask
