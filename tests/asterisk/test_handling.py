"""What an agent does with a call in hand: who hears whom after each step, and that the customer is never alone."""

import asyncio
from typing import Any

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.record import call_of, kinds, timeline
from tests.phones import Caller, Policy
from tests.phones.seat import Api, Refused, Seat


async def test_given_hold_then_customer_hears_music_not_the_agent_and_resume_brings_them_together(
    alice: Seat, carol: Caller, lead: Api
) -> None:
    call, phone = await alice.talks_with(carol)
    await alice.do("hold")
    await asyncio.gather(call.hears_not(alice.tone), phone.hears_not(carol.tone))
    assert call.media.packets() > 0
    await alice.do("resume")
    await asyncio.gather(call.hears(alice.tone), phone.hears(carol.tone))
    await call.hangup()
    record = await call_of(lead, carol)
    assert record["held"] > 0
    assert {"CallHeld", "CallResumed"} <= set(kinds(await timeline(lead, record)))


async def test_given_caller_hangs_up_on_hold_then_agent_is_free(alice: Seat, carol: Caller) -> None:
    call, phone = await alice.talks_with(carol)
    await alice.do("hold")
    await call.hangup()
    await phone.wait_ended()
    await alice.wait_state("READY")


async def test_given_blind_transfer_to_a_colleague_then_they_talk_and_the_sender_is_free(
    alice: Seat, bob: Seat, callers: MakeCaller, lead: Api
) -> None:
    await bob.not_ready()
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    await bob.ready()
    await alice.do("transfer", to="agent", agent=bob.agent)
    await phone.wait_ended()
    target = await bob.phone.ringing()
    assert target.caller_id.endswith(caller.ani)
    await target.answer()
    await asyncio.gather(call.hears(bob.tone), target.hears(caller.tone))
    await alice.wait_state("READY")
    await call.hangup()
    record = await call_of(lead, caller)
    assert (record["answered_by"], record["agent"]) == (alice.agent, bob.agent)


async def test_given_blind_transfer_to_a_phone_that_does_not_answer_then_customer_comes_back_to_the_sender(
    alice: Seat, bob: Seat, callers: MakeCaller
) -> None:
    await bob.not_ready()
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    await bob.ready()
    await alice.do("transfer", to="agent", agent=bob.agent)
    await phone.wait_ended()
    (await bob.phone.ringing()).refuse(486, "Busy Here")
    again = await alice.phone.ringing()
    await again.answer()
    await asyncio.gather(call.hears(alice.tone), again.hears(caller.tone))
    await call.hangup()


async def test_given_transfer_to_unknown_or_busy_target_then_it_is_refused_and_the_talk_goes_on(
    alice: Seat, carol: Caller, logins: list[dict[str, Any]]
) -> None:
    call, phone = await alice.talks_with(carol)
    for target in (
        {"to": "agent", "agent": "9999"},
        {"to": "agent", "agent": logins[5]["extension"]},
        {"to": "queue", "queue": "x"},
    ):
        try:
            await alice.do("transfer", **target)
        except Refused as refused:
            assert refused.status in (400, 409), refused
        else:
            raise AssertionError(f"accepted {target}")
    await asyncio.gather(call.hears(alice.tone), phone.hears(carol.tone))
    await call.hangup()


async def test_given_consultation_then_only_the_agents_talk_and_completing_joins_customer_and_colleague(
    alice: Seat, bob: Seat, callers: MakeCaller
) -> None:
    await bob.not_ready()
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    await alice.do("consult", to="agent", agent=bob.agent)
    target = await bob.phone.ringing()
    await target.answer()
    await asyncio.gather(
        target.hears(alice.tone), phone.hears(bob.tone), call.hears_not(alice.tone), target.hears_not(caller.tone)
    )
    await alice.do("complete")
    await phone.wait_ended()
    await asyncio.gather(call.hears(bob.tone), target.hears(caller.tone))
    await call.hangup()
    await target.wait_ended()
    await bob.wait_state("NOT_READY")


async def test_given_consulted_colleague_is_busy_then_the_customer_is_back_with_the_agent(
    alice: Seat, bob: Seat, callers: MakeCaller
) -> None:
    await bob.not_ready()
    bob.phone.policy = Policy.BUSY
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    await alice.do("consult", to="agent", agent=bob.agent)
    await bob.phone.ringing()
    await asyncio.gather(call.hears(alice.tone), phone.hears(caller.tone))
    await call.hangup()


async def test_given_three_way_then_all_hear_all_and_the_others_talk_on_when_the_agent_leaves(
    alice: Seat, bob: Seat, callers: MakeCaller
) -> None:
    await bob.not_ready()
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    await alice.do("consult", to="agent", agent=bob.agent)
    target = await bob.phone.ringing()
    await target.answer()
    await phone.hears(bob.tone)
    await alice.do("join-all")
    await asyncio.gather(
        call.hears(alice.tone),
        call.hears(bob.tone),
        phone.hears(caller.tone),
        target.hears(caller.tone),
        target.hears(alice.tone),
    )
    await alice.do("leave")
    await phone.wait_ended()
    await asyncio.gather(call.hears(bob.tone), target.hears(caller.tone))
    await call.hangup()


