"""What the shell relies on in Asterisk, and what the core may rely on in the shell: on a real Asterisk, with real SIP."""

import asyncio
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ccenter.acd import commands, events
from ccenter.stasis.ari import ApplicationReplaced, AriError
from tests.phones import Caller, Phone, Policy
from tests.stasis.line import Line, ari_of

PROMPT = "tone:1000"  # a tone without an end


# -- a caller ---------------------------------------------------------------------------------------------------


async def test_given_a_caller_when_they_ring_then_who_they_are_is_told_once_and_nothing_is_answered(
    line: Line, carol: Caller
) -> None:
    call = carol.dial()
    offered = await line.event(events.CallOffered)
    assert (offered.ani, offered.dnis, offered.trunk) == ("+8613800138000", "4008001001", "demo")
    assert offered.leg.startswith("ast1-") and offered.channel.startswith("PJSIP/trunk-demo-")
    assert not call.answered
    await line.done(commands.Answer(offered.leg))
    await call.wait_answered()
    await call.hangup()
    ended = await line.event(events.LegEnded, leg=offered.leg)
    assert (ended.cause, ended.note) == (16, "")
    assert line.count(events.LegEnded) == 1


async def test_given_a_caller_who_gives_up_before_the_answer_then_the_leg_ends_with_normal_clearing(
    line: Line, carol: Caller
) -> None:
    call = carol.dial()
    await line.event(events.CallOffered)
    await call.hangup()
    assert (await line.event(events.LegEnded)).cause == 16


async def test_given_a_prompt_when_keys_are_pressed_then_they_are_told_and_the_prompt_goes_on_until_stopped(
    line: Line, carol: Caller
) -> None:
    call = carol.dial()
    leg = (await line.event(events.CallOffered)).leg
    line.do(commands.Answer(leg), commands.Play(leg, line.fresh("p"), (PROMPT,), "zh"))
    await call.hears(1000)
    await call.dtmf("5#")
    assert [(await line.event(events.KeyPressed)).key for _ in range(2)] == ["5", "#"]
    await call.hears(1000)
    play = line.performer._places[leg].play
    line.do(commands.StopPlay(leg, play), commands.StopPlay(leg, play))
    assert not (await line.event(events.PlayEnded, play=play)).failed
    await call.hears_not(1000)
    assert line.count(events.CommandFailed) == 0


async def test_given_prompts_in_a_row_then_they_are_one_playback_and_a_missing_one_does_not_stop_the_call(
    line: Line, carol: Caller
) -> None:
    call = carol.dial()
    leg = (await line.event(events.CallOffered)).leg
    play = line.fresh("p")
    requests = line.ari.requests
    line.do(commands.Answer(leg), commands.Play(leg, play, ("digit-1", "digit-2"), "zh"))
    await call.wait_answered()
    assert not (await line.event(events.PlayEnded, play=play, timeout=8)).failed
    assert line.ari.requests - requests == 2
    assert call.media.packets() > 20
    line.do(commands.Play(leg, "ast1-pmissing", ("there-is-no-such-prompt",), "zh"))
    assert (await line.event(events.PlayEnded, play="ast1-pmissing")).failed


# -- a phone ----------------------------------------------------------------------------------------------------


async def test_given_a_phone_when_it_is_dialled_then_it_shows_the_caller_and_its_end_is_told_once(
    line: Line, alice: Phone
) -> None:
    leg, seat = await line.dial(alice, "PJSIP/1001", caller_id="+8613800138000", call="c17")
    assert seat.caller_id == "+8613800138000" and seat.header("X-CC-Call") == "c17"
    await seat.answer()
    answered = await line.event(events.LegAnswered)
    assert answered.leg == leg and answered.channel.startswith("PJSIP/1001-")
    await seat.hangup()
    assert (await line.event(events.LegEnded, leg=leg)).cause == 16
    await line.done()
    assert line.count(events.LegEnded) == 1


@pytest.mark.parametrize(("policy", "cause"), [(Policy.BUSY, 17), (Policy.REJECT, 21)])
async def test_given_a_phone_that_refuses_then_the_cause_says_how(line: Line, phones: Any, policy: Policy, cause: int) -> None:
    await phones("1001", policy=policy)
    line.do(commands.Dial("ast1-lrefused", "PJSIP/1001", "1", "c1"))
    assert await line.event(events.LegEnded) == events.LegEnded("ast1-lrefused", cause)


