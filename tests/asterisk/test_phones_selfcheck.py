"""The parties of these tests proved against Asterisk itself, without our application."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.phones import Caller, Dialog, Phone, Policy
from tests.phones.sipp import Agents, Callers
from tests.phones.switch import Switch
from tests.phones.torture import MESSAGES, Tormentor, garbage

LOADED = 3000  # ms: a gap that even a busy machine does not make by itself


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    found = Switch(tmp_path_factory.mktemp("bare"), phones=31)
    found.start()
    yield found
    found.stop()


async def desk(switch: Switch, number: int) -> Phone:
    phone = Phone(str(number), f"secret-{number}", switch.server)
    assert await phone.register() == 200
    return phone


async def no_channel_left(switch: Switch) -> None:
    async with asyncio.timeout(20):
        while "0 active channels" not in await switch.cli_async("core show channels count"):
            pass


async def test_given_a_wrong_password_when_a_phone_registers_then_it_is_refused(switch: Switch) -> None:
    async with Phone("1001", "wrong", switch.server) as alice:
        assert await alice.register() == 401
        assert not alice.registered


async def test_given_a_phone_when_it_registers_and_unregisters_then_asterisk_knows(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice:
        assert f"1001@127.0.0.1:{alice.transport.address[1]}" in await switch.cli_async("pjsip show contacts")
        assert await alice.unregister() == 200
        assert "1001@" not in await switch.cli_async("pjsip show contacts")


async def test_given_an_echo_when_a_caller_dials_it_then_it_hears_its_own_tone_without_gaps(switch: Switch) -> None:
    async with Caller(switch.server) as carol:
        call = carol.dial("echo")
        await call.wait_answered()
        await call.hears(carol.tone)
        since = call.media.arrivals[0]
        await call.media.until(lambda: call.media.packets() >= 100, 15, "two seconds of audio")
        until = call.media.arrivals[-1]
        assert call.media.worst_gap(since, until) < LOADED
        assert call.media.tone_gap(carol.tone, since, until) < LOADED
        assert call.media.tones(since) == [carol.tone]
        assert call.media.level(carol.tone) == pytest.approx(-12, abs=0.5)
        assert not call.media.heard(carol.tone + 25)
        assert call.media.lost == 0
        await call.hangup()
    await no_channel_left(switch)


async def test_given_a_party_silent_for_800_ms_when_gaps_are_measured_then_they_show_it(switch: Switch) -> None:
    async with Caller(switch.server) as carol:
        call = carol.dial("echo")
        await call.wait_answered()
        await call.hears(carol.tone)
        since, ticks = call.media.arrivals[-1], call.media.ticks
        call.media.muted = True
        await call.media.until(lambda: call.media.ticks >= ticks + 40, 15, "800 ms")
        call.media.muted = False
        await call.hears(carol.tone)
        assert 300 < call.media.worst_gap(since) < 800 + LOADED
        assert 300 < call.media.tone_gap(carol.tone, since) < 800 + LOADED
        assert len(call.media.pcm(since)) > (call.media.packets(since) + 35) * 160
        await call.hangup()


async def test_given_two_parties_in_a_call_when_both_speak_then_each_hears_the_other_alone(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server, ani="13900000001") as carol:
        call = carol.dial("1001")
        seat = await alice.ringing()
        assert seat.header("X-CC-Call") == "c42"
        assert seat.caller_id == "13900000001"
        await call.wait_ringing()
        assert not call.answered
        await seat.answer()
        await call.wait_answered()
        await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
        assert not call.media.heard(carol.tone)
        assert not seat.media.heard(alice.tone)
        await seat.hangup()
        await call.wait_ended()
        assert (call.ended_by, call.cause, seat.ended_by) == ("them", 16, "us")
    await no_channel_left(switch)


async def test_given_a_call_when_the_phone_holds_and_resumes_then_the_tone_goes_and_comes(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        call = carol.dial("1001")
        seat = await (await alice.ringing()).answer()
        await call.hears(alice.tone)
        await seat.hold()
        await call.hears_not(alice.tone)
        await seat.resume()
        await call.hears(alice.tone)
        await call.hangup()
        await seat.wait_ended()


async def test_given_keys_pressed_when_sent_by_rtp_and_by_info_then_asterisk_reads_them(switch: Switch) -> None:
    async with Caller(switch.server) as carol:
        call = carol.dial("keys")
        await call.wait_answered()
        await call.dtmf("1*0")
        await call.dtmf("9")
        await call.wait_digits("1*09")  # Asterisk sends back what it read
        await call.hangup()


async def test_given_a_ringing_phone_when_the_caller_gives_up_then_the_phone_is_cancelled(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        call = carol.dial("1001")
        seat = await alice.ringing()
        await call.hangup()
        await seat.wait_ended()
        assert (call.status, seat.status, seat.ended_by, seat.answered) == (487, 487, "them", False)
    await no_channel_left(switch)


async def test_given_a_cancel_when_the_answer_crosses_it_then_the_call_is_answered_and_ended(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        alice.answer_on_cancel = True
        call = carol.dial("1001")
        seat = await alice.ringing()
        await call.hangup()
        await seat.wait_ended()
        assert seat.status == 200
        assert seat.answered  # Asterisk acknowledged, then sent BYE
    await no_channel_left(switch)


async def test_given_an_answer_when_the_callers_cancel_crosses_it_then_bye_ends_the_call(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        carol.cancel_on_answer = True
        call = carol.dial("1001")
        seat = await (await alice.ringing()).answer()
        await call.wait_ended()
        await seat.wait_ended()
        assert call.status == 200
    await no_channel_left(switch)


@pytest.mark.parametrize(("policy", "status"), [(Policy.BUSY, 486), (Policy.REJECT, 603)])
async def test_given_a_phone_that_refuses_when_called_then_the_caller_learns_it(
    switch: Switch, policy: Policy, status: int
) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        alice.policy = policy
        call = carol.dial("1001")
        seat = await alice.ringing()
        await call.wait_ended()
        assert seat.status == status
        assert call.status is not None and call.status >= 400


async def test_given_an_auto_answer_header_when_the_phone_honours_it_then_it_answers(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        alice.honour_auto_answer = True
        call = carol.dial("1001")
        await call.wait_answered()
        await call.hears(alice.tone)
        await call.hangup()


async def test_given_a_ringing_phone_when_asterisk_says_talk_then_it_answers(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        call = carol.dial("1001")
        seat = await alice.ringing()
        await switch.cli_async("pjsip send notify talk endpoint 1001")
        await seat.wait_answered()
        await call.wait_answered()
        assert alice.events == ["talk"]
        await call.hangup()


async def test_given_an_unplugged_phone_when_its_call_is_ended_then_it_says_nothing(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        call = carol.dial("1001")
        seat = await (await alice.ringing()).answer()
        await call.hears(alice.tone)
        alice.unplug()
        await call.hears_not(alice.tone)
        await call.hangup()
        assert not seat.ended
        alice.replug()
        await seat.wait_ended(8)  # Asterisk repeats its BYE


async def test_given_early_media_when_the_caller_waits_then_it_hears_it_unanswered(switch: Switch) -> None:
    async with Caller(switch.server) as carol:
        call = carol.dial("early")
        await call.hears(1000)
        assert not call.answered
        await call.hangup()
        assert call.status == 487


async def test_given_speech_to_say_when_it_is_echoed_then_the_same_samples_come_back(switch: Switch, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    speech = rng.integers(-8000, 8000, 8000).astype(np.int16)
    async with Caller(switch.server, tone=0) as carol:
        call = carol.dial("echo")
        await call.wait_answered()
        await call.media.until(lambda: call.media.packets() >= 5, 15, "the echo is there")
        call.media.say(speech)
        await call.media.said()
        said = call.media.sent
        await call.media.until(lambda: call.media.packets() > said, 15, "all came back")
        heard = call.media.pcm().astype(float)
        found = max(np.corrcoef(speech, heard[i : i + 8000])[0, 1] for i in range(0, len(heard) - 8000 + 1, 160))
        assert found > 0.99
        assert call.media.save_wav(tmp_path / "heard.wav").stat().st_size > 16000
        await call.hangup()


async def test_given_sixty_parties_when_all_talk_at_once_then_everyone_hears_their_partner(switch: Switch) -> None:
    phones = [await desk(switch, 1001 + i) for i in range(30)]
    callers = [Caller(switch.server, ani=f"139{i:08}") for i in range(30)]
    calls = [c.dial(p.extension) for c, p in zip(callers, phones, strict=True)]
    seats = await asyncio.gather(*(await_answer(p) for p in phones))
    await asyncio.gather(*(c.hears(p.tone) for c, p in zip(calls, phones, strict=True)))
    await asyncio.gather(*(s.hears(c.tone) for s, c in zip(seats, callers, strict=True)))
    since = calls[0].media.arrivals[-1]
    await calls[0].media.until(lambda: calls[0].media.packets(since) >= 50, 20, "one more second")
    until = calls[0].media.arrivals[-1] - 0.1
    assert max(c.media.worst_gap(since, until) for c in calls) < LOADED
    await asyncio.gather(*(p.close() for p in (*callers, *phones)))
    await no_channel_left(switch)


async def await_answer(phone: Phone) -> Dialog:
    return await (await phone.ringing()).answer()


async def test_given_torture_and_garbage_when_sent_at_a_call_then_asterisk_lives_and_the_call_goes_on(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        call = carol.dial("1001")
        seat = await (await alice.ringing()).answer()
        tormentor = Tormentor(switch.server)
        for data in (*MESSAGES.values(), *garbage(seed=4475, count=500)):
            tormentor.send(data)
            await asyncio.sleep(0)
        await call.hears(alice.tone)
        await seat.hears(carol.tone)
        await call.hangup()
        again = carol.dial("1001")
        await (await alice.ringing()).answer()
        await again.hears(alice.tone)
        await again.hangup()
        await no_channel_left(switch)
        assert tormentor.answers
        tormentor.close()


LOGINS = [{"extension": str(1001 + i), "sip_password": f"secret-{1001 + i}"} for i in range(30)]


async def test_given_sipp_phones_with_echo_when_a_caller_talks_then_it_hears_itself(switch: Switch, tmp_path: Path) -> None:
    with Agents(tmp_path, switch.server, LOGINS, ring_ms=200, media="echo") as agents:
        async with Caller(switch.server) as carol:
            call = carol.dial("1007")
            await call.wait_answered()
            assert call.answered_at is not None and call.ringing_at is not None
            assert call.answered_at - call.ringing_at >= 0.19
            await call.hears(carol.tone)
            await call.hangup()
            await no_channel_left(switch)
        await asyncio.to_thread(agents.unregister)


async def test_given_sipp_callers_when_a_phone_answers_then_it_hears_their_tone(switch: Switch, tmp_path: Path) -> None:
    async with await desk(switch, 1001) as alice:
        alice.policy = Policy.ANSWER
        with Callers(tmp_path, switch.server, "1001", rate=20, calls=10, talk_ms=500, media="tone") as callers:
            seats = [await alice.ringing() for _ in range(10)]
            stats = await asyncio.to_thread(callers.wait, 30)
        assert (stats.created, stats.successful, stats.failed) == (10, 10, 0)
        assert len(callers.times(2)) == 10
        assert {seat.caller_id for seat in seats} == {f"138{n:08}" for n in range(1, 11)}
        await asyncio.gather(*(seat.wait_ended() for seat in seats))
        assert all(seat.media.heard(440) for seat in seats)


async def test_given_impatient_sipp_callers_when_nobody_answers_then_they_cancel(switch: Switch, tmp_path: Path) -> None:
    async with await desk(switch, 1001) as alice:
        with Callers(tmp_path, switch.server, "1001", rate=20, calls=5, give_up_ms=200) as callers:
            stats = await asyncio.to_thread(callers.wait, 30)
        assert (stats.successful, stats.failed) == (5, 0)
        await asyncio.gather(*(dialog.wait_ended() for dialog in alice.dialogs))
        assert [d.status for d in alice.dialogs] == [487] * 5


async def test_given_two_desk_phones_when_one_calls_the_other_then_its_password_is_asked_and_both_talk(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, await desk(switch, 1002) as bob:
        call = alice.call("1002")
        seat = await (await bob.ringing()).answer()
        assert call.invite.get("Authorization")
        await asyncio.gather(call.hears(bob.tone), seat.hears(alice.tone))
        await call.hangup()
        await seat.wait_ended()
    async with Phone("1001", "wrong", switch.server) as mallory:
        call = await mallory.call("1002").wait_ended()
        assert call.status == 401


async def test_given_an_endpoint_that_wants_sha_256_when_a_phone_registers_then_it_can(switch: Switch) -> None:
    async with await desk(switch, 1031) as dave:
        sent = [m.get("Authorization") for _, way, m in dave.transport.trace if way == ">"]
        assert any("algorithm=SHA-256" in message for message in sent)


async def test_given_keys_by_info_when_a_phone_sends_them_then_asterisk_reads_them(switch: Switch) -> None:
    async with await desk(switch, 1003) as charlie:
        call = charlie.call("keys")
        await call.wait_answered()
        await call.dtmf("12#", info=True)
        await call.dtmf("34", info=True)
        await call.wait_digits("12")  # the dialplan reads up to the #
        await call.hangup()


async def test_given_a_hold_when_asterisk_tells_the_caller_then_it_answers_the_reinvites(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        call = carol.dial("1001")
        seat = await (await alice.ringing()).answer()
        await call.hears(alice.tone)  # they are bridged: a hold before that is told to nobody
        before = call.reinvites
        await seat.hold()
        await call.until(lambda: call.media.direction == "recvonly", 15, "told of the hold")
        assert call.reinvites > before
        await seat.resume()
        await call.until(lambda: call.media.direction == "sendrecv", 15, "told of the end of the hold")
        await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
        await asyncio.gather(seat.hold(), call.hold())  # crossing
        await asyncio.gather(seat.resume(), call.resume())
        await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
        await call.hangup()


async def test_given_a_phone_without_power_when_it_is_back_then_it_does_not_know_its_call(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        call = carol.dial("1001")
        seat = await (await alice.ringing()).answer()
        await call.hears(alice.tone)
        alice.unplug()
        await call.hears_silence()
        alice.replug(forget=True)
        assert await alice.register() == 200
        await call.hangup()
        assert not seat.ended
        await no_channel_left(switch)


async def test_given_asterisk_killed_when_it_is_back_then_phones_register_again_and_calls_work(tmp_path: Path) -> None:
    switch = Switch(tmp_path / "own", phones=1)
    await asyncio.to_thread(switch.start)
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        alice.keep_registered(every=0.2)
        call = carol.dial("1001")
        seat = await (await alice.ringing()).answer()
        await call.hears(alice.tone)
        await asyncio.to_thread(switch.kill)
        await call.hears_silence()
        await asyncio.to_thread(switch.start)
        since = alice.loop.time()
        await alice.until(lambda: alice.registered_at > since, 30, "registered again")
        assert not seat.ended  # nobody told them
        again = carol.dial("1001")
        await (await alice.ringing()).answer()
        await again.hears(alice.tone)
        await again.hangup()
    switch.stop()


async def test_given_callers_without_media_when_many_call_then_times_are_measured(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server, media=False) as carol:
        calls = [carol.dial("1001") for _ in range(20)]
        seats = [await alice.ringing() for _ in calls]
        await asyncio.gather(*(call.wait_ringing() for call in calls))
        assert all(0 < seat.asked_at - calls[0].asked_at < 20 for seat in seats)
        await asyncio.gather(*(call.hangup() for call in calls))
        await asyncio.gather(*(seat.wait_ended() for seat in seats))
    await no_channel_left(switch)


FROMS = {
    "anonymous": '"Anonymous" <sip:anonymous@anonymous.invalid>',
    "no user": "<sip:127.0.0.1>",
    "40 characters": f"<sip:{'1234567890' * 4}@127.0.0.1>",
    "quotes": '"O\\"Neill \\\\" <sip:139%22@127.0.0.1>',
    "semicolons": "<sip:139;ext=1;;2@127.0.0.1;user=phone>",
    "Chinese name": '"王小明" <sip:139@127.0.0.1>',
    "Chinese escaped": "<sip:%E7%8E%8B@127.0.0.1>",
}
UNREADABLE = {  # no SIP: Asterisk says nothing at all to these
    "empty": "<sip:@127.0.0.1>",
    "Chinese": "<sip:王@127.0.0.1>",
    "line break": '"x\r\nX-Evil: 1\r\n " <sip:139@127.0.0.1>',
}


@pytest.mark.parametrize("kind", FROMS)
async def test_given_a_strange_from_when_a_call_comes_then_it_rings(switch: Switch, kind: str) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        call = carol.dial_raw(FROMS[kind], [("P-Asserted-Identity", FROMS[kind])], "1001")
        await call.wait_ringing()
        await alice.ringing()
        await call.hangup()
    await no_channel_left(switch)


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_given_an_unreadable_from_when_a_call_comes_then_nothing_happens_and_the_next_call_rings(
    switch: Switch, kind: str
) -> None:
    async with await desk(switch, 1001) as alice, Caller(switch.server) as carol:
        unread = carol.dial_raw(UNREADABLE[kind], dnis="1001")
        call = carol.dial("1001")
        seat = await alice.ringing()
        await call.wait_ringing()
        assert unread.ringing_at is None
        assert alice.dialogs == [seat]
        assert not seat.header("X-Evil")
        await call.hangup()
    await no_channel_left(switch)


async def test_given_a_call_when_the_phone_itself_transfers_it_then_the_caller_talks_to_the_other(switch: Switch) -> None:
    async with await desk(switch, 1001) as alice, await desk(switch, 1002) as bob, Caller(switch.server) as carol:
        bob.policy = Policy.ANSWER
        call = carol.dial("1001")
        seat = await (await alice.ringing()).answer()
        await call.hears(alice.tone)
        assert await seat.refer(f"sip:1002@127.0.0.1:{switch.port}") == 202
        await call.hears(bob.tone)
        await seat.hangup()
        await call.hangup()
