"""Recordings on disk: from what the switch writes to a compact file of two channels.

The switch writes raw samples: 16 bit, little-endian, 8 kHz, the customer and what the customer hears in turn. It becomes Ogg
Opus, which browsers play: 0.5 MB and 0.3 s of work a minute. With less, or tuned for speech, the encoder lets each speaker be
heard on the other's channel.
"""

import hashlib
import os
import struct
import subprocess
import sys
from array import array
from pathlib import Path
from typing import NamedTuple

RATE = 8000
FRAME = 4  # bytes of both channels' sample
ENCODER = ("nice", "-n", "15", "opusenc", "--quiet", "--music", "--bitrate", "48", "--comp", "0", "--raw", "--raw-bits", "16")
OPTIONS = ("--raw-rate", str(RATE), "--raw-chan", "2", "--raw-endianness", "0")
LONGEST = 900.0  # seconds for the encoder
MOST_PEAKS = 1000  # of a channel
DIFFERENCE = 0.1  # seconds by which the compact file may be shorter or longer


class NotConverted(Exception):
    """Why there is no compact file, in one line."""


class Converted(NamedTuple):
    seconds: float
    bytes: int
    sha256: str


def convert(raw: Path, file: Path) -> Converted:
    """Makes `file` of `raw`, checks it, and puts it on disk for good. Over an earlier try it writes anew. Raises NotConverted."""
    try:
        seconds = raw.stat().st_size // FRAME / RATE
    except OSError as error:
        raise NotConverted(f"{raw.name}: {error.strerror}") from error
    if not seconds:
        raise NotConverted(f"{raw.name} is empty")
    draft = file.with_name(f".{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _encode(raw, draft)
        found = duration(draft)
        if abs(found - seconds) > DIFFERENCE:
            raise NotConverted(f"{raw.name} lasts {seconds:.1f} s, made of it were {found:.1f} s")
        digest, size = _finish(draft)
        draft.replace(file)
    except OSError as error:
        raise NotConverted(f"{error.filename or file.name}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    return Converted(round(found, 3), size, digest)


def _encode(raw: Path, draft: Path) -> None:
    try:
        done = subprocess.run([*ENCODER, *OPTIONS, str(raw), str(draft)], capture_output=True, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotConverted(f"{raw.name}: the encoder took longer than {LONGEST:g} s") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise NotConverted(f"{raw.name}: opusenc said {said[-1]}")


def peaks(raw: Path) -> bytes:
    """How loud each channel of raw samples is: at most MOST_PEAKS bytes of the customer's, then as many of the agent's.

    Read a piece at a time: an hour is 57 MB. Raises NotConverted.
    """
    try:
        frames = raw.stat().st_size // FRAME
        step = max(1, -(-frames // MOST_PEAKS))
        sides: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        with raw.open("rb") as file:
            while piece := file.read(step * FRAME):
                samples = array("h", piece[: len(piece) // FRAME * FRAME])
                if sys.byteorder == "big":
                    samples.byteswap()
                for side, channel in zip(sides, (samples[::2], samples[1::2]), strict=True):
                    if channel:
                        loudest = max(max(channel), -min(channel))  # noqa: PLW3301  # a channel is long
                        side.append(min(255, loudest >> 7))
    except OSError as error:
        raise NotConverted(f"{raw.name}: {error.strerror}") from error
    return bytes(sides[0] + sides[1])


def peaks_of(kept: bytes) -> tuple[list[float], list[float]]:
    """What `peaks` made, as numbers from 0 to 1: customer, agent."""
    values = [round(value / 255, 3) for value in bytes(kept)]
    half = len(values) // 2
    return values[:half], values[half:]


def _finish(draft: Path) -> tuple[str, int]:
    with draft.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o600)
        return digest, os.fstat(file.fileno()).st_size


def duration(file: Path) -> float:
    """Seconds of an Ogg Opus file: the last page's position, less what the decoder throws away. Raises NotConverted."""
    with file.open("rb") as opened:
        head = opened.read(4096)
        opened.seek(max(0, file.stat().st_size - 70_000))  # a page has at most 65,307 bytes
        tail = opened.read()
    start, last = head.find(b"OpusHead"), tail.rfind(b"OggS")
    if start < 0 or last < 0 or len(tail) < last + 14:
        raise NotConverted(f"{file.name} is no Opus file")
    (skipped,) = struct.unpack_from("<H", head, start + 10)
    (position,) = struct.unpack_from("<q", tail, last + 6)
    return float(max(0, position - skipped)) / 48_000
