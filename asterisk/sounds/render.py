"""`make prompts`: speaks the texts that have changed and writes <language>/<name>.alaw and manifest.json.

    render.py [NAME ...]    only these names (all languages), changed or not

What is left without a text is deleted. Interrupted, it goes on where it was.
"""

import argparse
import json
import sys

import alaw
import numpy as np
import table
import voice
from scipy import signal

LEVEL = 10 ** (-22 / 20)  # root mean square of the speech itself, full scale 1: what telephone prompts have
PEAK = 10 ** (-1.5 / 20)
FRAME = alaw.RATE // 100
QUIET = 10 ** (-40 / 20)  # of the loudest frame: below it there is no speech at the ends
# Milliseconds kept around the speech. Fragments follow one another like words.
PADS = {False: (40, 120), True: (15, 35)}
BETWEEN_PARTS_MS = 350
LOW_PASS = signal.firwin(301, 3_700, fs=voice.RATE, window=("kaiser", 8.0))
HIGH_PASS = signal.butter(4, 120, "highpass", fs=alaw.RATE, output="sos")


def main() -> int:
    """Renders what is stale; 0 when everything is in step afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    wanted = set(parser.parse_args().names)
    manifest = table.read_manifest()
    for language in table.LANGUAGES:
        entries = table.load(language)
        rendered = manifest.setdefault(language, {})
        (table.FOLDER / language).mkdir(exist_ok=True)
        todo = dict.fromkeys(wanted & entries.keys(), "asked for") if wanted else table.stale(language)
        for number, (name, reason) in enumerate(sorted(todo.items()), 1):
            print(f"{language} {number}/{len(todo)} {name}: {reason}", flush=True)
            path = table.audio(language, name)
            if name not in entries:
                path.unlink(missing_ok=True)
                rendered.pop(name, None)
            else:
                path.write_bytes(alaw.encode(render(entries[name]) * 32767))
                rendered[name] = [entries[name].hash, table.hash_audio(path)]
            if number % 20 == 0 or number == len(todo):
                _write(manifest)
    return 1 if any(table.stale(language) for language in table.LANGUAGES) else 0


def render(entry: table.Entry) -> np.ndarray:
    """An entry as float samples of full scale 1 at 8 kHz."""
    if not entry.parts:
        return _tone(entry.tone, entry.ms)
    gap = np.zeros(alaw.RATE * BETWEEN_PARTS_MS // 1000)
    pieces: list[np.ndarray] = []
    for part in entry.parts:
        spoken = voice.speak(part.language, part.spoken, part.voice, part.speed)
        pieces += [gap, _finish(spoken, *PADS[entry.fragment])]
    return np.concatenate(pieces[1:])


def _finish(samples: np.ndarray, before_ms: int, after_ms: int) -> np.ndarray:
    """Telephone band, 8 kHz, silence off both ends, one loudness for all."""
    narrow = signal.sosfiltfilt(HIGH_PASS, signal.resample_poly(samples, 1, 3, window=LOW_PASS))
    frames = narrow[: len(narrow) // FRAME * FRAME].reshape(-1, FRAME)
    power = (frames**2).mean(axis=1)
    spoken = np.flatnonzero(power > power.max() * QUIET**2)
    start = max(0, spoken[0] * FRAME - before_ms * alaw.RATE // 1000)
    end = min(len(narrow), (spoken[-1] + 1) * FRAME + after_ms * alaw.RATE // 1000)
    level = np.sqrt(power[power > power.max() * 10**-2.5].mean())  # the frames within 25 dB: speech, not pauses
    out = narrow[start:end] * (LEVEL / level)
    out *= min(1.0, PEAK / np.abs(out).max())
    fade = np.hanning(2 * FRAME)  # 10 ms, so that no cut clicks
    out[:FRAME] *= fade[:FRAME]
    out[-FRAME:] *= fade[FRAME:]
    return out


def _tone(hertz: int, ms: int) -> np.ndarray:
    time = np.arange(alaw.RATE * ms // 1000) / alaw.RATE
    out = 2**0.5 * LEVEL * np.sin(2 * np.pi * hertz * time)
    fade = np.hanning(2 * FRAME)
    out[:FRAME] *= fade[:FRAME]
    out[-FRAME:] *= fade[FRAME:]
    return out


def _write(manifest: dict[str, dict[str, list[str]]]) -> None:
    """One line per sound, sorted, so that a change reads well."""
    languages = []
    for language, sounds in sorted(manifest.items()):
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(pair)}" for name, pair in sorted(sounds.items()))
        languages.append(f"{json.dumps(language)}: {{\n{lines}\n}}")
    (table.FOLDER / "manifest.json").write_text("{\n" + ",\n".join(languages) + "\n}\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
