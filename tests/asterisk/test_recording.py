"""Recordings: who is on which channel and when, what is left out, where they are kept, and what happens when one fails."""

import asyncio
import hashlib
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import hears_prompts
from tests.asterisk.ledger import until
from tests.asterisk.record import Json, call_of, in_order, kinds, reaches, timeline
from tests.phones import Caller, Dialog
from tests.phones.seat import Api, Seat
from tests.phones.sound import FRAME, HEARD, RATE, Samples, levels, read_wav

CONVERTED = 20.0  # seconds a converter may take on a busy machine
WINDOW = 5  # packets looked at together
SILENT = 0.003  # of full scale; Opus leaves a little


async def lasts(call: Dialog, seconds: float) -> None:
    """Wait till the caller has spoken for so long."""
    since = call.media.ticks
    await call.media.until(lambda: call.media.ticks - since >= seconds * 50, seconds + 3, f"{seconds} s of talk")


async def recording_of(lead: Api, caller: Caller) -> Json:
    """The one recording of the caller's last call, which is over; converted."""
    call = await call_of(lead, caller)
    path = f"/api/calls/{call['id']}/"
    whole = await lead.wait_for(
        path, lambda c: all(r["state"] == "ready" for r in c["recordings"]) and c["recordings"], CONVERTED
    )
    (recording,) = whole["recordings"]
    return dict(recording)


def channels(audio: bytes, folder: Path) -> list[Samples]:
    """Both channels of an Ogg Opus file: the customer, and what the customer heard."""
    file, wav = folder / "audio.opus", folder / "audio.wav"
    file.write_bytes(audio)
    subprocess.run(["opusdec", "--quiet", "--rate", str(RATE), str(file), str(wav)], check=True)
    left, right = read_wav(wav)
    return [left, right]


