"""Parts die under load, and no caller notices more than must be: the promises of README, with kill -9 and real SIP."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy import stack as stacks
from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.ledger import Ledger, until
from tests.asterisk.record import call_of
from tests.phones import Caller, Policy
from tests.phones.seat import Api, Seat
from tests.phones.sipp import Agents, Callers

TALKING, WAITING, TEAM = 20, 5, 12


@asynccontextmanager
async def signed_in(stack: Stack, logins: list[dict[str, Any]]) -> AsyncIterator[None]:
    """Agents whose phones are played by SIPp, ready."""
    async with AsyncExitStack() as team:
        for login in logins:
            api = await team.enter_async_context(Api(stack, login))
            await api.post("/api/seat/sign-in/", {"phone": "desk", "ready": True})
            team.push_async_callback(api.post, "/api/seat/sign-out/")
            await api.wait_for("/api/seat/", lambda seat: seat["state"] == "READY", 30)
        yield


def state_of(stack: Stack) -> Path:
    return Path(stack["state"])


async def kill(stack: Stack, part: str) -> None:
    """kill -9, and wait until the supervisor has the part healthy again."""
    old = stacks.kill(state_of(stack), part, signal.SIGKILL)
    await asyncio.to_thread(stacks.wait_up, state_of(stack), part, old)


async def test_given_cti_killed_under_load_then_no_talk_is_cut_and_waiting_callers_keep_their_order(
    stack: Stack, seats: Callable[..., Any], callers: MakeCaller
) -> None:
    agents: list[Seat] = [await seats(n, policy=Policy.ANSWER) for n in range(TALKING)]
    talks = [callers("direct").dial() for _ in range(TALKING)]
    await asyncio.gather(*(call.wait_answered(15) for call in talks))
    await asyncio.gather(*(agent.phone.ringing(15) for agent in agents))  # these are over when a phone rings again
    await asyncio.gather(*(agent.wait_state("TALKING", 30) for agent in agents))
    queue = [callers("direct") for _ in range(WAITING)]
    waiting = []
    for caller in queue:
        call = caller.dial()
        await call.wait_answered()
        waiting.append(call)
    since = asyncio.get_running_loop().time()

    await kill(stack, "cti")

    await agents[0].do("not-ready", reason="break")  # after this call no new one comes by itself
    assert not any(call.ended for call in talks + waiting)
    gaps = [call.media.worst_gap(since) for call in talks]
    assert max(gaps) < 3000, f"audio stood still for {max(gaps):.0f} ms"
    # free one agent after the other: who waited longest is served first
    served = []
    for n in range(WAITING):
        agent = agents[n + 1]
        agent.phone.policy = Policy.RING
        await agent.do("hang-up")
        phone = await agent.phone.ringing(15)
        served.append(phone.caller_id[-11:])
        await phone.answer()
    assert served == [caller.ani[-11:] for caller in queue]
    for call in talks + waiting:
        if not call.ended:
            await call.hangup()


async def test_given_cti_killed_while_a_customer_is_on_hold_then_the_music_goes_on_until_the_agent_is_back(
    stack: Stack, alice: Seat, carol: Caller
) -> None:
    call, phone = await alice.talks_with(carol)
    await alice.do("hold")
    await call.hears_not(alice.tone)
    await kill(stack, "cti")
    await call.hears_sound()
    await alice.do("resume")
    await asyncio.gather(call.hears(alice.tone), phone.hears(carol.tone))
    await call.hangup()


async def test_given_asterisk_killed_then_calls_end_with_a_cause_that_says_so_and_new_calls_work(
    stack: Stack, alice: Seat, bob: Seat, callers: MakeCaller, lead: Api
) -> None:
    await bob.not_ready()
    first = callers("direct")
    call = first.dial()
    phone = await alice.phone.ringing()
    await phone.answer()
    await call.hears(alice.tone)
    waiter = callers("direct")
    wait = waiter.dial()
    await wait.wait_answered()

    await kill(stack, "asterisk")

    for seat in (alice, bob):
        seat.phone.keep_registered()
    await bob.wait_state("NOT_READY")
    record = await call_of(lead, first)
    assert (record["ended_by"], record["note"]) == ("switch", "switch_restarted")
    await alice.wait_state("READY", timeout=30)
    caller = callers("direct")
    async with asyncio.timeout(60):
        while not (new := caller.dial()).answered:  # the far exchange tries again, too
            try:
                await new.wait_answered(2)
                break
            except AssertionError:
                new.hangup_now()
    async with asyncio.timeout(60):  # Asterisk may ask a phone for the first time 20 s after its start
        while True:
            with contextlib.suppress(AssertionError):  # it rang for one that was given up
                await (await alice.phone.ringing(40)).answer()
                break
    await new.hears(alice.tone)
    await new.hangup()


@pytest.mark.parametrize("part", ["postgres", "valkey"])
async def test_given_a_database_stopped_for_30_s_under_load_then_calls_go_on_and_afterwards_the_facts_are_complete(
    stack: Stack, logins: list[dict[str, Any]], sip: tuple[str, int], ledger: Ledger, part: str
) -> None:
    seconds = float(os.environ.get("CC_TEST_OUTAGE", "30"))
    rate, calls = 2, int((seconds + 10) * 2)
    async with AsyncExitStack() as parties:
        folder = Path(parties.enter_context(tempfile.TemporaryDirectory()))
        parties.enter_context(Agents(folder, sip, logins[:TEAM], ring_ms=200))
        await parties.enter_async_context(signed_in(stack, logins[:TEAM]))
        load = parties.enter_context(Callers(folder, sip, stack["numbers"]["direct"], rate=rate, calls=calls, talk_ms=2000))
        await until(lambda: load.stats().created >= rate * 3, 20, "the load runs")
        stacks.stop(state_of(stack), part)
        stopped = load.stats()
        await until(lambda: load.stats().created >= stopped.created + seconds * rate, seconds + 15, "calls go on")
        assert load.stats().failed == 0
        stacks.start(state_of(stack), part)
        stats = await asyncio.to_thread(load.wait, 60)
    assert (stats.failed, stats.successful) == (0, calls), stats
    ledger.connect()
    assert await ledger.outcomes(calls, 60) == {"ANSWERED": calls}
