"""Waiting and being served: who is asked next, by whom, what is heard meanwhile, and the ways out."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest

from ccenter.acd.speech import Digits, Position, Prompt, Wait
from tests.asterisk.arrange import arrange
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.hearing import heard, hears_prompts, spoken
from tests.asterisk.record import Json, call_of, in_order, kinds, reaches, timeline
from tests.phones import Caller, Dialog, Policy
from tests.phones.seat import Api, Seat

ELSEWHERE = 200  # RFC 3326: Reason: SIP;cause=200;text="Call completed elsewhere"
Seats = Callable[..., Any]


@pytest.fixture(scope="module")
def numbers(stack: Stack) -> dict[str, str]:
    return arrange(stack)


async def who_rings(team: list[Seat], timeout: float = 15.0) -> tuple[Seat, Dialog]:
    """The first of the team whose phone rings."""
    tasks = {asyncio.create_task(seat.phone.ringing(timeout)): seat for seat in team}
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    first = done.pop()
    return tasks[first], first.result()


async def served(caller: Caller, team: list[Seat], hang_up: bool = True) -> tuple[Seat, Dialog]:
    """The seat that takes this caller's call, and the caller's end of it, which is over if `hang_up`."""
    call = caller.dial()
    seat, phone = await who_rings(team)
    await phone.answer()
    await call.hears(seat.tone)  # connected; answered it was when it began to wait
    if hang_up:
        await call.hangup()
        await phone.wait_ended()
    return seat, call


async def serve_in_turn(seat: Seat, *callers: Caller) -> None:
    """The waiting callers ring at the seat one after the other, just in this order."""
    for caller in callers:
        phone = await seat.phone.ringing()
        assert phone.caller_id.endswith(caller.ani)
        await phone.answer()
        await phone.hangup()


async def route_of(lead: Api, caller: Caller) -> Json:
    """Why the caller's last call went where it went: its last routing decision."""
    return await reaches(lead, caller, "CallRouted")


# -- who serves ------------------------------------------------------------------------------------------------


async def test_given_longest_idle_then_who_has_waited_longest_for_a_call_gets_it(
    seats: Seats, callers: MakeCaller, lead: Api
) -> None:
    team = [await seats(n) for n in range(3)]
    first = [(await served(callers("direct"), team))[0] for _ in range(3)]
    assert first == team, "in the order in which they became ready"
    await team[0].not_ready()
    await team[0].ready()
    caller = callers("direct")
    assert (await served(caller, team))[0] is team[1]
    why = await route_of(lead, caller)
    assert why["strategy"] == "longest_idle"
    assert [agent for agent, _ in why["candidates"]] == [team[1].agent, team[2].agent, team[0].agent]


async def test_given_round_robin_then_turns_are_kept_whoever_has_been_idle_longest(seats: Seats, callers: MakeCaller) -> None:
    team = [await seats(n) for n in range(3)]
    turns = [(await served(callers("roundrobin"), team))[0] for _ in range(3)]
    assert set(turns) == set(team)
    await turns[0].not_ready()  # idle for the shortest time from now on, and next all the same
    await turns[0].ready()
    assert [(await served(callers("roundrobin"), team))[0] for _ in range(3)] == turns


async def test_given_fewest_calls_then_who_came_late_catches_up(seats: Seats, callers: MakeCaller) -> None:
    alice: Seat = await seats(0)
    for _ in range(2):
        await served(callers("fewest"), [alice])
    bob: Seat = await seats(1)
    team = [alice, bob]
    assert [(await served(callers("fewest"), team))[0] for _ in range(2)] == [bob, bob]


async def test_given_routing_by_skill_then_the_best_free_agent_serves_and_who_lacks_the_skill_never_does(
    seats: Seats, callers: MakeCaller, lead: Api
) -> None:
    team = [await seats(n) for n in (0, 1, 2, 8)]  # levels of "order": 4, 1, 10, none
    calls, order = [], []
    for _ in range(3):
        seat, call = await served(callers("byskill"), team, hang_up=False)
        order.append(seat)
        calls.append(call)
    assert order == [team[2], team[0], team[1]]
    waits = callers("byskill")
    await waits.dial().wait_answered()
    await reaches(lead, waits, "CallQueued")
    assert await team[3].state() == "READY"
    await calls[2].hangup()
    assert (await who_rings(team))[0] is team[1]