@pytest.mark.parametrize("endpoint", ["PJSIP/1002", "PJSIP/9999", "PJSIP/1@trunk-none", "PJSIP/1&SIP/2", "Local/s@from-trunk"])
async def test_given_an_endpoint_nobody_is_at_then_the_leg_ends_at_once_with_a_note(line: Line, endpoint: str) -> None:
    line.do(commands.Dial("ast1-lnobody", endpoint, "1", "c1"))
    ended = await line.event(events.LegEnded)
    assert (ended.cause, ended.note) == (
        27,
        "no_contact" if endpoint.startswith("PJSIP/") and "&" not in endpoint else "bad_endpoint",
    )
    assert line.live == {}


async def test_given_a_ringing_phone_when_hung_up_with_cause_26_then_it_stops_as_answered_elsewhere(
    line: Line, alice: Phone
) -> None:
    leg, seat = await line.dial(alice, "PJSIP/1001")
    line.do(commands.HangUp(leg, 26), commands.HangUp(leg, 26))
    await seat.wait_ended()
    assert seat.cause == 200  # Reason: SIP ;cause=200 ;text="Call completed elsewhere": no missed call is shown
    await line.event(events.LegEnded, leg=leg)


async def test_given_dial_and_hang_up_in_one_breath_then_the_phone_does_not_ring_on(line: Line, alice: Phone) -> None:
    for number in range(20):
        leg = f"ast1-lbreath{number}"
        line.do(commands.Dial(leg, "PJSIP/1001", "1", "c1"), commands.HangUp(leg))
        await line.event(events.LegEnded, leg=leg)
    await alice.until(lambda: all(d.ended for d in alice.dialogs), 15, "every call to the phone ended")


async def test_given_a_repeated_dial_then_the_phone_rings_once(line: Line, alice: Phone) -> None:
    leg, _ = await line.dial(alice, "PJSIP/1001")
    await line.done(commands.Dial(leg, "PJSIP/1001", "13800138000", "c1"))
    assert len(alice.dialogs) == 1 and line.count(events.LegEnded) == 0


async def test_given_a_ringing_phone_then_it_can_be_answered_from_afar(line: Line, alice: Phone) -> None:
    leg, _ = await line.dial(alice, "PJSIP/1001")
    line.do(commands.AnswerPhone(leg, "", "PJSIP/1001"))
    await line.event(events.LegAnswered, leg=leg)


async def test_given_auto_answer_then_the_phone_picks_up_by_itself(line: Line, alice: Phone) -> None:
    alice.honour_auto_answer = True
    line.do(commands.Dial("ast1-lauto", "PJSIP/1001", "1", "c1", auto_answer=True))
    await line.event(events.LegAnswered, leg="ast1-lauto")


@pytest.mark.parametrize(
    ("given", "number", "name"),
    [
        ("13800138000", "13800138000", ""),
        ('王小明 "the best" <13800138000>', "13800138000", "王小明 the best"),
        ("1\r\nX-Evil: yes", "", "1X-Evil: yes"),
        ("<1;tag=x>\r\nX-Evil: yes", "", "1tagxX-Evilyes"),
        ("", "anonymous", "anonymous"),
    ],
)
async def test_given_a_hostile_caller_id_then_the_phone_shows_text_and_no_header_is_added(
    line: Line, alice: Phone, given: str, number: str, name: str
) -> None:
    _, seat = await line.dial(alice, "PJSIP/1001", caller_id=given)
    assert not seat.header("X-Evil")
    assert name in seat.header("From")
    if number:
        assert f"sip:{number}@" in seat.header("From")


async def test_given_a_phone_that_dials_then_its_endpoint_and_number_are_told(line: Line, alice: Phone) -> None:
    call = alice.call("1002")
    dialled = await line.event(events.SeatDialled)
    assert (dialled.endpoint, dialled.dialled) == ("PJSIP/1001", "1002")
    line.do(commands.Answer(dialled.leg))
    await call.wait_answered()


