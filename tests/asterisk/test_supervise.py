"""What a team lead does with a call, on real SIP: who hears whom is proved with tones, and what was done is on record."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from deploy import stack as stacks
from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger
from tests.asterisk.record import call_of, in_order, kinds, reaches, timeline
from tests.asterisk.test_recording import channels, course, lasts, recording_of
from tests.phones import Caller, Dialog
from tests.phones.seat import Api, Refused, Seat

PLACE = 3  # of the seat that plays the lead
Talk = tuple[Dialog, Dialog]
LONG = 75  # packets: one and a half seconds in which nothing may be heard


class Lead(Seat):
    """A team lead at a desk phone that answers by itself when told to."""

    async def tell(self, seat: Seat, action: str, **body: Any) -> dict[str, Any]:
        """Do something to a seat. Refused if it is."""
        done: dict[str, Any] = await self.api.post(f"/api/seats/{seat.agent}/{action}/", body)
        return done

    async def hears_into(self, seat: Seat, mode: str) -> Dialog:
        """Begin to monitor; the lead's end of it, answered."""
        await self.tell(seat, "monitor", mode=mode)
        ear = await self.phone.ringing()
        return await ear.wait_answered()


@pytest.fixture
async def boss(stack: dict[str, Any], logins: list[dict[str, Any]], alice: Seat, ledger: Ledger) -> AsyncIterator[Lead]:
    """Leads alice's group; takes no calls."""
    login = logins[PLACE]
    user = "(SELECT user_id FROM calls_agent WHERE number = %s)"
    group = "(SELECT group_id FROM calls_agent WHERE number = %s)"
    role = "(SELECT id FROM auth_group WHERE name = 'lead')"
    ledger.rows(f"INSERT INTO auth_user_groups (user_id, group_id) VALUES ({user}, {role})", login["extension"])
    ledger.rows(
        f"INSERT INTO calls_seatgroup_leads (user_id, seatgroup_id) VALUES ({user}, {group})", login["extension"], alice.agent
    )
    made = Lead(stack, login)
    made.phone.honour_auto_answer = True
    try:
        async with made:
            yield await made.sign_in(ready=False)
    finally:
        ledger.rows(f"DELETE FROM calls_seatgroup_leads WHERE user_id = {user}", login["extension"])
        ledger.rows(f"DELETE FROM auth_user_groups WHERE user_id = {user} AND group_id = {role}", login["extension"])


@pytest.fixture
async def talk(alice: Seat, boss: Lead, carol: Caller) -> Talk:
    """Carol's and alice's end of a call, while the lead is signed in."""
    return await alice.talks_with(carol)


async def test_given_a_lead_who_listens_then_they_hear_both_and_nobody_hears_them(
    alice: Seat, boss: Lead, carol: Caller, lead: Api, talk: Talk
) -> None:
    call, seat = talk
    ear = await boss.hears_into(alice, "listen")
    await asyncio.gather(ear.hears(alice.tone), ear.hears(carol.tone))
    await asyncio.gather(call.hears_not(boss.tone, LONG), seat.hears_not(boss.tone, LONG))
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
    await boss.wait_state("TALKING")
    await boss.tell(alice, "stop-monitor")
    await ear.wait_ended()
    await boss.wait_state("NOT_READY")
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
    await call.hangup()
    facts = await timeline(lead, await call_of(lead, carol))
    assert in_order(kinds(facts), "MonitorStarted", "MonitorEnded", "CallEnded")
    [started] = [fact for fact in facts if fact["type"] == "MonitorStarted"]
    assert (started["agent"], started["supervisor"], started["mode"]) == (alice.agent, boss.agent, "listen")


async def test_given_a_lead_who_whispers_then_the_agent_hears_it_and_the_caller_does_not(
    alice: Seat, boss: Lead, carol: Caller, talk: Talk
) -> None:
    call, seat = talk
    ear = await boss.hears_into(alice, "whisper")
    await asyncio.gather(seat.hears(boss.tone), seat.hears(carol.tone), ear.hears(alice.tone), ear.hears(carol.tone))
    await call.hears_not(boss.tone, LONG)
    await call.hears(alice.tone)
    await call.hangup()


async def test_given_a_lead_who_barges_in_then_all_hear_all(alice: Seat, boss: Lead, carol: Caller, talk: Talk) -> None:
    call, seat = talk
    ear = await boss.hears_into(alice, "barge")
    await asyncio.gather(
        call.hears(boss.tone), call.hears(alice.tone), seat.hears(boss.tone), seat.hears(carol.tone), ear.hears(alice.tone)
    )
    await call.hangup()
    await ear.wait_ended()
    await boss.wait_state("NOT_READY")


