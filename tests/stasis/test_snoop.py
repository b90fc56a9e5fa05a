"""A leg that hears another, on a real Asterisk with real sound: who hears whom, and how it ends."""

import asyncio
from typing import Any

import pytest

from ccenter.acd import commands, events
from tests.phones import Caller, Dialog, Phone
from tests.stasis.line import Line

Talk = tuple[str, Dialog, str, Dialog, str]  # as `Line.talk` gives it: caller's leg and dialog, agent's, bridge


@pytest.fixture
async def talk(line: Line, alice: Phone, carol: Caller) -> Talk:
    made: Talk = await line.talk(carol, alice)
    await asyncio.gather(made[1].hears(alice.tone), made[3].hears(carol.tone))
    return made


async def lead_of(line: Line, bob: Phone) -> tuple[str, Any]:
    """The lead's phone, answered; its leg and dialog."""
    leg, dialog = await line.dial(bob, "PJSIP/1002")
    await dialog.answer()
    await line.event(events.LegAnswered, leg=leg)
    return leg, dialog


async def snoop(line: Line, lead: str, of: str, whisper: commands.Direction) -> str:
    """The lead's leg with a new snoop in a bridge of their own; the snoop."""
    leg, bridge = line.fresh("l"), line.fresh("b")
    await line.done(commands.MakeBridge(bridge), commands.Snoop(leg, of, "both", whisper), commands.Join(bridge, (lead, leg)))
    assert line.count(events.CommandFailed) == 0 and line.count(events.LegEnded, leg=leg) == 0
    return leg


async def test_given_a_snoop_that_listens_then_the_lead_hears_both_and_nobody_hears_the_lead(
    line: Line, talk: Talk, alice: Phone, bob: Phone, carol: Caller
) -> None:
    _, call, agent, seat, _ = talk
    lead, ear = await lead_of(line, bob)
    await snoop(line, lead, agent, "none")
    await asyncio.gather(ear.hears(alice.tone), ear.hears(carol.tone))
    await asyncio.gather(call.hears_not(bob.tone), seat.hears_not(bob.tone))
    await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone))


async def test_given_a_snoop_that_whispers_in_the_place_of_one_that_listened_then_the_agent_hears_the_lead_the_caller_not(
    line: Line, talk: Talk, alice: Phone, bob: Phone, carol: Caller
) -> None:
    _, call, agent, seat, _ = talk
    lead, ear = await lead_of(line, bob)
    first = await snoop(line, lead, agent, "none")
    line.do(commands.HangUp(first))
    await snoop(line, lead, agent, "out")
    await asyncio.gather(seat.hears(bob.tone), seat.hears(carol.tone), ear.hears(alice.tone), ear.hears(carol.tone))
    await call.hears_not(bob.tone, packets=50)
    await line.event(events.LegEnded, leg=first)
    assert bob.dialogs == [ear], "the lead's phone rang once"


async def test_given_the_customer_is_on_hold_then_the_agent_hears_the_whisper_and_the_talk_comes_back_whole(
    line: Line, talk: Talk, alice: Phone, bob: Phone, carol: Caller
) -> None:
    customer, call, agent, seat, bridge = talk
    lead, ear = await lead_of(line, bob)
    await snoop(line, lead, agent, "out")
    for _ in range(2):
        await line.done(commands.Park(customer, "default"))
        await asyncio.gather(seat.hears(bob.tone), ear.hears(alice.tone), call.hears_not(bob.tone), seat.hears_not(carol.tone))
        await line.done(commands.Join(bridge, (customer,)))
        await asyncio.gather(call.hears(alice.tone), seat.hears(carol.tone), seat.hears(bob.tone), call.hears_not(bob.tone))


async def test_given_the_lead_joins_the_call_then_all_hear_all_and_a_recording_goes_on(
    line: Line, talk: Talk, alice: Phone, bob: Phone, carol: Caller
) -> None:
    _, call, agent, seat, bridge = talk
    lead, ear = await lead_of(line, bob)
    ears = await snoop(line, lead, agent, "none")
    await line.done(commands.HangUp(ears), commands.Join(bridge, (lead,)))
    await asyncio.gather(
        call.hears(bob.tone), call.hears(alice.tone), seat.hears(bob.tone), seat.hears(carol.tone), ear.hears(alice.tone)
    )


async def test_given_a_snoop_then_it_ends_with_the_leg_it_is_of_and_the_lead_is_still_there(
    line: Line, talk: Talk, bob: Phone
) -> None:
    _, _, agent, seat, _ = talk
    lead, ear = await lead_of(line, bob)
    leg = await snoop(line, lead, agent, "out")
    await seat.hangup()
    await line.event(events.LegEnded, leg=agent)
    await line.event(events.LegEnded, leg=leg)
    await line.done()
    assert line.count(events.LegEnded, leg=leg) == 1 and not ear.ended


async def test_given_a_leg_that_is_not_there_when_a_snoop_of_it_is_wanted_then_it_ends_at_once(line: Line) -> None:
    leg = line.fresh("l")
    line.do(commands.Snoop(leg, "ast1-lnobody", "both", "none"))
    assert (await line.event(events.LegEnded, leg=leg)).cause == 27


async def test_given_snoops_joined_in_the_breath_they_are_made_then_each_is(line: Line, talk: Talk, bob: Phone) -> None:
    lead, _ = await lead_of(line, bob)
    for _ in range(20):
        leg = await snoop(line, lead, talk[2], "out")
        bridges = [bridge for bridge in await line.ari.bridges.list() if leg in bridge.channels]
        assert len(bridges) == 1 and lead in bridges[0].channels
        await line.done(commands.HangUp(leg), commands.Snoop(line.fresh("l"), talk[2], "both", "none"))
    for leg in list(line.live):
        if leg not in (lead, talk[0], talk[2]):
            line.do(commands.HangUp(leg))
    await line.until(lambda: set(line.live) == {lead, talk[0], talk[2]}, 15, "all snoops ended")


async def test_given_a_snoop_said_twice_then_there_is_one(line: Line, talk: Talk) -> None:
    leg = line.fresh("l")
    await line.done(commands.Snoop(leg, talk[2], "both", "none"))
    await line.done(commands.Snoop(leg, talk[2], "both", "none"))
    assert line.count(events.LegEnded, leg=leg) == 0
    assert [c.name.startswith("Snoop/") for c in await line.ari.channels.list()].count(True) == 1


async def test_given_a_link_that_was_away_then_a_snoop_is_among_our_legs(line: Line, talk: Talk) -> None:
    leg = line.fresh("l")
    await line.done(commands.Snoop(leg, talk[2], "both", "none"))
    line.task.cancel()
    await asyncio.gather(line.task, return_exceptions=True)
    line.known = (leg, talk[0], talk[2])
    line.task = asyncio.create_task(line.ari.listen(line._connected, line._hear, line._lost))
    await line.event(events.NodeUp)
    up = await line.event(events.NodeUp)
    assert leg in up.legs and leg in line.live
    line.do(commands.HangUp(leg))
    await line.event(events.LegEnded, leg=leg)