async def test_given_hold_on_the_phone_itself_then_it_is_told(line: Line, alice: Phone, carol: Caller) -> None:
    _, _, agent, seat, _ = await line.talk(carol, alice)
    await seat.hold()
    assert (await line.event(events.LegHeld)).held
    await seat.resume()
    assert await line.event(events.LegHeld) == events.LegHeld(agent, False)


# -- who hears whom ---------------------------------------------------------------------------------------------


async def test_given_two_legs_joined_then_they_hear_each_other_and_the_music_that_was_on_is_off(
    line: Line, alice: Phone, carol: Caller
) -> None:
    call = carol.dial()
    customer = (await line.event(events.CallOffered)).leg
    line.do(commands.Answer(customer), commands.StartMusic(customer, "default"))
    agent, seat = await line.dial(alice, "PJSIP/1001", like=customer)
    await call.media.until(lambda: call.media.packets() > 5, 15, "music")
    await seat.answer()
    await line.event(events.LegAnswered)
    await line.done(commands.MakeBridge("ast1-bone"), commands.Join("ast1-bone", (customer, agent)))
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
    since, sent = asyncio.get_running_loop().time(), seat.media.sent
    await call.media.until(lambda: call.media.packets(since) >= 50, 10, "a second of audio")
    assert seat.media.sent - sent > 35, "two streams at once: the music was never stopped"
    await line.done(commands.MakeBridge("ast1-bone"), commands.Join("ast1-bone", (customer, agent)))
    await call.hears(alice.tone)
    assert line.count(events.CommandFailed) == 0


async def test_given_a_prompt_that_plays_when_the_leg_is_joined_then_it_does_not_hold_up_the_join(
    line: Line, alice: Phone, carol: Caller
) -> None:
    call = carol.dial()
    customer = (await line.event(events.CallOffered)).leg
    line.do(commands.Answer(customer))
    agent, seat = await line.dial(alice, "PJSIP/1001")
    await seat.answer()
    line.do(commands.Play(customer, "ast1-plong", (PROMPT,), "zh"))
    await call.hears(1000)
    line.do(commands.MakeBridge("ast1-btwo"), commands.Join("ast1-btwo", (customer, agent)))
    await call.hears(alice.tone)
    await call.hears_not(1000)


async def test_given_a_talk_when_the_customer_is_parked_then_music_and_nobody_and_a_join_brings_the_talk_back(
    line: Line, alice: Phone, carol: Caller
) -> None:
    customer, call, _agent, seat, bridge = await line.talk(carol, alice)
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
    await line.done(commands.Park(customer, "default"))
    await asyncio.gather(call.hears_not(alice.tone), seat.hears_not(carol.tone))
    before = call.media.packets()
    await call.media.until(lambda: call.media.packets() > before + 10, 15, "music")
    line.do(commands.Play(customer, "ast1-pparked", (PROMPT,), "zh"))
    await call.hears(1000)
    line.do(commands.StopPlay(customer, "ast1-pparked"))
    await call.hears_not(1000)
    before = call.media.packets()
    await call.media.until(lambda: call.media.packets() > before + 10, 15, "music again after a prompt")
    await line.done(commands.Join(bridge, (customer,)))
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))


async def test_given_a_leg_that_has_just_gone_when_two_are_to_be_joined_then_the_other_is(
    line: Line, alice: Phone, bob: Phone, carol: Caller
) -> None:
    _customer, call, agent, _seat, bridge = await line.talk(carol, alice)
    other, third = await line.dial(bob, "PJSIP/1002")
    await third.answer()
    await line.event(events.LegAnswered, leg=other)
    line.do(commands.HangUp(agent))
    line.live.setdefault("ast1-lghost", 0)  # as if its end had not been heard yet
    await line.done(commands.Join(bridge, (other, "ast1-lghost")))
    del line.live["ast1-lghost"]
    await asyncio.gather(call.hears(bob.tone), third.hears(carol.tone))