async def test_given_one_mode_after_the_other_then_the_leads_phone_rings_once_and_each_is_as_it_should(
    alice: Seat, boss: Lead, carol: Caller, lead: Api, talk: Talk
) -> None:
    call, seat = talk
    ear = await boss.hears_into(alice, "listen")
    heard_by = {"listen": (False, False), "whisper": (True, False), "barge": (True, True)}  # the agent, the caller
    for mode in ("whisper", "barge", "listen", "barge", "whisper", "listen"):
        await boss.tell(alice, "monitor", mode=mode)
        await asyncio.gather(
            *(
                party.hears(boss.tone) if hears else party.hears_not(boss.tone, LONG)
                for party, hears in zip((seat, call), heard_by[mode], strict=True)
            ),
            ear.hears(alice.tone),
            ear.hears(carol.tone),
            seat.hears(carol.tone),
            call.hears(alice.tone),
        )
    assert len(boss.phone.dialogs) == 1
    await call.hangup()
    await ear.wait_ended()
    modes = [fact["mode"] for fact in await timeline(lead, await call_of(lead, carol)) if fact["type"] == "MonitorChanged"]
    assert modes == ["whisper", "barge", "listen", "barge", "whisper", "listen"]


async def test_given_a_call_on_hold_then_the_customer_hears_neither_agent_nor_a_lead_who_whispers(
    alice: Seat, boss: Lead, carol: Caller, talk: Talk
) -> None:
    call, seat = talk
    await boss.hears_into(alice, "whisper")
    await alice.do("hold")
    await asyncio.gather(call.hears_not(alice.tone), call.hears_not(boss.tone), seat.hears(boss.tone))
    await alice.do("resume")
    await asyncio.gather(call.hears(alice.tone), call.hears_not(boss.tone, LONG), seat.hears(boss.tone))
    await call.hangup()


async def test_given_a_lead_who_whispers_when_the_agent_consults_then_all_of_it_is_heard_and_so_is_the_customer_afterwards(
    alice: Seat, bob: Seat, boss: Lead, carol: Caller, talk: Talk
) -> None:
    call, seat = talk
    await bob.not_ready()
    ear = await boss.hears_into(alice, "whisper")
    await asyncio.gather(ear.hears(carol.tone), seat.hears(boss.tone))
    await alice.do("consult", to="agent", agent=bob.agent)
    third = await bob.phone.ringing()
    third.media.sequence = 40000  # far from the customer's
    await third.answer()
    await asyncio.gather(ear.hears(bob.tone), ear.hears(alice.tone), seat.hears(bob.tone), seat.hears(boss.tone))
    await asyncio.gather(ear.hears_not(carol.tone), third.hears_not(boss.tone, LONG))
    await alice.do("cancel-consult")
    await third.wait_ended()
    await asyncio.gather(ear.hears(carol.tone), seat.hears(carol.tone), seat.hears(boss.tone))
    await call.hears_not(boss.tone, LONG)
    await call.hangup()


async def test_given_the_agent_leaves_the_call_then_the_lead_is_let_go_and_so_they_are_when_they_hang_up(
    alice: Seat, boss: Lead, carol: Caller, lead: Api, talk: Talk
) -> None:
    call, seat = talk
    ear = await boss.hears_into(alice, "listen")
    await ear.hears(carol.tone)
    await ear.hangup()
    await boss.wait_state("NOT_READY")
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
    again = await boss.hears_into(alice, "listen")
    await again.hears(carol.tone)
    await seat.hangup()
    await again.wait_ended()
    await boss.wait_state("NOT_READY")
    reasons = [f["reason"] for f in await timeline(lead, await call_of(lead, carol)) if f["type"] == "MonitorEnded"]
    assert reasons[0] == "stopped" and reasons[1] in ("call_ended", "agent_left")


async def test_given_a_lead_who_takes_over_then_the_customer_is_theirs_and_the_agent_is_released(
    alice: Seat, boss: Lead, carol: Caller, lead: Api, talk: Talk
) -> None:
    call, seat = talk
    await boss.tell(alice, "take-over")
    mine = await (await boss.phone.ringing()).wait_answered()
    await seat.wait_ended()
    await asyncio.gather(call.hears(boss.tone), mine.hears(carol.tone))
    await call.hangup()
    await mine.wait_ended()
    record = await call_of(lead, carol)
    assert (record["answered_by"], record["agent"]) == (alice.agent, boss.agent)
    [forced] = [fact for fact in await timeline(lead, record) if fact["type"] == "Forced"]
    assert (forced["agent"], forced["action"], forced["by"]) == (alice.agent, "take_over", boss.login["username"])


