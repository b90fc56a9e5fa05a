"""The prompts are in step with their texts, sound like telephone prompts, and say what the texts say."""

import numpy as np
import pytest

from ccenter.acd.speech import Amount, Date, Digits, Number, Prompt, Say, TimeOfDay, say
from tests.sounds import alaw, table
from tests.sounds.recognise import nearest, similarity, transcribe

LANGUAGES = ("zh", "en")
RATE = alaw.RATE
# The recogniser errs in single sounds; what it makes of a wrong, cut or garbled prompt is far below this.
UNDERSTOOD = {"zh": 0.75, "en": 0.8}
SENTENCES = (
    "menu-main",
    "queue-position-2",
    "queue-position-23",
    "wait-minutes-12",
    "wait-less-than-a-minute",
    "voicemail-greeting",
    "callback-promised",
    "lastresort-thanks",
    "order-status-shipped",
)
COMPOSED: tuple[tuple[Say, ...], ...] = (
    (Prompt("order-amount-is"), Amount("105")),
    (Prompt("balance-is"), Amount("2358.5")),
    (Prompt("points-are"), Number(10050)),
    (Prompt("delivery-date-is"), Date("2026-11-22"), TimeOfDay("15:30")),
    (Prompt("callback-number-is"), Digits("13800138000")),
    (Prompt("agent-number-is"), Digits("1003"), Prompt("agent-serves-you")),
)


def sound(language: str, name: str) -> np.ndarray:
    """A prompt as int16 samples."""
    return alaw.decode(table.audio(language, name).read_bytes())


def spoken() -> list[tuple[str, str]]:
    return [(code, name) for code in LANGUAGES for name, entry in table.load(code).items() if entry.parts]


@pytest.mark.parametrize("language", LANGUAGES)
def test_given_the_table_then_every_text_has_its_audio_and_every_audio_its_text(language: str) -> None:
    assert table.stale(language) == {}, "run `make prompts` and commit asterisk/sounds"


def test_given_a_changed_text_when_compared_with_the_manifest_then_it_is_out_of_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = dict(table.load("zh"))
    changed["goodbye"] = changed.pop("welcome")
    monkeypatch.setattr(table, "load", lambda language: changed)
    assert table.stale("zh") == {"goodbye": "out of date", "welcome": "no text"}


def test_given_all_256_codes_when_decoded_and_encoded_then_they_are_the_same() -> None:
    codes = bytes(range(256))
    assert alaw.encode(alaw.decode(codes)) == codes


def test_given_all_prompts_then_their_length_fits_their_text() -> None:
    odd = {}
    for language, name in spoken():
        text, seconds = table.load(language)[name].text, len(sound(language, name)) / RATE
        per_sign = seconds / len(text)
        if not (0.06 < per_sign < 0.75 if language == "zh" else 0.03 < per_sign < 0.3):
            odd[language, name] = f"{seconds:.2f} s for {text!r}"
    assert odd == {}


def test_given_all_prompts_then_one_is_as_loud_as_the_other() -> None:
    odd = {}
    for language, name in spoken():
        samples = sound(language, name) / 32768
        frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
        power = (frames**2).mean(axis=1)
        level = 10 * np.log10(power[power > power.max() * 10**-2.5].mean())
        if not -24.5 < level < -20.5 or np.abs(samples).max() > 0.9:
            odd[language, name] = round(level, 1)
    assert odd == {}


def test_given_all_prompts_then_they_start_and_end_in_silence_but_not_much_of_it() -> None:
    odd = {}
    for language, name in spoken():
        samples = np.abs(sound(language, name) / 32768)
        loud = np.flatnonzero(samples > 0.01) / RATE
        before, after = loud[0], len(samples) / RATE - loud[-1]
        if samples[:8].max() > 0.01 or samples[-8:].max() > 0.01 or before > 0.25 or after > 0.3:
            odd[language, name] = f"{before:.3f} s before, {after:.3f} s after"
    assert odd == {}


@pytest.mark.parametrize(("name", "hertz", "seconds"), [("voicemail-beep", 1000, 0.4), ("beep", 800, 0.2)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_given_a_tone_then_it_has_its_frequency_and_length(language: str, name: str, hertz: int, seconds: float) -> None:
    samples = sound(language, name)
    loudest = np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples)
    assert abs(loudest - hertz) < 10
    assert len(samples) == RATE * seconds


@pytest.mark.parametrize("name", SENTENCES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_given_a_prompt_when_listened_to_then_it_is_the_one_of_the_table(language: str, name: str) -> None:
    entries = table.load(language)
    texts = {key: entry.text for key, entry in entries.items() if len(entry.parts) == 1 and not entry.fragment}
    heard = transcribe(sound(language, name), language)
    assert similarity(heard, texts[name], language) >= UNDERSTOOD[language], heard
    assert nearest(heard, texts, language) == name, heard


@pytest.mark.parametrize("items", COMPOSED, ids=lambda items: items[0].name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_given_a_composed_sentence_when_listened_to_then_it_is_understood(language: str, items: tuple[Say, ...]) -> None:
    names = [name for item in items for name in say(language, item)]
    heard = transcribe(np.concatenate([sound(language, name) for name in names]), language)
    assert similarity(heard, table.text(language, names), language) >= UNDERSTOOD[language], heard


def test_given_silence_or_nothing_when_listened_to_then_nothing_is_made_up() -> None:
    assert transcribe(np.zeros(RATE, np.int16), "zh") == transcribe(np.zeros(0, np.int16), "en") == ""


def test_given_a_wrong_number_when_compared_then_it_is_nearest_to_itself() -> None:
    entries = {f"{n}": table.load("zh")[f"queue-position-{n}"].text for n in range(1, 51)}
    assert nearest("年前面還有23位客戶", entries, "zh") == "23"
    assert nearest("您前面還有四位客戶", entries, "zh") == "4"
