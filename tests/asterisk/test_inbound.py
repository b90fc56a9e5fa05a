"""A call comes in and reaches an agent: what both hear, and what the record says afterwards."""

import asyncio

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.record import call_of, in_order, kinds, timeline
from tests.phones import Caller
from tests.phones.seat import Api, Seat


async def test_given_ready_agent_when_caller_rings_then_both_hear_each_other_and_the_record_is_whole(
    alice: Seat, carol: Caller, lead: Api
) -> None:
    call = carol.dial()
    seat = await alice.phone.ringing()
    assert seat.header("X-CC-Call")
    await seat.answer()
    await call.wait_answered()
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))
    await alice.wait_state("TALKING")
    await call.hangup()
    await seat.wait_ended()
    record = await call_of(lead, carol)
    assert (record["outcome"], record["ended_by"], record["answered_by"]) == ("ANSWERED", "customer", alice.agent)
    names = kinds(await timeline(lead, record))
    assert in_order(
        names,
        "CallStarted",
        "CallAnswered",
        "CallQueued",
        "CallRouted",
        "CallOfferedTo",
        "AgentRinging",
        "CallConnected",
        "CallEnded",
    )
    assert names.count("CallEnded") == 1


async def test_given_no_ready_agent_when_one_becomes_ready_then_first_asked_is_first_served(
    alice: Seat, callers: MakeCaller
) -> None:
    await alice.not_ready()
    await alice.wait_state("NOT_READY")
    waiting = []
    for _ in range(3):
        caller = callers("direct")
        call = caller.dial()
        await call.wait_answered()
        waiting.append((caller, call))
    await alice.ready()
    for caller, call in waiting:
        seat = await alice.phone.ringing()
        assert seat.caller_id.endswith(caller.ani)
        await seat.answer()
        await call.hears(alice.tone)
        await call.hangup()
        await seat.wait_ended()


async def test_given_agents_phone_is_busy_then_caller_goes_to_the_next_and_the_phone_is_left_alone_for_a_while(
    alice: Seat, bob: Seat, carol: Caller, lead: Api
) -> None:
    call = carol.dial()
    first = await alice.phone.ringing()
    first.refuse(486, "Busy Here")
    second = await bob.phone.ringing()
    await second.answer()
    await call.hears(bob.tone)
    await alice.wait_state("NOT_READY")
    await call.hangup()
    record = await call_of(lead, carol)
    assert [(offer["agent"], offer["result"]) for offer in record["offers"]] == [(alice.agent, "busy"), (bob.agent, "connected")]


async def test_given_unknown_called_number_then_the_default_flow_takes_the_call(callers: MakeCaller, lead: Api) -> None:
    caller = callers("4009998887")
    call = caller.dial()
    await call.wait_answered()
    await call.hangup()
    record = await call_of(lead, caller)
    assert any(step["step"] == "node" for step in record["steps"])
    assert record["ended_by"] == "customer"