async def test_given_a_recorded_call_when_a_lead_takes_it_over_then_they_are_on_the_recording_at_once(
    alice: Seat, boss: Lead, callers: MakeCaller, lead: Api, tmp_path: Path
) -> None:
    caller = callers("recorded")
    call, seat = await alice.talks_with(caller)
    await lasts(call, 3.0)
    await boss.tell(alice, "take-over")
    await (await boss.phone.ringing()).wait_answered()
    await seat.wait_ended()
    await asyncio.gather(call.hears(boss.tone), lasts(call, 1.0))
    await call.hangup()
    recording = await recording_of(lead, caller)
    _, right = channels((await lead.raw("GET", recording["audio"]))[1], tmp_path)
    assert re.fullmatch("a-?b", heard := course(right, a=alice.tone, b=boss.tone)), heard


async def test_given_a_lead_who_listens_already_then_a_take_over_rings_nobody(
    alice: Seat, boss: Lead, carol: Caller, talk: Talk
) -> None:
    call, seat = talk
    ear = await boss.hears_into(alice, "whisper")
    await boss.tell(alice, "take-over")
    await seat.wait_ended()
    await asyncio.gather(call.hears(boss.tone), ear.hears(carol.tone))
    assert len(boss.phone.dialogs) == 1
    await call.hangup()


async def test_given_a_call_forced_off_then_both_ends_are_free_and_it_is_known_who_did_it(
    alice: Seat, boss: Lead, carol: Caller, lead: Api, talk: Talk
) -> None:
    call, seat = talk
    await boss.tell(alice, "force-hang-up")
    await asyncio.gather(call.wait_ended(), seat.wait_ended())
    await alice.wait_state("READY")
    [forced] = [fact for fact in await timeline(lead, await call_of(lead, carol)) if fact["type"] == "Forced"]
    assert (forced["action"], forced["by"]) == ("hang_up", boss.login["username"])


async def test_given_a_call_forced_to_a_colleague_then_they_talk_and_the_agent_is_free(
    alice: Seat, boss: Lead, callers: MakeCaller, seats: Callable[..., Any], lead: Api
) -> None:
    bob = await seats(1, ready=False)
    caller = callers("direct")
    call, seat = await alice.talks_with(caller)
    await bob.ready()
    await boss.tell(alice, "force-transfer", to="agent", agent=bob.agent)
    await seat.wait_ended()
    target = await bob.phone.ringing()
    await target.answer()
    await asyncio.gather(call.hears(bob.tone), target.hears(caller.tone))
    await alice.wait_state("READY")
    await call.hangup()
    assert in_order(kinds(await timeline(lead, await call_of(lead, caller))), "Forced", "CallTransferred", "CallConnected")


async def test_given_a_seat_forced_to_be_busy_ready_or_signed_out_then_it_is_in_a_call_afterwards(
    alice: Seat, boss: Lead, carol: Caller
) -> None:
    await boss.tell(alice, "force-state", state="not_ready", reason="break")
    await alice.wait_state("NOT_READY")
    await boss.tell(alice, "force-state", state="ready")
    await alice.wait_state("READY")
    call, seat = await alice.talks_with(carol)
    await boss.tell(alice, "force-state", state="signed_out")
    await call.hears_not(boss.tone)
    assert await alice.state() == "TALKING" and not seat.ended
    await call.hangup()
    await alice.wait_state("LOGGED_OUT")


async def test_given_a_seat_of_another_group_or_an_agent_who_asks_then_nothing_is_done(
    alice: Seat, boss: Lead, carol: Caller, seats: Callable[..., Any], talk: Talk
) -> None:
    bob = await seats(1, ready=False)  # another group's
    with pytest.raises(Refused) as unknown:
        await boss.tell(bob, "monitor", mode="listen")
    assert unknown.value.status == 404
    with pytest.raises(Refused) as forbidden:
        await bob.api.post(f"/api/seats/{alice.agent}/monitor/", {"mode": "listen"})
    assert forbidden.value.status in (403, 404)
    assert boss.phone.missed() == bob.phone.missed() == []
    await talk[0].hangup()


async def test_given_the_cti_server_killed_while_a_lead_whispers_then_it_goes_on_and_can_be_changed(
    stack: dict[str, Any], alice: Seat, boss: Lead, carol: Caller, lead: Api, talk: Talk
) -> None:
    call, seat = talk
    ear = await boss.hears_into(alice, "whisper")
    await seat.hears(boss.tone)
    await reaches(lead, carol, "MonitorStarted")
    old = stacks.kill(Path(stack["state"]), "cti")
    await asyncio.to_thread(stacks.wait_up, Path(stack["state"]), "cti", old)
    await asyncio.gather(seat.hears(boss.tone), ear.hears(carol.tone), call.hears_not(boss.tone, LONG))
    await boss.tell(alice, "monitor", mode="barge")
    await asyncio.gather(call.hears(boss.tone), seat.hears(boss.tone))
    await call.hangup()
    await ear.wait_ended()
