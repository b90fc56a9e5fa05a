"""Which prompts a party heard. A-law goes through the switch untouched, so a prompt is found in what was heard bit for bit."""

import itertools
from collections.abc import Iterable
from functools import cache

import numpy as np

from ccenter.acd.speech import Say, say
from tests.phones import Dialog
from tests.phones.sound import from_alaw
from tests.sounds import table

AUDIBLE = 300  # of 32767
SECOND = 16_000  # bytes of one second
SLACK = 4.0  # seconds more than the prompts last: the switch and this machine have other work, too


@cache
def _body(language: str, name: str) -> bytes:
    """A prompt as 16-bit samples, without the silence at its ends."""
    samples = from_alaw(table.audio(language, name).read_bytes())
    loud = np.flatnonzero(np.abs(samples.astype(int)) > AUDIBLE)
    return samples[loud[0] : loud[-1]].tobytes()


def seconds(names: Iterable[str], language: str = "zh") -> float:
    """How long these prompts last."""
    return sum(table.audio(language, name).stat().st_size / 8000 for name in names)


def heard(call: Dialog, language: str = "zh", since: float | None = None) -> list[str]:
    """The prompts that were heard whole, in their order."""
    audio = call.media.pcm(since, fill=False).tobytes()
    found = []
    for name, entry in table.load(language).items():
        if entry.parts:
            at = audio.find(_body(language, name))
            while at >= 0:
                found.append((at, name))
                at = audio.find(_body(language, name), at + 1)
    return [name for _, name in sorted(found)]


async def hears_prompts(
    call: Dialog, *names: str, language: str = "zh", since: float | None = None, within: float = 0.0, whole: bool = True
) -> None:
    """Wait till these prompts were heard in this order; if not `whole`, then of the last its first second will do.

    `within`: seconds before the first begins, if there are any by design.
    """
    bodies = [_body(language, name) for name in names]
    if not whole:
        bodies[-1] = bodies[-1][:SECOND]

    def there() -> bool:
        audio, at = call.media.pcm(since, fill=False).tobytes(), 0
        for body in bodies:
            found = audio.find(body, at)
            if found < 0:
                return False
            at = found + len(body)
        return True

    patience = within + seconds(names, language) + SLACK
    await call.media.until(there, patience, f"{', '.join(names)} heard; whole were {heard(call, language, since)}")


def spoken(language: str, *items: Say) -> list[str]:
    """The names of the prompts that say this."""
    return list(itertools.chain.from_iterable(say(language, item) for item in items))