async def test_given_an_unplugged_phone_in_a_talk_then_its_leg_ends_with_another_cause_than_a_hang_up(
    line: Line, alice: Phone, carol: Caller
) -> None:
    _, call, agent, _, _ = await line.talk(carol, alice)
    await call.hears(alice.tone)
    alice.unplug()
    ended = await line.event(events.LegEnded, leg=agent, timeout=40)
    assert ended.cause == 44
    assert not call.ended


# -- recordings -------------------------------------------------------------------------------------------------


def loudness(samples: Any, hz: float) -> float:
    """Amplitude of a tone in 16 bit samples at 8 kHz, of full scale."""
    turn = np.exp(-2j * np.pi * hz * np.arange(len(samples)) / 8000)
    return float(2 * abs((samples / 32768) @ turn) / max(1, len(samples)))


async def test_given_a_recorded_talk_then_the_customer_is_on_one_channel_the_agent_on_the_other_and_a_pause_is_silence(
    line: Line, alice: Phone, carol: Caller
) -> None:
    customer, call, _, _, _ = await line.talk(carol, alice)
    await line.done(commands.StartRecording(customer, "", "ast1-rone", "c1"))
    await call.hears(alice.tone)
    await line.done(commands.PauseRecordingOf(customer, "", True))
    await call.hears(alice.tone)
    await line.done(commands.PauseRecordingOf(customer, "", False))
    await call.hears(alice.tone)
    await call.hangup()
    line.do(commands.CheckRecording("c1", "ast1-rone"))
    checked = await line.event(events.RecordingChecked)
    path = line.recordings / checked.path
    assert checked.bytes == path.stat().st_size > 16_000 and checked.reason == ""
    stereo = np.fromfile(path, "<i2").reshape(-1, 2).astype(float)
    window = 1600
    blocks = [stereo[i : i + window] for i in range(0, len(stereo) - window, window)]
    said = [loudness(b[:, 0], carol.tone) > 0.1 for b in blocks]
    heard = [loudness(b[:, 1], alice.tone) > 0.1 for b in blocks]
    assert any(said) and any(heard), "customer left, what they hear right"
    assert not any(loudness(b[:, 0], alice.tone) > 0.05 for b in blocks)
    assert any(not stereo[i : i + 800].any() for i in range(0, len(stereo) - 800, 80)), "the pause is silence"


async def test_given_a_recording_that_never_began_when_it_is_checked_then_it_is_missing(line: Line) -> None:
    line.do(commands.CheckRecording("c1", "ast1-rnever"))
    checked = await line.event(events.RecordingChecked)
    assert (checked.bytes, checked.path, checked.reason) == (0, "", "missing")


@pytest.mark.parametrize("end", ["key", "command", "length", "hangup"])
async def test_given_a_parked_caller_when_a_message_is_taken_then_it_is_on_disk_however_it_ends(
    line: Line, carol: Caller, stack: dict[str, Any], end: str
) -> None:
    call = carol.dial()
    leg = (await line.event(events.CallOffered)).leg
    message = line.fresh("m")
    line.do(commands.Answer(leg), commands.Park(leg, "default"))
    await line.done(commands.RecordMessage(leg, message, 2 if end == "length" else 30))
    before = call.media.ticks
    await call.media.until(lambda: call.media.ticks > before + 120, 6, "something said")
    if end == "key":
        await call.dtmf("#")
    elif end == "command":
        line.do(commands.StopMessage(leg, message))
    elif end == "hangup":
        await call.hangup()
    recorded = await line.event(events.MessageRecorded)
    assert (recorded.leg, recorded.message, recorded.failed) == (leg, message, False)
    assert recorded.seconds >= 1
    [file] = Path(stack["state"]).rglob(f"{message}.wav")
    with wave.open(str(file)) as sound:
        assert sound.getnframes() / sound.getframerate() >= 0.9
    assert file.parent.name == "voicemail"


async def test_given_a_message_when_it_is_stopped_during_the_beep_then_it_ends_all_the_same(line: Line, carol: Caller) -> None:
    call = carol.dial()
    leg = (await line.event(events.CallOffered)).leg
    message = line.fresh("m")
    line.do(commands.Answer(leg))
    line.do(commands.RecordMessage(leg, message, 30))
    await call.hears(1000)
    line.do(commands.StopMessage(leg, message))
    assert (await line.event(events.MessageRecorded)).seconds == 0