async def test_given_ring_all_then_all_phones_ring_and_the_others_stop_with_answered_elsewhere(
    seats: Seats, callers: MakeCaller, lead: Api
) -> None:
    alice, bob, charlie = team = [await seats(n) for n in range(3)]
    caller = callers("ringall")
    call = caller.dial()
    ringing = dict(zip(team, await asyncio.gather(*(seat.phone.ringing() for seat in team)), strict=True))
    await ringing[bob].answer()
    await asyncio.gather(call.hears(bob.tone), ringing[bob].hears(caller.tone))
    for seat in (alice, charlie):
        await ringing[seat].wait_ended()
        assert ringing[seat].cause == ELSEWHERE
        await seat.wait_state("READY")
    await call.hangup()
    offers = {offer["agent"]: offer["result"] for offer in (await call_of(lead, caller))["offers"]}
    assert offers == {alice.agent: "elsewhere", bob.agent: "connected", charlie.agent: "elsewhere"}


async def test_given_ring_all_when_two_answer_at_once_then_one_has_the_caller_and_the_other_is_free(
    seats: Seats, callers: MakeCaller
) -> None:
    team = [await seats(n) for n in range(2)]
    caller = callers("ringall")
    call = caller.dial()
    phones = await asyncio.gather(*(seat.phone.ringing() for seat in team))
    for phone in phones:
        phone.answer_now()
    await call.media.until(lambda: any(phone.ended for phone in phones), 20, "one of the phones is let go")
    kept = next(n for n, phone in enumerate(phones) if not phone.ended)
    await asyncio.gather(call.hears(team[kept].tone), phones[kept].hears(caller.tone))
    assert not call.media.heard(team[1 - kept].tone)
    await team[1 - kept].wait_state("READY")
    await call.hangup()


async def test_given_callers_in_two_queues_then_the_vip_who_came_later_is_served_first(seats: Seats, callers: MakeCaller) -> None:
    expert: Seat = await seats(3, ready=False)
    ordinary, preferred, vip = callers("direct"), callers("direct"), callers("vip")
    for caller in (ordinary, preferred, vip):
        await caller.dial().wait_answered()
    await expert.ready()
    order = []
    for _ in range(3):
        phone = await expert.phone.ringing()
        order.append(phone.caller_id[-11:])
        await phone.answer()
        await phone.hangup()
        if len(order) == 1:
            await expert.wait_state("WRAP_UP")
            await expert.ready()
    assert order == [caller.ani for caller in (vip, ordinary, preferred)]


async def test_given_a_number_with_priority_then_its_caller_passes_the_others_of_the_same_queue(
    numbers: dict[str, str], seats: Seats, callers: MakeCaller
) -> None:
    alice: Seat = await seats(0, ready=False)
    first, early = callers("direct"), callers(numbers["early"])
    for caller in (first, early):
        await caller.dial().wait_answered()
    await alice.ready()
    await serve_in_turn(alice, early, first)


# -- the last agent ---------------------------------------------------------------------------------------------


async def test_given_the_agent_who_served_the_caller_last_is_free_then_the_caller_is_asked_and_chooses(
    seats: Seats, callers: MakeCaller, lead: Api, stack: Stack
) -> None:
    bob: Seat = await seats(1)
    wants, declines = callers("direct"), callers("direct")
    for caller in (wants, declines):
        assert (await served(caller, [bob]))[0] is bob
        caller.dnis = stack["numbers"]["lastagent"]
        await call_of(lead, caller)  # is on record
    alice: Seat = await seats(0)
    await bob.not_ready()
    await bob.ready()

    async def asked(caller: Caller, key: str, seat: Seat) -> None:
        call = await caller.dial().wait_answered()
        await hears_prompts(call, "last-agent-offer", whole=False, within=3.0)
        await call.dtmf(key)
        phone = await seat.phone.ringing()
        assert phone.caller_id.endswith(caller.ani)
        await phone.answer()
        await asyncio.gather(call.hears(seat.tone), phone.hears(caller.tone))
        await call.hangup()

    # alice has been idle longer, and gets only who does not want bob
    await asyncio.gather(asked(wants, "1", bob), asked(declines, "2", alice))
    assert (await route_of(lead, wants))["strategy"] == "last_agent"
    assert (await route_of(lead, declines))["strategy"] == "longest_idle"


