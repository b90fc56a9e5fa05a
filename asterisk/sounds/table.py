"""The prompts' texts: reads zh.toml and en.toml. Standard library only, used by render.py and by tests."""

import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LANGUAGES = ("zh", "en")
RECIPE = 1  # part of every hash: count up when render.py makes different audio of the same text


@dataclass(frozen=True)
class Part:
    """One utterance: what is said, in which language and voice; `speed` 1.0 is the voice's own.

    `spoken` is the same, spelt for the voice where it would read `text` wrongly.
    """

    language: str
    text: str
    spoken: str
    voice: str
    speed: float


@dataclass(frozen=True)
class Entry:
    """One sound. Either `parts` are spoken one after the other, or it is a `tone` (Hz; 0: silence) of `ms`."""

    parts: tuple[Part, ...] = ()
    tone: int = 0
    ms: int = 0
    fragment: bool = False  # put together with others: trimmed close

    @property
    def text(self) -> str:
        """What a listener should understand; empty for a tone."""
        return " ".join(part.text for part in self.parts)

    @property
    def hash(self) -> str:
        """Changes when the audio has to be made anew."""
        recipe = [RECIPE, [vars(part) for part in self.parts], self.tone, self.ms, self.fragment]
        return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:16]


@cache
def load(language: str) -> dict[str, Entry]:
    """Name -> entry of one language. Raises ValueError naming the entry that makes no sense."""
    tables = {code: tomllib.loads((FOLDER / f"{code}.toml").read_text("utf-8")) for code in LANGUAGES}
    entries: dict[str, Entry] = {}
    for section in ("prompts", "fragments"):
        for name, value in tables[language].get(section, {}).items():
            if name in entries:
                raise ValueError(f"{language}.toml: {name} stands in both sections")
            try:
                entries[name] = _entry(tables, language, value, section == "fragments")
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{language}.toml: {name}: {error!r}") from error
    return entries


def _entry(tables: dict, language: str, value: object, fragment: bool) -> Entry:
    def part(code: str, text: str, spoken: str = "", voice: str = "", speed: float = 0) -> Part:
        default = tables[code]
        return Part(code, text, spoken or text, voice or default["voice"], speed or default["speed"])

    if isinstance(value, str):
        return Entry((part(language, value),), fragment=fragment)
    if isinstance(value, list):
        return Entry(tuple(part(*piece.popitem()) for piece in map(dict, value)), fragment=fragment)
    if "tone" in value:
        return Entry(tone=value["tone"], ms=value["ms"])
    return Entry((part(language, **value),), fragment=fragment)


def text(language: str, names: Iterable[str]) -> str:
    """What a caller should understand when these sounds are played. Raises KeyError for a name without a text."""
    entries = load(language)
    spoken = [entries[name].text for name in names]
    return ("" if language == "zh" else " ").join(part for part in spoken if part)


def audio(language: str, name: str) -> Path:
    """The file of a sound: raw A-law, 8 kHz, mono."""
    return FOLDER / language / f"{name}.alaw"


def read_manifest() -> dict[str, dict[str, list[str]]]:
    """language -> name -> [hash of the entry, hash of the audio] of what was rendered last."""
    path = FOLDER / "manifest.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {code: {} for code in LANGUAGES}


def hash_audio(path: Path) -> str:
    """The second hash of the manifest."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def stale(language: str) -> dict[str, str]:
    """Names whose audio does not belong to their text, and why: "missing", "out of date", "changed", "no text"."""
    entries, manifest = load(language), read_manifest().get(language, {})
    reasons = {path.stem: "no text" for path in (FOLDER / language).glob("*.alaw") if path.stem not in entries}
    reasons |= {name: "no text" for name in manifest if name not in entries}
    for name, entry in entries.items():
        path = audio(language, name)
        if not path.exists():
            reasons[name] = "missing"
        elif manifest.get(name, [""])[0] != entry.hash:
            reasons[name] = "out of date"
        elif manifest[name][1] != hash_audio(path):
            reasons[name] = "changed"
    return reasons
