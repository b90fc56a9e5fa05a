"""Whoever a customer was promised cannot be had: the customer is never stranded, but comes back to the agent or the queue."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.ledger import Ledger, until
from tests.phones import Caller, Dialog, Phone, Policy
from tests.phones.seat import Ari, Refused, Seat

MakeSeat = Callable[..., Awaitable[Seat]]
Target = tuple[Caller | Seat, dict[str, str]]


async def ringing_for(team: list[Seat], calls: list[Dialog]) -> list[tuple[Dialog, Dialog]]:
    """Each call with the phone of the team that rings for it."""
    phones = await asyncio.gather(*(seat.phone.ringing() for seat in team))
    by_number = {call.ua.user[-8:]: call for call in calls}
    return [(by_number[phone.caller_id[-8:]], phone) for phone in phones]


async def silent(*parties: Caller | Phone) -> None:
    """None of them rings or talks."""
    await asyncio.gather(*(dialog.wait_ended() for party in parties for dialog in party.dialogs))


# -- a target that cannot be had -------------------------------------------------------------------------------------


def on_the_line(party: Caller | Seat) -> Caller | Phone:
    return party.phone if isinstance(party, Seat) else party


def busy(party: Caller | Phone) -> None:
    party.policy = Policy.BUSY


def declines(party: Caller | Phone) -> None:
    party.policy = Policy.REJECT


def rings_for_ever(party: Caller | Phone) -> None:
    party.policy = Policy.RING


def unplugged(party: Caller | Phone) -> None:
    party.unplug()


@pytest.fixture(params=["agent", "number"])
async def target(request: pytest.FixtureRequest, seats: MakeSeat, pstn: Caller) -> Target:
    """A colleague who is not ready, or a number over the trunk: the party, and what to ask for."""
    if request.param == "number":
        return pstn, {"to": "number", "number": "13812345678"}
    bob = await seats(1, ready=False)
    return bob, {"to": "agent", "agent": bob.agent}


@pytest.mark.parametrize("cannot_be_had", [busy, declines, rings_for_ever, unplugged])
async def test_given_a_target_that_cannot_be_had_when_consulted_or_transferred_to_then_the_customer_is_back_with_the_agent(
    target: Target, alice: Seat, callers: MakeCaller, ledger: Ledger, cannot_be_had: Callable[[Caller | Phone], None]
) -> None:
    party, asked = target
    await ledger.dials(1.5)
    cannot_be_had(on_the_line(party))
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)

    await alice.do("consult", **asked)
    await until(lambda: ledger.facts("ConsultEnded"), 20, "the consultation is over")
    await asyncio.gather(call.hears(alice.tone), phone.hears(caller.tone))

    await alice.do("transfer", **asked)
    await phone.wait_ended()
    again = await alice.phone.ringing()
    assert again.caller_id.endswith(caller.ani)
    await again.answer()
    await asyncio.gather(call.hears(alice.tone), again.hears(caller.tone))

    await call.hangup()
    assert await ledger.outcomes(1) == {"ANSWERED": 1}
    await alice.wait_state("READY")
    if cannot_be_had is unplugged:  # what it was asked meanwhile comes again, and is taken back
        on_the_line(party).replug()
        for _ in range(2):
            await (await on_the_line(party).ringing(40)).wait_ended()
    await silent(on_the_line(party))


@pytest.mark.parametrize("status", [404, 480, 500, 503])
async def test_given_a_number_the_network_does_not_know_when_transferred_to_then_the_customer_is_back_with_the_agent(
    alice: Seat, pstn: Caller, callers: MakeCaller, ledger: Ledger, status: int
) -> None:
    call, phone = await alice.talks_with(callers("direct"))
    await alice.do("transfer", to="number", number="13812345678")
    (await pstn.ringing()).refuse(status, "No")
    again = await alice.phone.ringing()
    await again.answer()
    await call.hears(alice.tone)
    await again.hangup()  # the agent's end is the call's end, as with any other
    await call.wait_ended()
    await phone.wait_ended()
    assert await ledger.outcomes(1) == {"ANSWERED": 1}


async def test_given_a_transfer_that_fails_when_the_sender_is_gone_then_the_queue_finds_another_agent(
    alice: Seat, seats: MakeSeat, callers: MakeCaller, ledger: Ledger
) -> None:
    bob, charlie = await seats(1, ready=False), await seats(2, ready=False)
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    await alice.do("transfer", to="agent", agent=bob.agent)
    target = await bob.phone.ringing()
    await phone.wait_ended()
    await alice.not_ready()
    target.refuse(486, "Busy Here")
    await until(lambda: ledger.facts("TransferFailed"), 20, "the transfer has failed")
    assert not call.ended
    await charlie.ready()
    again = await charlie.phone.ringing()
    assert again.caller_id.endswith(caller.ani)
    await again.answer()
    await asyncio.gather(call.hears(charlie.tone), again.hears(caller.tone))
    await call.hangup()
    assert await ledger.outcomes(1) == {"ANSWERED": 1}
    await silent(*(seat.phone for seat in (alice, bob, charlie)))


async def test_given_a_target_that_cannot_be_a_target_when_asked_for_then_409_and_the_talk_goes_on(
    alice: Seat, callers: MakeCaller, logins: list[dict[str, Any]]
) -> None:
    caller = callers("direct")
    call, phone = await alice.talks_with(caller)
    nobody = logins[20]["extension"]  # signed out
    wrong: list[tuple[str, dict[str, str], str]] = [
        ("transfer", {"to": "agent", "agent": "9999"}, "unknown_target"),
        ("transfer", {"to": "agent", "agent": alice.agent}, "unknown_target"),
        ("transfer", {"to": "agent", "agent": nobody}, "target_signed_out"),
        ("transfer", {"to": "queue", "queue": "nowhere"}, "unknown_target"),
        ("transfer", {"to": "flow", "flow": "nowhere"}, "unknown_target"),
        ("consult", {"to": "agent", "agent": "9999"}, "unknown_target"),
        ("consult", {"to": "agent", "agent": nobody}, "target_signed_out"),
    ]
    for action, asked, reason in wrong:
        with pytest.raises(Refused) as refused:
            await alice.do(action, **asked)
        assert (refused.value.status, refused.value.body["reason"]) == (409, reason)
    await asyncio.gather(call.hears(alice.tone), phone.hears(caller.tone))
    await call.hangup()


# -- a phone that is lost --------------------------------------------------------------------------------------------


async def test_given_phones_that_ring_for_ever_then_the_next_is_rung_and_after_two_misses_an_agent_is_taken_out(
    seats: MakeSeat, callers: MakeCaller, ledger: Ledger
) -> None:
    await ledger.rings("direct", 4)
    alice, bob, charlie = [await seats(place, media=False) for place in range(3)]
    call = callers("direct", media=False).dial()
    dead = await alice.phone.ringing(), await bob.phone.ringing()
    await (await charlie.phone.ringing()).answer()
    await asyncio.gather(*(phone.wait_ended() for phone in dead))
    assert [phone.status for phone in dead] == [487, 487]
    waiting = callers("direct", media=False).dial()
    for seat in (alice, bob):
        await (await seat.phone.ringing()).wait_ended()
    for seat in (alice, bob):
        assert (await seat.wait_state("NOT_READY"))["reason"] == "missed_calls"
    await call.hangup()
    await (await charlie.phone.ringing()).answer()
    await waiting.hangup()
    assert await ledger.outcomes(2) == {"ANSWERED": 2}
    offers = [(agent, data["reason"]) for _, agent, data in ledger.facts("OfferEnded")]
    assert offers == [(seat.agent, "no_answer") for seat in (alice, bob, alice, bob)]
    await alice.ready()
    await alice.wait_state("READY")
    await silent(*(seat.phone for seat in (alice, bob, charlie)))


async def test_given_phones_unplugged_while_they_ring_then_the_callers_go_on_to_the_next_and_the_phones_serve_again_when_back(
    seats: MakeSeat, callers: MakeCaller, ledger: Ledger
) -> None:
    await ledger.rings("direct", 4)
    team: list[Seat] = [await seats(place) for place in range(4)]
    lost, others = team[:2], team[2:]
    calls = [callers("direct").dial() for _ in lost]
    dead = await asyncio.gather(*(seat.phone.ringing() for seat in lost))
    for seat in lost:
        seat.phone.unplug()
    served = await ringing_for(others, calls)
    await asyncio.gather(*(phone.answer() for _, phone in served))
    await asyncio.gather(*(call.hears(phone.ua.tone) for call, phone in served))
    for seat in lost:
        seat.phone.replug()
    await asyncio.gather(*(phone.wait_ended() for phone in dead))  # the CANCEL comes again until they hear it
    new = await ringing_for(lost, [callers("direct").dial() for _ in lost])
    await asyncio.gather(*(call.hangup() for call in [*calls, *(call for call, _ in new)]))
    assert await ledger.outcomes(4) == {"ANSWERED": 2, "ABANDONED": 2}
    await asyncio.gather(*(seat.wait_state("READY") for seat in team))
    await silent(*(seat.phone for seat in team))


@pytest.mark.parametrize("number", ["direct", "byskill"])
async def test_given_phones_unplugged_in_a_call_then_the_customers_are_served_by_others_at_once(
    stack: Stack, seats: MakeSeat, callers: MakeCaller, ledger: Ledger, number: str
) -> None:
    team: list[Seat] = [await seats(place) for place in range(4)]
    ari = Ari(stack)
    await asyncio.gather(*(ari.silence_noticed(seat.agent, 3) for seat in team))  # 20 s, which a test need not wait for
    try:
        calls = [callers(number).dial() for _ in range(2)]
        lost = await asyncio.gather(*(anyone(team, call) for call in calls))
    finally:
        await asyncio.gather(*(ari.silence_noticed(seat.agent, 20) for seat in team))  # for the calls to come
    others = [seat for seat in team if seat not in lost]
    for seat in lost:
        seat.phone.unplug()
    served = await ringing_for(others, calls)
    await asyncio.gather(*(phone.answer() for _, phone in served))
    await asyncio.gather(*(call.hears(phone.ua.tone) for call, phone in served))
    for seat in lost:
        seat.phone.replug()
    await asyncio.gather(*(call.hangup() for call in calls))
    assert await ledger.outcomes(2) == {"ANSWERED": 2}
    assert {data["reason"] for _, _, data in ledger.facts("CallRequeued")} == {"agent_lost"}
    await asyncio.gather(*(seat.ready() for seat in team))
    await asyncio.gather(*(seat.wait_state("READY") for seat in team))


async def anyone(team: list[Seat], call: Dialog) -> Seat:
    """Whoever's phone rings for the call; they answer, and both hear each other."""
    number = call.ua.user[-8:]

    def found() -> list[tuple[Seat, Dialog]]:
        phones = [(seat, phone) for seat in team for phone in seat.phone.dialogs if not phone.ended]
        return [(seat, phone) for seat, phone in phones if phone.caller_id.endswith(number)]

    talk: list[tuple[Seat, Dialog]] = await until(found, 20, "a phone rings")
    seat, phone = talk[0]
    seat.phone.missed()
    await phone.answer()
    await asyncio.gather(call.hears(seat.tone), phone.hears(call.ua.tone))
    return seat
