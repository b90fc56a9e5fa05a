"""Who answered a call of ours: a real Asterisk listens to real sound."""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ccenter.acd import commands, events
from tests.phones import Phone
from tests.phones.sound import Samples, from_alaw
from tests.sounds import table
from tests.stasis.line import Line

RATE = 8000


def speech(name: str) -> Samples:
    return from_alaw(table.audio("zh", name).read_bytes())


def silence(seconds: float) -> Samples:
    return np.zeros(int(RATE * seconds), np.int16)


HELLO = np.concatenate([silence(0.4), speech("pause"), speech("digit-8")[: RATE // 2], silence(6.0)])
GREETING = np.concatenate([silence(0.3), speech("voicemail-greeting"), speech("callback-promised")])


@pytest.mark.parametrize(
    ("sound", "verdict"),
    [(HELLO, "human"), (GREETING, "machine"), (silence(6.0), "unknown")],
    ids=["says hello and waits", "talks on", "says nothing"],
)
async def test_given_a_leg_that_is_to_be_judged_when_answered_then_it_is_told_who_it_was_and_no_snoop_is_left(
    line: Line, phones: Callable[..., Any], sound: Samples, verdict: str
) -> None:
    phone: Phone = await phones("1001")
    leg, dialog = await line.dial(phone, "PJSIP/1001", detect=True)
    await dialog.answer()
    dialog.media.say(sound)
    await line.event(events.LegAnswered, leg=leg)
    judged = await line.event(events.AnswerJudged, timeout=15, leg=leg)
    assert judged.by == verdict
    assert line.count(events.LegEnded) == 0, "neither the leg nor a snoop is told as one"
    async with asyncio.timeout(15):
        while [channel.id for channel in await line.ari.channels.list()] != [leg]:
            pass


async def test_given_a_leg_that_is_judged_when_it_hangs_up_first_then_its_end_is_told_and_nothing_else(
    line: Line, phones: Callable[..., Any]
) -> None:
    phone: Phone = await phones("1001")
    leg, dialog = await line.dial(phone, "PJSIP/1001", detect=True)
    await dialog.answer()
    await line.event(events.LegAnswered, leg=leg)
    await dialog.hangup()
    await line.event(events.LegEnded, leg=leg)
    line.do(commands.HangUp(leg))
    await line.performer.idle()
    async with asyncio.timeout(15):
        while await line.ari.channels.list():
            pass
    assert line.count(events.LegEnded) == 1
