"""A-law (ITU-T G.711), 8 kHz. Needs numpy; used by render.py and by tests."""

import numpy as np

RATE = 8_000


def _table() -> np.ndarray:
    """What each of the 256 codes stands for, in 16-bit steps."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_DECODED = _table()
_ORDER = np.argsort(_DECODED)
_EDGES = (_DECODED[_ORDER].astype(np.int32)[:-1] + _DECODED[_ORDER].astype(np.int32)[1:]) / 2


def decode(data: bytes) -> np.ndarray:
    """A-law bytes -> int16 samples."""
    return _DECODED[np.frombuffer(data, np.uint8)]


def encode(samples: np.ndarray) -> bytes:
    """Samples (any number type, 16-bit scale) -> A-law bytes, each the nearest code."""
    return _ORDER[np.searchsorted(_EDGES, np.asarray(samples))].astype(np.uint8).tobytes()
