"""The blacklist, before the core: who is on it is refused unanswered, whatever else works, and nobody else ever is."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy import stack as stacks
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.ledger import Ledger, until
from tests.phones import Caller, Dialog, Policy
from tests.phones.seat import Api, Seat

REFUSED = 403
PATIENCE = 40.0  # seconds for a change to have its effect


class Blacklist:
    """Entries of a test."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def add(self, number: str, seconds: float | None = None, active: bool = True) -> None:
        self.ledger.rows(
            "INSERT INTO calls_blacklistentry (number, reason, active, until, created_at) "
            "VALUES (%s, 'test', %s, now() + %s * interval '1 second', now())",
            number,
            active,
            seconds,
        )

    def change(self, what: str) -> None:
        self.ledger.rows(f"UPDATE calls_blacklistentry SET {what} WHERE reason = 'test'")

    def clear(self) -> None:
        self.ledger.rows("DELETE FROM calls_blacklistentry WHERE reason = 'test'")


@pytest.fixture
async def blacklist(ledger: Ledger) -> AsyncIterator[Blacklist]:
    made = Blacklist(ledger)
    made.clear()
    yield made
    made.clear()


@pytest.fixture
async def alice(alice: Seat) -> Seat:
    """Answers whoever comes."""
    alice.phone.policy = Policy.ANSWER
    return alice


async def verdict(caller: Caller) -> int:
    """The final status of one call of theirs; a call that is answered is hung up."""
    call = caller.dial()
    await call.until(lambda: call.status is not None, 20, "an answer or a refusal")
    if not call.ended:
        await call.hangup()
    assert call.status is not None
    return call.status


async def becomes(caller: Caller, status: int) -> None:
    began = time.monotonic()
    while (found := await verdict(caller)) != status:
        assert time.monotonic() - began < PATIENCE, f"{found} is still what {caller.ani} gets"


async def served(call: Dialog, alice: Seat) -> None:
    await call.wait_answered()
    await call.hears(alice.tone)
    await call.hangup()


async def test_given_a_number_on_the_blacklist_then_it_is_refused_unanswered_and_only_that_is_on_record(
    stack: Stack, alice: Seat, callers: MakeCaller, ledger: Ledger, blacklist: Blacklist, lead: Api
) -> None:
    pid = stacks.status(Path(stack["state"]))["parts"]["agi"]["pid"]
    blacklist.add("+8613611110001")
    blacklist.add("+8613611110002")
    await becomes(callers("direct", ani="13611110001"), REFUSED)
    ((began,),) = ledger.rows("SELECT now()")
    for form in ("13611110002", "+8613611110002", "008613611110002"):
        call = callers("direct", ani=form).dial()
        await call.wait_ended()
        assert (call.status, call.answered, call.ringing_at, call.ended_by) == (REFUSED, False, None, "them"), form
    honest = callers("direct", ani="13611110003")
    await served(honest.dial(), alice)
    assert not [ringing for ringing in alice.phone.dialogs if "13611110002" in ringing.caller_id]

    refused = "SELECT dnis, trunk, reason FROM calls_refusedcall WHERE at > %s"
    await until(lambda: len(ledger.rows(refused, began)) >= 3, 30, "the refused calls are on record")
    assert ledger.rows(refused, began) == [(honest.dnis, "demo", "blacklist")] * 3
    page = await lead.get("/api/calls/", number="13611110002")
    assert [call["outcome"] for call in page["results"][:3]] == ["BLOCKED"] * 3
    # the core, which hears of everything that comes into Stasis, knows of the honest caller alone
    started = {data["ani"][-11:] for _, _, data in ledger.facts("CallStarted")}
    assert "13611110003" in started
    assert "13611110002" not in started
    # no restart was needed for any of it
    assert stacks.status(Path(stack["state"]))["parts"]["agi"]["pid"] == pid


async def test_given_an_entry_when_it_is_changed_then_the_next_seconds_calls_are_judged_by_it(
    alice: Seat, callers: MakeCaller, blacklist: Blacklist
) -> None:
    caller, other = callers("direct", ani="13611110003"), callers("direct", ani="13611110004")
    assert await verdict(caller) == 200
    blacklist.add("+8613611110003")
    await becomes(caller, REFUSED)
    assert await verdict(other) == 200
    blacklist.change("active = false")
    await becomes(caller, 200)
    blacklist.change("active = true, until = now() + interval '15 seconds'")
    await becomes(caller, REFUSED)
    await becomes(caller, 200)  # its time is over, nothing was changed
    blacklist.change("until = now() - interval '1 day'")
    blacklist.add("+8613611110004")
    await becomes(other, REFUSED)
    assert await verdict(caller) == 200
    blacklist.clear()
    await becomes(other, 200)


async def test_given_the_agi_server_away_then_calls_pass_unscreened_and_are_served_and_are_screened_when_it_is_back(
    stack: Stack, alice: Seat, callers: MakeCaller, blacklist: Blacklist
) -> None:
    state = Path(stack["state"])
    blacklist.add("+8613611110005")
    caller = callers("direct", ani="13611110005")
    await becomes(caller, REFUSED)
    stacks.stop(state, "agi")
    try:
        call = await caller.dial().wait_answered()
        await served(call, alice)
        await served(callers("direct").dial(), alice)
    finally:
        stacks.start(state, "agi")
    assert await verdict(caller) == REFUSED


async def test_given_the_agi_server_killed_in_mid_traffic_then_every_call_is_answered(
    stack: Stack, alice: Seat, callers: MakeCaller
) -> None:
    state = Path(stack["state"])
    await alice.not_ready()
    cast = [callers("direct", media=False) for _ in range(24)]
    calls = [caller.dial() for caller in cast[:8]]
    killed = stacks.kill(state, "agi", signal.SIGKILL)
    calls += [caller.dial() for caller in cast[8:16]]
    await asyncio.gather(*(call.wait_answered() for call in calls))
    await asyncio.to_thread(stacks.wait_up, state, "agi", killed)
    calls += [caller.dial() for caller in cast[16:]]
    await asyncio.gather(*(call.wait_answered() for call in calls))
    await asyncio.gather(*(call.hangup() for call in calls))


async def test_given_a_storm_of_refused_calls_then_an_honest_caller_is_answered(
    alice: Seat, callers: MakeCaller, blacklist: Blacklist
) -> None:
    blacklist.add("+8613611110006")
    nuisance = callers("direct", ani="13611110006", media=False)
    await becomes(nuisance, REFUSED)
    storm = [nuisance.dial() for _ in range(60)]
    call = await callers("direct").dial().wait_answered()
    await asyncio.gather(*(refused.wait_ended() for refused in storm))
    assert {refused.status for refused in storm} == {REFUSED}
    await served(call, alice)