async def test_given_the_last_agent_is_busy_then_nobody_is_asked_and_the_next_one_serves(
    alice: Seat, bob: Seat, callers: MakeCaller, lead: Api, stack: Stack
) -> None:
    await bob.not_ready()
    caller = callers("direct")
    await served(caller, [alice])
    await call_of(lead, caller)  # is on record
    caller.dnis = stack["numbers"]["lastagent"]
    await alice.not_ready()
    await bob.ready()
    seat, call = await served(caller, [alice, bob])
    assert seat is bob
    assert "last-agent-offer" not in heard(call)


# -- what is heard ----------------------------------------------------------------------------------------------


async def test_given_callers_who_wait_then_each_hears_their_position_and_wait_and_then_music(
    numbers: dict[str, str], callers: MakeCaller, lead: Api
) -> None:
    waiting = [callers(numbers["announced"]) for _ in range(2)]
    calls = []
    for caller in waiting:
        calls.append(await caller.dial().wait_answered())
        await reaches(lead, caller, "CallQueued")
    for ahead, (caller, call) in enumerate(zip(waiting, calls, strict=True)):
        told = await reaches(lead, caller, "Announced")
        assert told["position"] == ahead + 1
        await hears_prompts(call, *spoken("zh", Position(ahead), Wait(round(told["expected_wait"]))))
    for call in calls:
        await call.hears_sound()  # the music is back
        await call.hangup()
    assert (await call_of(lead, waiting[0]))["outcome"] == "ABANDONED"


async def test_given_a_queue_that_tells_the_agents_number_then_the_caller_hears_it_as_the_talk_begins(
    alice: Seat, callers: MakeCaller, lead: Api
) -> None:
    caller = callers("menu")
    call = await caller.dial().wait_answered()
    await call.hears_sound()
    await call.dtmf("0")
    phone = await alice.phone.ringing()
    await phone.answer()
    await hears_prompts(call, *spoken("zh", Prompt("agent-number-is"), Digits(alice.agent), Prompt("agent-serves-you")))
    await asyncio.gather(call.hears(alice.tone), phone.hears(caller.tone))
    await call.hangup()


# -- ways out ---------------------------------------------------------------------------------------------------


async def test_given_a_waiting_caller_when_a_key_is_pressed_then_it_leads_to_the_menu_voicemail_or_a_callback(
    callers: MakeCaller, lead: Api, stack: Stack
) -> None:
    async def leaves_by(caller: Caller, key: str, *prompts: str) -> Dialog:
        call = await caller.dial().wait_answered()
        await call.hears_sound()
        await call.dtmf("1")
        await reaches(lead, caller, "CallQueued", queue="waiting")
        since = asyncio.get_running_loop().time()
        await call.dtmf(key)
        await hears_prompts(call, *prompts, since=since, whole=False)
        return call

    menu, message, callback = (callers("waiting") for _ in range(3))
    calls = await asyncio.gather(
        leaves_by(menu, "*", "menu-main"),
        leaves_by(message, "1", "voicemail-greeting"),
        leaves_by(callback, "2", "callback-promised"),
    )
    for call in calls:
        await call.hangup()
    records = [await call_of(lead, caller) for caller in (menu, message, callback)]
    for record, key in zip(records, "*12", strict=True):
        assert next(step["key"] for step in record["steps"] if step["step"] == "exit") == key
    assert [record["outcome"] for record in records] == ["ABANDONED", "ABANDONED", "CALLBACK"]
    facts = kinds(await timeline(lead, records[2]))
    assert in_order(facts, "CallQueued", "QueueLeft", "CallbackPromised", "CallEnded")
    with psycopg2.connect(stack["database_url"]) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select queue, source, state, language from calls_callbackentry where number = %s", (records[2]["number"],)
        )
        assert cursor.fetchall() == [("waiting", "asked", "WAITING", "zh")]
    connection.close()


