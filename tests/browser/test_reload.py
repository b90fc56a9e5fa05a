"""A call outlives its page: reloaded, closed and opened again; and a second tab does not take the phone away."""

import asyncio
import time

from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.browser.desk import MICROPHONE, Desk
from tests.browser.test_calls import talking
from tests.phones import Caller
from tests.phones.seat import Api


async def test_given_a_call_when_the_page_is_reloaded_then_the_same_call_is_there_with_sound_within_three_seconds(
    alice: Desk, callers: MakeCaller
) -> None:
    caller = callers("direct")
    call = await talking(alice, caller)
    began = time.monotonic()
    await alice.page.reload(wait_until="commit")
    back = await alice.hears(caller.tone, timeout=8)
    await call.hears(MICROPHONE)
    assert back - began < 3, back - began
    assert call.media.worst_gap(call.answered_at) < 1000, "the customer was in silence"
    await alice.loaded()
    await alice.state("TALKING")
    await alice.shows("#pop h1", caller.ani[-4:])
    await alice.press("F4")  # and it is ours to end
    await call.wait_ended()


async def test_given_a_call_when_the_page_is_closed_then_the_customer_hears_music_and_has_the_agent_back_with_the_page(
    alice: Desk, carol: Caller, lead: Api
) -> None:
    call = await talking(alice, carol)
    await alice.page.close()
    await call.hears_not(MICROPHONE)
    await call.hears_sound()
    await lead.wait_for("/api/live/", lambda live: any(one["number"] == alice.agent and one["away"] for one in live["seats"]))
    await alice.tab()
    began = time.monotonic()
    await alice.page.goto(alice.web, wait_until="commit")
    back = await alice.hears(carol.tone, timeout=8)
    await call.hears(MICROPHONE)
    assert back - began < 3, back - began
    await alice.loaded()
    await alice.state("TALKING")
    await call.hangup()


async def test_given_a_held_call_when_the_page_is_reloaded_then_it_is_still_held(alice: Desk, carol: Caller) -> None:
    call = await talking(alice, carol)
    await alice.press("F8")
    await asyncio.gather(call.hears_not(MICROPHONE), call.hears_sound())
    await alice.page.reload()
    await alice.loaded()
    await alice.line("online")
    await call.hears_not(MICROPHONE)
    await expect(alice.key_of("F8")).to_be_enabled()
    await alice.press("F8")
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(carol.tone))
    await call.hangup()


async def test_given_a_console_in_one_tab_when_it_is_opened_in_another_then_that_one_says_so_and_the_call_goes_on(
    alice: Desk, carol: Caller
) -> None:
    call = await talking(alice, carol)
    first = alice.page
    second = await alice.tab()
    await second.goto(alice.web)
    await expect(second.locator("#use-here")).to_be_visible()
    await call.hears(MICROPHONE)
    await alice.page.click("#use-here")
    await alice.loaded()
    await alice.state("TALKING")
    await alice.hears(carol.tone)
    await call.hears(MICROPHONE)
    await expect(first.locator("#use-here")).to_be_visible()
    await call.hangup()