# -- beside the switch ------------------------------------------------------------------------------------------


async def test_given_look_ups_and_stores_then_their_answers_are_events(line: Line) -> None:
    line.do(
        commands.LookUp("c1", "q1", "caller", {"number": "1"}),
        commands.LookUp("c1", "q2", "nothing", {}),
        commands.LookUp("c1", "q3", "broken", {}),
        commands.Store("c1"),
    )
    assert await line.event(events.LookedUp, lookup="q1") == events.LookedUp("c1", "q1", True, {"name": "1"})
    assert await line.event(events.LookedUp, lookup="q2") == events.LookedUp("c1", "q2", False)
    assert await line.event(events.LookedUp, lookup="q3") == events.LookedUp("c1", "q3", False, failed=True)
    assert await line.event(events.Stored) == events.Stored("c1") and line.synced == 1


# -- the link ---------------------------------------------------------------------------------------------------


async def test_given_a_lost_link_then_the_talk_goes_on_and_the_next_link_tells_what_is_there(
    stack: dict[str, Any], line: Line, alice: Phone, carol: Caller
) -> None:
    customer, call, agent, seat, bridge = await line.talk(carol, alice)
    line.known = (customer, agent)
    line.task.cancel()
    await asyncio.gather(line.task, return_exceptions=True)
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
    await seat.hangup()
    async with asyncio.timeout(20):
        while agent in {channel.id for channel in await line.ari.channels.list()}:
            pass
    line.task = asyncio.create_task(line.ari.listen(line._connected, line._hear, line._lost))
    await line.event(events.NodeUp)
    up = await line.event(events.NodeUp)
    assert up.legs == {customer: "Up"}
    assert up.bridges[bridge] == (customer,)
    assert line.count(events.CallOffered) == 1, "a call that is known is not offered again"


async def test_given_a_call_that_nobody_knows_in_our_application_when_linked_then_it_is_offered_before_the_node_is_up(
    stack: dict[str, Any], line: Line, carol: Caller
) -> None:
    call = carol.dial()
    first = await line.event(events.CallOffered)
    async with Line(stack) as second:  # takes the application over
        await second.event(events.NodeUp)
        adopted = await second.event(events.CallOffered)
        assert adopted == first
        kinds = [type(e) for e in second.heard]
        assert kinds.index(events.CallOffered) < kinds.index(events.NodeUp)
        with pytest.raises(ApplicationReplaced):
            await line.task
        second.do(commands.Answer(adopted.leg))
        await call.wait_answered()
        line.live.clear()


async def test_given_a_wrong_password_then_nothing_is_repeated_and_no_secret_is_in_the_error(stack: dict[str, Any]) -> None:
    ari = ari_of(stack)
    ari._credentials = ("ccenter", "wrong-secret")
    async with ari:
        with pytest.raises(AriError) as refused:
            await ari.channels.list()
    assert refused.value.status == 401 and "wrong-secret" not in str(refused.value)


async def test_given_an_ordinary_queue_call_then_asterisk_sends_few_events_and_is_asked_few_things(
    line: Line, alice: Phone, carol: Caller
) -> None:
    requests = line.ari.requests
    call = carol.dial()
    customer = (await line.event(events.CallOffered)).leg
    line.do(commands.Answer(customer), commands.StartMusic(customer, "default"))
    agent, seat = await line.dial(alice, "PJSIP/1001", like=customer)
    await seat.answer()
    await line.event(events.LegAnswered, leg=agent)
    await line.done(commands.StopMusic(customer), commands.MakeBridge("ast1-bfew"), commands.Join("ast1-bfew", (customer, agent)))
    await line.done(commands.StartRecording(customer, "", "ast1-rfew", "c1"))
    await call.hears(alice.tone)
    await call.hangup()
    await line.event(events.LegEnded, leg=customer)
    await line.done(commands.HangUp(agent), commands.DropBridge("ast1-bfew"))
    await line.event(events.LegEnded, leg=agent)
    assert line.ari.requests - requests == 9  # answer, music, dial, no music, bridge, join, record, hang up, drop
    assert len(line.raw) <= 12, [m.type for m in line.raw]