def course(samples: Samples, **tones: int) -> str:
    """What is heard one after the other: a tone's name, "-" for silence, "~" for anything else. Less than 300 ms is left out."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME) / 32768
    loud = np.sqrt((frames**2).mean(axis=1))[: 1 - WINDOW]
    signs = np.where(loud > SILENT, "~", "-")
    for name, hz in tones.items():
        signs[levels(samples, hz, WINDOW) >= HEARD] = name
    runs = re.findall(r"((.)\2*)", "".join(signs))
    lasting = "".join(sign for run, sign in runs if len(run) >= 15)
    return re.sub(r"(.)\1+", r"\1", lasting)


async def test_given_a_recorded_call_through_hold_pause_and_transfer_then_each_side_has_its_channel_and_the_pause_is_silence(
    alice: Seat, bob: Seat, callers: MakeCaller, lead: Api, tmp_path: Path
) -> None:
    await bob.not_ready()
    caller = callers("recorded")
    call, phone = await alice.talks_with(caller)
    await lasts(call, 3.0)
    await alice.do("hold")
    await call.hears_not(alice.tone)
    await alice.do("resume")
    await asyncio.gather(call.hears(alice.tone), lasts(call, 0.6))
    await alice.do("pause-recording")
    await lasts(call, 1.0)
    await call.hears(alice.tone)  # they talk on
    await alice.do("resume-recording")
    await lasts(call, 0.6)
    await alice.do("transfer", to="agent", agent=bob.agent)
    await phone.wait_ended()
    target = await bob.phone.ringing()
    await target.answer()
    await asyncio.gather(call.hears(bob.tone), target.hears(caller.tone), lasts(call, 1.0))
    await call.hangup()

    recording = await recording_of(lead, caller)
    status, audio = await lead.raw("GET", recording["audio"])
    assert status == 200
    assert (recording["sha256"], recording["file_bytes"]) == (hashlib.sha256(audio).hexdigest(), len(audio))
    assert recording["pauses"] == 1
    left, right = channels(audio, tmp_path)
    assert abs(len(left) / RATE - recording["seconds"]) < 0.1
    tones = {"a": alice.tone, "b": bob.tone, "c": caller.tone}
    assert course(left, **tones) == "c-c"
    # The music of a hold is not on it. Bob is, at once, though Alice had talked for longer than he does (see ARCHITECTURE).
    assert re.fullmatch("a-a-a-?b", course(right, **tones)), course(right, **tones)
    names = kinds(await timeline(lead, await call_of(lead, caller)))
    assert in_order(names, "RecordingStarted", "CallHeld", "RecordingPaused", "CallTransferred", "CallEnded", "RecordingDone")
    assert names.count("RecordingStarted") == 1


async def test_given_a_customer_sent_to_give_a_card_number_then_the_recording_pauses_by_itself_and_goes_on_with_the_agent(
    alice: Seat, callers: MakeCaller, lead: Api, tmp_path: Path
) -> None:
    caller = callers("recorded")
    call, phone = await alice.talks_with(caller)
    await lasts(call, 0.6)
    await alice.do("transfer", to="flow", flow="card")
    await phone.wait_ended()
    await hears_prompts(call, "enter-card-number", whole=False)
    await call.dtmf("6222027305518264973", 80, 60)
    again = await alice.phone.ringing()
    await again.answer()
    await asyncio.gather(call.hears(alice.tone), again.hears(caller.tone), lasts(call, 0.6))
    await call.hangup()
    recording = await recording_of(lead, caller)
    left, right = channels((await lead.raw("GET", recording["audio"]))[1], tmp_path)
    assert course(left, c=caller.tone) == "c-c"
    assert course(right, a=alice.tone) == "a-a"
    pauses = [fact for fact in await timeline(lead, await call_of(lead, caller)) if fact["type"] == "RecordingPaused"]
    assert [(fact["paused"], fact["by"]) for fact in pauses] == [(True, "flow"), (False, "flow")]


async def test_given_recordings_then_rules_say_what_is_recorded_and_only_leads_and_who_spoke_may_hear_it(
    alice: Seat, bob: Seat, callers: MakeCaller, lead: Api, stack: Stack, logins: list[dict[str, Any]]
) -> None:
    await bob.not_ready()
    caller, unrecorded = callers("recorded"), callers("direct")
    for who in (unrecorded, caller):
        call, phone = await alice.talks_with(who)
        await call.hangup()
        await phone.wait_ended()
    record = await call_of(lead, unrecorded)
    assert (record["recorded"], record["recordings"]) == (False, [])
    assert "RecordingStarted" not in kinds(await timeline(lead, record))

    recording = await recording_of(lead, caller)
    assert (await call_of(lead, caller))["recorded"]
    status, whole = await alice.api.raw("GET", recording["audio"])
    assert (status, whole[:4]) == (200, b"OggS")
    status, part = await lead.raw("GET", recording["audio"], headers={"Range": "bytes=10-19"})
    assert (status, part) == (206, whole[10:20])
    assert (await bob.api.raw("GET", recording["audio"]))[0] == 404
    raw = f"{recording['id']}.raw"
    await until(lambda: not list(Path(stack["state"]).rglob(raw)), 20, "the raw file is not kept beside the converted one")


async def test_given_a_recording_whose_file_is_gone_then_that_is_a_fact_an_alarm_and_no_harm_to_the_call(
    alice: Seat, callers: MakeCaller, lead: Api, stack: Stack
) -> None:
    caller = callers("recorded")
    call, phone = await alice.talks_with(caller)
    started = await reaches(lead, caller, "RecordingStarted")
    (file,) = Path(stack["state"]).rglob(f"{started['recording']}.raw")
    file.unlink()
    await call.hears(alice.tone)
    await call.hangup()
    await phone.wait_ended()
    failed = await reaches(lead, caller, "RecordingFailed")
    assert (failed["recording"], failed["reason"]) == (started["recording"], "missing")
    (recording,) = (await call_of(lead, caller))["recordings"]
    assert (recording["state"], recording["audio"]) == ("failed", None)
    health = await lead.get("/api/health/")
    assert (health["status"], health["alarms"]["recording"] >= 1) == ("degraded", True)
    alarms = (await lead.get("/api/alarms/", kind="recording", open="true"))["results"]
    (alarm,) = [alarm for alarm in alarms if alarm["subject"] == started["recording"]]
    await lead.post(f"/api/alarms/{alarm['id']}/clear/")
    assert (await alice.state()) == "READY"