async def test_given_a_caller_who_shows_no_number_when_a_callback_is_asked_for_then_a_message_is_taken(
    callers: MakeCaller,
) -> None:
    call = callers("callback").dial_raw("<sip:anonymous@anonymous.invalid>")
    await call.wait_answered()
    await hears_prompts(call, "voicemail-greeting", whole=False)
    await call.hangup()


async def test_given_rules_for_length_time_hours_and_nobody_then_callers_overflow_by_them(
    numbers: dict[str, str], callers: MakeCaller, lead: Api
) -> None:
    rules = {  # called number -> reason, target, what is heard
        "full": ("length", "queue:direct", None),
        "timeout": ("time", "voicemail:timeout", "voicemail-greeting"),
        "closed": ("hours", "flow:night", "welcome-closed"),
        numbers["nobody"]: ("nobody", "voicemail:direct", "voicemail-greeting"),
    }
    first = callers("full")
    await first.dial().wait_answered()

    async def overflows(caller: Caller, reason: str, target: str, prompt: str | None) -> None:
        call = await caller.dial().wait_answered()
        fact = await reaches(lead, caller, "CallOverflowed")
        assert (fact["reason"], fact["target"]) == (reason, target)
        if prompt:
            await hears_prompts(call, prompt, whole=False)
        else:
            assert (await reaches(lead, caller, "CallQueued"))["queue"] == "direct"
        await call.hangup()

    await asyncio.gather(*(overflows(callers(number), *rule) for number, rule in rules.items()))
    assert "CallOverflowed" not in kinds(await timeline(lead, await call_of(lead, first, ended=False)))


# -- agents who do not answer, and what comes after a call --------------------------------------------------------


async def test_given_an_agent_who_misses_calls_then_the_caller_keeps_the_place_and_the_agent_is_not_ready_with_a_reason(
    numbers: dict[str, str], alice: Seat, callers: MakeCaller, lead: Api
) -> None:
    first, second = callers(numbers["misses"]), callers(numbers["misses"])
    for caller in (first, second):
        await caller.dial().wait_answered()
        await reaches(lead, caller, "CallQueued")
    for _ in range(2):
        phone = await alice.phone.ringing()
        assert phone.caller_id.endswith(first.ani)
        await phone.wait_ended()
    seat = await alice.wait_state("NOT_READY")
    assert seat["reason"] == "missed_calls"
    await alice.ready()
    await serve_in_turn(alice, first, second)
    offers = (await call_of(lead, first))["offers"]
    assert [offer["result"] for offer in offers] == ["no_answer", "no_answer", "connected"]


async def test_given_a_phone_that_refuses_then_the_next_agent_serves_and_the_refusing_one_rests(
    alice: Seat, bob: Seat, carol: Caller, lead: Api
) -> None:
    alice.phone.policy = Policy.REJECT
    call = carol.dial()
    phone = await bob.phone.ringing()
    await phone.answer()
    await call.hears(bob.tone)
    assert (await alice.wait_state("NOT_READY"))["reason"] == "phone_busy"
    await call.hangup()
    assert [offer["result"] for offer in (await call_of(lead, carol))["offers"]] == ["refused", "connected"]


async def test_given_wrap_up_then_no_call_comes_until_it_is_done_or_its_time_is_over(
    numbers: dict[str, str], alice: Seat, callers: MakeCaller, lead: Api
) -> None:
    await served(callers(numbers["wrap-long"]), [alice])
    await alice.wait_state("WRAP_UP")
    waits = callers("direct")
    call = await waits.dial().wait_answered()
    await reaches(lead, waits, "CallQueued")
    assert (await alice.state()) == "WRAP_UP"
    await alice.ready()
    phone = await alice.phone.ringing()
    await phone.answer()
    await call.hangup()
    await served(callers(numbers["wrap-short"]), [alice])
    await alice.wait_state("READY")
    spans = await lead.get("/api/feed/", since=max(0, (await route_of(lead, waits))["seq"] - 1))
    states = [f["state"] for f in spans["facts"] if f["type"] == "AgentChanged" and f["agent"] == alice.agent]
    assert re.search("TALKING WRAP_UP READY$", " ".join(states)), states
