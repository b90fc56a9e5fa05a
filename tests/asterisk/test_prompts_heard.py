"""What a caller hears over SIP, read by a speech recogniser, is what the table of texts says.

The other tests find prompts bit for bit; this one asks whether a person would understand them after switch and network.
"""

import asyncio

import numpy as np
import pytest

from tests.asterisk.arrange import arrange
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import hears_prompts, seconds
from tests.phones.seat import Seat
from tests.sounds import table
from tests.sounds.recognise import nearest, similarity, transcribe

UNDERSTOOD = {"zh": 0.75, "en": 0.8}  # as in tests/sounds: the recogniser errs in single sounds


@pytest.fixture(scope="module")
def numbers(stack: Stack) -> dict[str, str]:
    return arrange(stack)


def whole(language: str) -> dict[str, str]:
    """The texts that are spoken in one piece."""
    entries = table.load(language)
    return {name: entry.text for name, entry in entries.items() if len(entry.parts) == 1 and not entry.fragment}


async def listened(pcm: np.ndarray, language: str) -> str:
    return await asyncio.to_thread(transcribe, pcm, language)


@pytest.mark.parametrize(("number", "language"), [("menu", "zh"), ("english", "en")])
async def test_given_a_caller_at_the_menu_when_listened_to_then_the_words_are_those_of_the_table(
    callers: MakeCaller, number: str, language: str
) -> None:
    names = ("welcome-shopping", "menu-main")
    call = callers(number).dial()
    await call.wait_answered()
    await hears_prompts(call, *names, language=language)
    heard = await listened(call.media.pcm(fill=False), language)
    await call.hangup()
    assert similarity(heard, table.text(language, names), language) >= UNDERSTOOD[language], heard


async def test_given_a_waiting_caller_when_the_place_is_said_then_a_listener_understands_which(
    numbers: dict[str, str], alice: Seat, callers: MakeCaller
) -> None:
    await alice.not_ready()
    calls = [await callers(numbers["announced"]).dial().wait_answered() for _ in range(3)]
    call = calls[-1]
    name = "queue-position-2"
    await hears_prompts(call, name, within=5.0)
    pcm = call.media.pcm(fill=False)
    heard = await listened(pcm[-int((seconds([name]) + 0.3) * 8000) :], "zh")
    for one in calls:
        await one.hangup()
    assert nearest(heard, whole("zh"), "zh") == name, heard
