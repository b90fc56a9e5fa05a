"""Messages that callers leave: recorded, on record, and to be heard."""

import asyncio
import io
from pathlib import Path
from typing import Any

from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import heard, hears_prompts
from tests.asterisk.record import Json, call_of, in_order, kinds, reaches, timeline
from tests.phones import Caller, Dialog
from tests.phones.seat import Api
from tests.phones.sound import level, loudness, read_wav

BEEP = 1000  # Hz


def file_of(stack: Stack, voicemail: Json) -> Path:
    """Where the message lies."""
    return next(Path(stack["state"]).rglob(f"{voicemail['id']}.wav"))


async def after_the_beep(caller: Caller) -> Dialog:
    call = await caller.dial().wait_answered()
    await hears_prompts(call, "voicemail-greeting")
    await call.media.until(lambda: call.media.heard(BEEP), 15, "the beep")
    return call


async def test_given_messages_ended_by_key_or_by_hanging_up_then_both_are_kept_and_an_empty_one_is_not(
    callers: MakeCaller, stack: Stack, lead: Api
) -> None:
    key, hangs_up, empty, early = (callers("voicemail") for _ in range(4))

    async def ends_it_by_key() -> None:
        call = await after_the_beep(key)
        since = call.media.ticks
        await call.media.until(lambda: call.media.ticks - since > 100, 20, "two seconds spoken")
        await call.dtmf("#")
        await call.wait_ended(10)
        assert call.ended_by == "them"
        assert heard(call) == ["voicemail-greeting", "voicemail-thanks"]

    async def hangs_up_while_speaking() -> None:
        call = await after_the_beep(hangs_up)
        since = call.media.ticks
        await call.media.until(lambda: call.media.ticks - since > 75, 20, "a second and a half spoken")
        await call.hangup()

    async def says_nothing() -> None:
        call = await after_the_beep(empty)
        await call.dtmf("#")
        await call.wait_ended(10)
        assert heard(call) == ["voicemail-greeting", "voicemail-empty"]

    async def hangs_up_in_the_greeting() -> None:
        call = await early.dial().wait_answered()
        await call.hears_sound()
        await call.hangup()

    await asyncio.gather(ends_it_by_key(), hangs_up_while_speaking(), says_nothing(), hangs_up_in_the_greeting())
    for caller, least in ((key, 2.0), (hangs_up, 1.5)):
        record = await call_of(lead, caller)
        assert record["outcome"] == "VOICEMAIL"
        assert record["voicemail"]
        (voicemail,) = record["voicemails"]
        assert (voicemail["mailbox"], voicemail["call"], voicemail["heard_at"]) == ("service", record["id"], None)
        assert voicemail["caller"].endswith(caller.ani)
        fact = await reaches(lead, caller, "VoicemailLeft")
        assert fact["message"] == voicemail["id"]
        (samples,) = read_wav(file_of(stack, voicemail))
        assert abs(len(samples) / 8000 - fact["seconds"]) < 1.0, "the file is as long as the record says"
        assert len(samples) / 8000 >= least - 0.3
        assert level(samples, caller.tone) > -24, "the caller's voice is in it"
        assert level(samples, BEEP) < -24, "the beep is not"
    for caller in (empty, early):
        record = await call_of(lead, caller)
        assert (record["outcome"], record["voicemail"], record["voicemails"]) == ("ABANDONED", False, [])
        assert "VoicemailLeft" not in kinds(await timeline(lead, record))


async def test_given_a_message_with_a_pause_for_breath_then_it_is_whole_and_who_may_hear_it_can_and_others_cannot(
    callers: MakeCaller, lead: Api, stack: Stack, logins: list[dict[str, Any]]
) -> None:
    caller = callers("voicemail")
    call = await after_the_beep(caller)
    call.media.muted = True  # nothing is sent at all, as phones do that suppress silence
    since = call.media.ticks
    await call.media.until(lambda: call.media.ticks - since > 50, 20, "a second of nothing")
    call.media.muted = False
    await call.media.until(lambda: call.media.ticks - since > 125, 20, "and a second and a half spoken")
    await call.hangup()
    record = await call_of(lead, caller)
    assert in_order(kinds(await timeline(lead, record)), "CallAnswered", "VoicemailLeft", "CallEnded")
    (voicemail,) = record["voicemails"]

    async with Api(stack, logins[0]) as serves, Api(stack, logins[3]) as does_not:
        mine = (await serves.get("/api/voicemails/", mailbox="service", heard="false"))["results"]
        assert voicemail["id"] in [message["id"] for message in mine]
        assert voicemail["id"] not in [message["id"] for message in (await does_not.get("/api/voicemails/"))["results"]]
        assert (await does_not.raw("GET", voicemail["audio"]))[0] == 404
        status, audio = await serves.raw("GET", voicemail["audio"])
    assert status == 200
    (samples,) = read_wav(io.BytesIO(audio))
    assert level(samples[-8000:], caller.tone) > -24
    assert loudness(samples[-8000:]) > -30
    assert (await call_of(lead, caller))["voicemails"][0]["heard_at"]
