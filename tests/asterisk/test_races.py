"""Things that happen at the same moment, many times over, on many seats at once.

After each: one outcome for every call, agents are what they were, phones are silent; no channel is left (the fixture's).
A customer who loses whom they talked to is never stranded: they talk, or they ring somebody.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger, until
from tests.phones import Dialog
from tests.phones.seat import Refused, Seat

MakeSeat = Callable[..., Awaitable[Seat]]
Act = Callable[[], object]

TEAM = 8
ROUNDS = 5
REQUEST = (0, 8, 16, 24, 32, 40)  # ms from a request over REST to what crosses it: the core has it after 10 to 30
OFFSETS = (-12, -4, -1, 0, 0, 1, 4, 12)  # ms from the first event to the second, one for each seat
PAIRS = 4


@pytest.fixture
async def team(seats: MakeSeat) -> list[Seat]:
    """Eight ready agents."""
    return await asyncio.gather(*(seats(place, media=False) for place in range(TEAM)))


@pytest.fixture
async def pairs(seats: MakeSeat) -> list[tuple[Seat, Seat]]:
    """Four ready agents, and for each a colleague whom no caller reaches but through them."""
    both = await asyncio.gather(*(seats(place, ready=place < PAIRS, media=False) for place in range(2 * PAIRS)))
    return list(zip(both[:PAIRS], both[PAIRS:], strict=True))


async def crossing(first: Act, second: Act, ms: float) -> None:
    """Do both, `second` so many milliseconds after `first`; before it when negative."""
    loop = asyncio.get_running_loop()
    if ms < 0:
        first, second, ms = second, first, -ms
    done: asyncio.Future[None] = loop.create_future()

    def at_last() -> None:
        second()
        done.set_result(None)

    first()
    loop.call_later(ms / 1000, at_last)
    await done


async def over(dialogs: list[Dialog]) -> None:
    await asyncio.gather(*(dialog.wait_ended() for dialog in dialogs))


async def free(team: list[Seat], state: str = "READY") -> None:
    """All are in this state, and no phone of theirs rings or talks."""
    await asyncio.gather(*(seat.wait_state(state) for seat in team))
    phones = [seat.phone for seat in team]  # one may still be told to ring, and at once not to
    await until(lambda: all(dialog.ended for phone in phones for dialog in phone.dialogs), 20, f"all is over: {phones}")
    for phone in phones:
        phone.missed()


async def ringing(team: list[Seat], calls: list[Dialog]) -> list[tuple[Dialog, Dialog]]:
    """Each call with the phone that rings for it."""
    phones = await asyncio.gather(*(seat.phone.ringing() for seat in team))
    by_number = {call.ua.user[-8:]: call for call in calls}
    return [(by_number[phone.caller_id[-8:]], phone) for phone in phones]


class Talk(NamedTuple):
    sender: Seat
    colleague: Seat
    call: Dialog  # the customer's end
    phone: Dialog  # the sender's


async def talks(pairs: list[tuple[Seat, Seat]], callers: MakeCaller) -> list[Talk]:
    """Each sender talks with a customer."""
    found = await ringing([sender for sender, _ in pairs], [callers("direct", media=False).dial() for _ in pairs])
    await asyncio.gather(*(phone.answer() for _, phone in found))
    await asyncio.gather(*(sender.wait_state("TALKING") for sender, _ in pairs))
    return [Talk(*pair, *dialogs) for pair, dialogs in zip(pairs, found, strict=True)]


async def together(request: Awaitable[Any], act: Act, ms: float) -> None:
    """A request, and `act` so many milliseconds after it was sent. That it came too late and is refused is all right."""

    async def ask() -> None:
        try:
            await request
        except Refused as refused:
            assert refused.status == 409, refused

    asked: list[asyncio.Task[None]] = []
    await crossing(lambda: asked.append(asyncio.create_task(ask())), act, ms)
    await asyncio.gather(*asked)


# -- the caller hangs up ---------------------------------------------------------------------------------------------


async def test_given_phones_ring_when_the_callers_hang_up_then_all_agents_are_free_again(
    team: list[Seat], callers: MakeCaller, ledger: Ledger
) -> None:
    cast = [callers("direct", media=False) for _ in team]
    for _ in range(ROUNDS):
        pairs = await ringing(team, [caller.dial() for caller in cast])
        await asyncio.gather(*(call.hangup() for call, _ in pairs))
        await over([phone for _, phone in pairs])
        assert all((phone.status, phone.ended_by) == (487, "them") for _, phone in pairs)
    assert await ledger.outcomes(TEAM * ROUNDS) == {"ABANDONED": TEAM * ROUNDS}
    await free(team)


async def test_given_a_phone_rings_when_caller_hangs_up_and_agent_answers_at_once_then_the_call_has_one_end(
    team: list[Seat], callers: MakeCaller, ledger: Ledger
) -> None:
    cast = [callers("direct", media=False) for _ in team]
    for turn in range(ROUNDS * 2):
        pairs = await ringing(team, [caller.dial() for caller in cast])
        offsets = OFFSETS[turn % TEAM :] + OFFSETS[: turn % TEAM]
        await asyncio.gather(
            *(crossing(call.hangup_now, phone.answer_now, ms) for (call, phone), ms in zip(pairs, offsets, strict=True))
        )
        await over([dialog for pair in pairs for dialog in pair])
    outcomes = await ledger.outcomes(TEAM * ROUNDS * 2)
    assert set(outcomes) == {"ABANDONED", "ANSWERED"}, f"one order never happened: {outcomes}"
    await free(team)


async def test_given_a_phone_whose_answer_crosses_the_cancel_then_it_is_let_go_and_rings_for_the_next_caller(
    team: list[Seat], callers: MakeCaller, ledger: Ledger
) -> None:
    for seat in team:
        seat.phone.answer_on_cancel = True
    cast = [callers("direct", media=False) for _ in team]
    for _ in range(ROUNDS):
        pairs = await ringing(team, [caller.dial() for caller in cast])
        for call, _ in pairs:
            call.hangup_now()
        await over([dialog for pair in pairs for dialog in pair])
        assert all((phone.status, phone.ended_by) == (200, "them") for _, phone in pairs)
    assert await ledger.outcomes(TEAM * ROUNDS) == {"ABANDONED": TEAM * ROUNDS}
    await free(team)


async def test_given_a_caller_whose_cancel_crosses_our_answer_then_nothing_goes_on_ringing(
    team: list[Seat], callers: MakeCaller, ledger: Ledger
) -> None:
    cast = [callers("direct", media=False) for _ in team]
    for caller in cast:
        caller.cancel_on_answer = True
    for _ in range(ROUNDS):
        calls = [caller.dial() for caller in cast]
        await over(calls)
        await over([dialog for seat in team for dialog in seat.phone.dialogs])
    assert await ledger.outcomes(TEAM * ROUNDS) == {"ABANDONED": TEAM * ROUNDS}
    await free(team)


async def test_given_a_caller_who_gives_up_at_any_moment_of_the_first_50_ms_then_nothing_goes_on_ringing(
    team: list[Seat], callers: MakeCaller, ledger: Ledger
) -> None:
    cast = [callers("direct", media=False) for _ in team]
    moments = [50 * n / (TEAM * ROUNDS) for n in range(TEAM * ROUNDS)]
    for turn in range(ROUNDS):
        await asyncio.gather(
            *(
                crossing(caller.dial, lambda c=caller: c.dialogs[-1].hangup_now(), ms)  # type: ignore[misc]
                for caller, ms in zip(cast, moments[turn::ROUNDS], strict=True)
            )
        )
        await over([caller.dialogs[-1] for caller in cast])
    await free(team)
    await ledger.all_written()
    started = len(ledger.facts("CallStarted"))  # who gave up before we knew of them is nobody's call
    assert 0 < started <= TEAM * ROUNDS
    assert await ledger.outcomes(started) == {"ABANDONED": started}


# -- agents and their phones -----------------------------------------------------------------------------------------


async def test_given_all_phones_ring_for_one_caller_when_all_answer_at_once_then_one_has_the_call_and_the_others_are_free(
    team: list[Seat], callers: MakeCaller, ledger: Ledger
) -> None:
    caller = callers("ringall", media=False)
    for _ in range(ROUNDS):
        call = caller.dial()
        phones = await asyncio.gather(*(seat.phone.ringing() for seat in team))
        for phone in phones:
            phone.answer_now()
        await until(lambda phones=phones: sum(not phone.ended for phone in phones) == 1, 20, "one phone has the call")  # type: ignore[misc]
        (winner,) = [seat for seat, phone in zip(team, phones, strict=True) if not phone.ended]
        await winner.wait_state("TALKING")
        await asyncio.gather(*(seat.wait_state("READY") for seat in team if seat is not winner))
        await call.hangup()
        await over(list(phones))
    assert await ledger.outcomes(ROUNDS) == {"ANSWERED": ROUNDS}
    await free(team)


async def test_given_a_phone_rings_when_agent_refuses_and_caller_hangs_up_at_once_then_the_call_has_one_end(
    team: list[Seat], callers: MakeCaller, ledger: Ledger
) -> None:
    cast = [callers("direct", media=False) for _ in team]
    pairs = await ringing(team, [caller.dial() for caller in cast])
    await asyncio.gather(*(crossing(call.hangup_now, phone.refuse, ms) for (call, phone), ms in zip(pairs, OFFSETS, strict=True)))
    await over([dialog for pair in pairs for dialog in pair])
    assert await ledger.outcomes(TEAM) == {"ABANDONED": TEAM}
    await asyncio.gather(*(seat.ready() for seat in team))  # who was first to refuse rests for a while
    await free(team)


# -- hold, transfer, consultation: the customer hangs up -------------------------------------------------------------


async def every(pairs: list[tuple[Seat, Seat]], callers: MakeCaller, do: Callable[[Talk, float], Awaitable[None]]) -> int:
    """Three times for each pair, with a moment of its own; how many calls that were. Senders and colleagues end as before."""
    turns = 3
    for turn in range(turns):
        found = await talks(pairs, callers)
        await asyncio.gather(*(do(talk, REQUEST[(turn + 2 * place) % len(REQUEST)]) for place, talk in enumerate(found)))
        await over([dialog for talk in found for dialog in (talk.call, talk.phone)])
        await free([sender for sender, _ in pairs])
        await free([colleague for _, colleague in pairs], "NOT_READY")
    return turns * len(pairs)


async def test_given_a_call_on_hold_when_the_customer_hangs_up_then_the_agent_is_free(
    pairs: list[tuple[Seat, Seat]], callers: MakeCaller, ledger: Ledger
) -> None:
    async def on_hold(talk: Talk, ms: float) -> None:
        await talk.sender.do("hold")
        await talk.call.hangup()

    async def as_it_is_held(talk: Talk, ms: float) -> None:
        await together(talk.sender.do("hold"), talk.call.hangup_now, ms)

    async def as_it_is_resumed(talk: Talk, ms: float) -> None:
        await talk.sender.do("hold")
        await together(talk.sender.do("resume"), talk.call.hangup_now, ms)

    calls = 0
    for moment in (on_hold, as_it_is_held, as_it_is_resumed):
        calls += await every(pairs, callers, moment)
    assert await ledger.outcomes(calls) == {"ANSWERED": calls}


async def test_given_a_blind_transfer_when_the_customer_hangs_up_at_any_moment_of_it_then_both_agents_are_free(
    pairs: list[tuple[Seat, Seat]], callers: MakeCaller, ledger: Ledger
) -> None:
    async def as_it_is_sent(talk: Talk, ms: float) -> None:
        await together(talk.sender.do("transfer", to="agent", agent=talk.colleague.agent), talk.call.hangup_now, ms)

    async def as_the_target_rings(talk: Talk, ms: float) -> None:
        await talk.sender.do("transfer", to="agent", agent=talk.colleague.agent)
        await talk.colleague.phone.ringing()
        await talk.call.hangup()

    async def as_the_target_answers(talk: Talk, ms: float) -> None:
        await talk.sender.do("transfer", to="agent", agent=talk.colleague.agent)
        target = await talk.colleague.phone.ringing()
        await crossing(talk.call.hangup_now, target.answer_now, ms / 4 - 5)

    calls = 0
    for moment in (as_it_is_sent, as_the_target_rings, as_the_target_answers):
        calls += await every(pairs, callers, moment)
    assert await ledger.outcomes(calls) == {"ANSWERED": calls}


async def test_given_a_consultation_when_the_customer_hangs_up_at_any_moment_of_it_then_both_agents_are_free(
    pairs: list[tuple[Seat, Seat]], callers: MakeCaller, ledger: Ledger
) -> None:
    async def consulted(talk: Talk) -> Dialog:
        await talk.sender.do("consult", to="agent", agent=talk.colleague.agent)
        return await talk.colleague.phone.ringing()

    async def as_it_begins(talk: Talk, ms: float) -> None:
        await together(talk.sender.do("consult", to="agent", agent=talk.colleague.agent), talk.call.hangup_now, ms)

    async def as_the_colleague_answers(talk: Talk, ms: float) -> None:
        target = await consulted(talk)
        await crossing(talk.call.hangup_now, target.answer_now, ms / 4 - 5)

    async def as_they_talk(talk: Talk, ms: float) -> None:
        await (await consulted(talk)).answer()
        await talk.call.hangup()

    async def as_it_is_completed(talk: Talk, ms: float) -> None:
        await (await consulted(talk)).answer()
        await together(talk.sender.do("complete"), talk.call.hangup_now, ms)

    async def as_all_are_joined(talk: Talk, ms: float) -> None:
        target = await consulted(talk)
        await target.answer()
        await together(talk.sender.do("join-all"), talk.call.hangup_now, ms)
        # what is left is a call of the two agents, or nothing
        if not talk.phone.ended:
            talk.phone.hangup_now()
        await target.wait_ended()

    calls = 0
    for moment in (as_it_begins, as_the_colleague_answers, as_they_talk, as_it_is_completed, as_all_are_joined):
        calls += await every(pairs, callers, moment)
    assert await ledger.outcomes(calls) == {"ANSWERED": calls}


# -- hold, transfer, consultation: the agent hangs up ----------------------------------------------------------------


async def test_given_a_transfer_when_the_sender_puts_the_phone_down_at_once_then_the_customer_rings_the_target_or_all_is_over(
    pairs: list[tuple[Seat, Seat]], callers: MakeCaller, ledger: Ledger
) -> None:
    async def once(talk: Talk, ms: float) -> None:
        await together(talk.sender.do("transfer", to="agent", agent=talk.colleague.agent), talk.phone.hangup_now, ms)
        phones = talk.colleague.phone.dialogs
        await until(lambda: talk.call.ended or any(not phone.ended for phone in phones), 20, "the target rings, or all is over")
        if not talk.call.ended:
            target = await talk.colleague.phone.ringing()
            await target.answer()
            await talk.call.hangup()

    calls = await every(pairs, callers, once)
    assert await ledger.outcomes(calls) == {"ANSWERED": calls}


async def test_given_a_consultation_when_the_agent_hangs_up_as_the_colleague_answers_then_customer_and_colleague_talk(
    pairs: list[tuple[Seat, Seat]], callers: MakeCaller, ledger: Ledger
) -> None:
    async def once(talk: Talk, ms: float) -> None:
        await talk.sender.do("consult", to="agent", agent=talk.colleague.agent)
        target = await talk.colleague.phone.ringing()
        await crossing(talk.phone.hangup_now, target.answer_now, ms / 4 - 5)
        await talk.colleague.wait_state("TALKING")
        await talk.sender.wait_state("READY")
        assert not talk.call.ended
        assert not target.ended
        await talk.call.hangup()

    calls = await every(pairs, callers, once)
    assert await ledger.outcomes(calls) == {"ANSWERED": calls}
