"""An agent's calls at the console, with sound: a real browser here, a real caller there, real Asterisk between."""

import asyncio
import re
import time

import pytest
from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.phones import Caller, Dialog


async def talking(desk: Desk, caller: Caller) -> Dialog:
    """The caller's end of a call in which both hear each other. Nobody else should be ready."""
    call = caller.dial()
    await desk.rings()
    await desk.answer()
    await call.wait_answered()
    await asyncio.gather(call.hears(MICROPHONE), desk.hears(caller.tone))
    await desk.state("TALKING")
    return call


@pytest.mark.parametrize("by", ["click", "key"])
async def test_given_a_caller_when_the_browser_rings_then_the_pop_is_there_before_the_answer_and_both_hear_each_other_after_it(
    alice: Desk, callers: MakeCaller, by: str
) -> None:
    caller = callers("direct")
    began = time.monotonic()
    call = caller.dial()
    await alice.shows("#pop h1", caller.ani[-4:])
    painted = time.monotonic() - began
    await alice.rings()
    await alice.state("RESERVED")
    assert not call.ended and painted < 2, painted
    await call.hears_not(MICROPHONE)  # nobody listens in on a room while it rings
    await (alice.answer() if by == "click" else alice.press("F2"))
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(caller.tone))
    await alice.state("TALKING")
    await (alice.key_of("F4").click() if by == "click" else alice.press("F4"))
    await call.wait_ended()
    await expect(alice.at("#save-ready")).to_be_enabled()  # time to write it down


async def test_given_a_call_when_it_is_held_or_muted_then_the_customer_hears_music_or_nothing_and_all_is_back_after_it(
    alice: Desk, carol: Caller
) -> None:
    call = await talking(alice, carol)
    await alice.press("F8")
    await asyncio.gather(call.hears_not(MICROPHONE), alice.hears_not(carol.tone))
    await call.hears_sound()
    await alice.press("F8")
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(carol.tone))
    await alice.press("m")
    await call.hears_silence()
    await alice.hears(carol.tone)
    await alice.key_of("M").click()
    await call.hears(MICROPHONE)
    await call.hangup()


async def test_given_a_call_when_it_is_transferred_then_the_colleague_sees_the_customer_while_it_rings_and_hears_them(
    alice: Desk, desks: MakeDesk, callers: MakeCaller
) -> None:
    bob = await (await desks("a1003")).sign_in(ready=False)
    caller = callers("direct")
    call = await talking(alice, caller)
    await alice.page.bring_to_front()
    await alice.press("t")
    await alice.page.keyboard.type(bob.agent)
    await expect(alice.at("dialog[open] .pick.at")).to_contain_text(bob.agent)
    await alice.press("Enter")
    await bob.state("RESERVED")
    await bob.shows("#pop h1", caller.ani[-4:])
    await bob.shows(".pop-state", re.compile(alice.agent))
    assert not call.ended
    await bob.answer()
    await asyncio.gather(call.hears(MICROPHONE), bob.hears(caller.tone))
    await bob.state("TALKING")
    await alice.hears_not(caller.tone)
    await expect(alice.at("#states")).not_to_have_attribute("data-state", "TALKING")
    await call.hangup()


async def test_given_a_caller_who_waits_when_an_agent_takes_the_call_from_the_list_then_they_talk(
    desks: MakeDesk, callers: MakeCaller
) -> None:
    alice = await (await desks("a1001")).sign_in(ready=False)
    caller = callers("direct")
    call = caller.dial()
    row = alice.at("#list .item").filter(has_text=caller.ani[-4:])
    await expect(row).to_be_visible()
    await row.locator("button[data-needs]").click()  # who asks for a call has it at once
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(caller.tone))
    await alice.state("TALKING")
    await expect(row).to_have_count(0)
    await call.hangup()