async def test_given_three_when_a_number_is_invited_then_all_four_hear_all_and_go_one_by_one(
    alice: Seat, bob: Seat, callers: MakeCaller, pstn: Caller, lead: Api
) -> None:
    await bob.not_ready()
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    await alice.do("consult", to="agent", agent=bob.agent)
    target = await bob.phone.ringing()
    await target.answer()
    await phone.hears(bob.tone)
    await alice.do("join-all")
    await alice.do("invite", to="number", number="13812345678")
    far = await pstn.ringing()
    await asyncio.gather(call.hears(alice.tone), call.hears(bob.tone))
    await far.answer()
    heard = {call: (alice, bob, pstn), phone: (caller, bob, pstn), target: (caller, alice, pstn), far: (caller, alice, bob)}
    await asyncio.gather(*(who.hears(voice.tone) for who, voices in heard.items() for voice in voices))
    await alice.do("leave")
    await phone.wait_ended()
    await asyncio.gather(call.hears(bob.tone), far.hears(bob.tone), target.hears(pstn.tone), target.hears(caller.tone))
    await far.hangup()
    await asyncio.gather(call.hears(bob.tone), target.hears(caller.tone))
    await call.hangup()
    await target.wait_ended()
    record = await call_of(lead, caller)
    assert {"PartyInvited", "PartyJoined", "PartyLeft"} <= set(kinds(await timeline(lead, record)))
    await bob.wait_state("NOT_READY")


async def test_given_click_to_call_then_own_phone_rings_first_and_the_number_after_it(
    alice: Seat, pstn: Caller, lead: Api
) -> None:
    await alice.do("dial", number="13812345678")
    phone = await alice.phone.ringing()
    assert phone.header("Call-Info")
    await phone.answer()
    far = await pstn.ringing()
    await far.answer()
    await asyncio.gather(far.hears(alice.tone), phone.hears(pstn.tone))
    await phone.hangup()
    await far.wait_ended()


async def test_given_called_number_is_busy_then_the_agents_phone_is_let_go(alice: Seat, pstn: Caller) -> None:
    pstn.policy = Policy.BUSY
    await alice.do("dial", number="13812345678")
    phone = await alice.phone.ringing()
    await phone.answer()
    await phone.wait_ended()
    await alice.wait_state("WRAP_UP")


async def test_given_agent_dials_a_colleague_by_phone_then_they_talk(alice: Seat, bob: Seat) -> None:
    call = alice.phone.call(bob.agent)
    target = await bob.phone.ringing()
    assert target.caller_id == alice.agent
    await target.answer()
    await asyncio.gather(call.hears(bob.tone), target.hears(alice.tone))
    await call.hangup()
    await target.wait_ended()
    await alice.wait_state("READY")
    await bob.wait_state("READY")


async def test_given_a_colleagues_phone_rings_then_another_agent_picks_the_call_up(
    alice: Seat, bob: Seat, callers: MakeCaller
) -> None:
    await bob.not_ready()
    caller = callers("direct")
    call = caller.dial()
    ringing = await alice.phone.ringing()
    (shown,) = (await bob.api.wait_for("/api/waiting/", lambda page: page["ringing"]))["ringing"]
    assert (shown["id"], shown["agent"]) == (ringing.header("X-CC-Call"), alice.agent)
    await bob.do("pick-up", call=shown["id"])
    await ringing.wait_ended()
    phone = await bob.phone.ringing()
    await phone.answer()
    await call.hears(bob.tone)
    await call.hangup()
    await alice.wait_state("READY")


async def test_given_waiting_caller_when_an_agent_takes_them_then_they_are_served_out_of_turn(
    alice: Seat, callers: MakeCaller
) -> None:
    await alice.not_ready()
    first, second = callers("direct"), callers("direct")
    one = first.dial()
    await one.wait_answered()
    two = second.dial()
    await two.wait_answered()
    shown = await alice.api.wait_for("/api/waiting/", lambda page: len(page["calls"]) == 2)
    await alice.do("take", call=shown["calls"][1]["id"])
    phone = await alice.phone.ringing()
    assert phone.caller_id.endswith(second.ani)
    await phone.answer()
    await two.hears(alice.tone)
    await two.hangup()
    await one.hangup()


async def test_given_ringing_desk_phone_when_answered_by_request_then_it_answers(alice: Seat, carol: Caller) -> None:
    call = carol.dial()
    phone = await alice.phone.ringing()
    await alice.do("answer")
    await call.hears(alice.tone)
    await alice.do("hang-up")
    await call.wait_ended()
    await phone.wait_ended()


async def test_given_phone_unplugged_in_a_call_then_the_customer_is_served_by_another(
    alice: Seat, bob: Seat, callers: MakeCaller
) -> None:
    await bob.not_ready()
    caller = callers("direct")
    call, _ = await alice.talks_with(caller)
    await bob.ready()
    alice.phone.unplug()
    again = await bob.phone.ringing(timeout=40)  # rtp_timeout finds it out
    await again.answer()
    await asyncio.gather(call.hears(bob.tone), again.hears(caller.tone))
    await call.hangup()
    alice.phone.replug()
