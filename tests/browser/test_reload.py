"""A call outlives its page: reloaded, closed and opened again; and a second tab does not take the phone away."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.browser.network import Network
from tests.browser.test_calls import talking
from tests.phones import Caller
from tests.phones.seat import Api


@pytest.fixture(autouse=True)
async def patience(ledger: Ledger) -> None:
    """A busy machine takes its time."""
    await ledger.waits_for_lost_phones(300)


def away(live: dict[str, Any], agent: str) -> bool:
    """Whether the live picture says of the seat that its phone is lost."""
    return any(seat["number"] == agent and seat["away"] for seat in live["seats"])


async def test_given_a_call_when_the_page_is_reloaded_then_the_same_call_is_there_with_sound(
    alice: Desk, callers: MakeCaller
) -> None:
    caller = callers("direct")
    call = await talking(alice, caller)
    await alice.page.reload(wait_until="commit")
    await alice.hears(caller.tone)
    await call.hears(MICROPHONE)
    assert call.media.worst_gap(call.answered_at) < 10_000, "the customer was in silence"
    await alice.loaded()
    await alice.state("TALKING")
    await alice.shows("#pop h1", caller.ani[-4:])
    await alice.press("F4")  # and it is ours to end
    await call.wait_ended()


@pytest.mark.parametrize("how", ["closed", "crashed"])
async def test_given_a_call_when_the_page_is_gone_then_the_customer_hears_music_and_has_the_agent_back_with_the_page(
    alice: Desk, desks: MakeDesk, carol: Caller, how: str
) -> None:
    lead = await desks("lead-sales", path="/lead/")
    await alice.page.bring_to_front()
    call = await talking(alice, carol)
    if how == "closed":
        await alice.page.close()
    else:
        killer = await alice.context.new_cdp_session(alice.page)
        async with alice.page.expect_event("crash"):
            dying = asyncio.ensure_future(killer.send("Page.crash"))  # never answered
        dying.cancel()
    await call.hears_not(MICROPHONE)
    await call.hears_sound()
    await expect(lead.at(f"#seat-{alice.agent}")).to_have_attribute("data-state", "AWAY")
    await alice.tab()
    await alice.page.goto(alice.web, wait_until="commit")
    await alice.hears(carol.tone)
    await call.hears(MICROPHONE)
    await alice.loaded()
    await alice.state("TALKING")
    await call.hangup()


async def test_given_a_consulted_colleague_when_their_page_is_reloaded_then_they_talk_on_and_so_in_a_conference(
    alice: Desk, seats: Callable[..., Any], callers: MakeCaller
) -> None:
    await alice.press("F9", "1")
    await alice.state("NOT_READY")
    charlie = await seats(2)
    caller = callers("direct")
    call, phone = await charlie.talks_with(caller)
    await charlie.do("consult", to="agent", agent=alice.agent)
    await alice.rings()
    await alice.answer()
    await asyncio.gather(phone.hears(MICROPHONE), alice.hears(charlie.tone))
    await alice.page.reload(wait_until="commit")
    await alice.hears(charlie.tone)
    await asyncio.gather(phone.hears(MICROPHONE), call.hears_not(MICROPHONE))
    await alice.loaded()
    await alice.state("TALKING")
    await charlie.do("join-all")
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(caller.tone))
    await alice.page.reload(wait_until="commit")
    await asyncio.gather(alice.hears(caller.tone), alice.hears(charlie.tone))
    await asyncio.gather(call.hears(MICROPHONE), phone.hears(MICROPHONE), call.hears(charlie.tone), phone.hears(caller.tone))
    await call.hangup()


async def test_given_a_call_between_colleagues_when_the_called_ones_page_is_closed_then_the_caller_hears_music_till_it_is_opened(
    alice: Desk, seats: Callable[..., Any]
) -> None:
    charlie = await seats(2, ready=False)
    await charlie.do("dial", number=alice.agent)
    phone = await charlie.phone.ringing()
    await phone.answer()
    await alice.rings()
    await alice.answer()
    await asyncio.gather(phone.hears(MICROPHONE), alice.hears(charlie.tone))
    await alice.page.close()
    await phone.hears_not(MICROPHONE)
    await phone.hears_sound()
    await alice.tab()
    await alice.page.goto(alice.web, wait_until="commit")
    await alice.hears(charlie.tone)
    await phone.hears(MICROPHONE)
    await alice.loaded()
    await alice.press("F4")
    await phone.wait_ended()


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


async def test_given_a_muted_call_when_the_page_is_reloaded_then_the_customer_still_hears_nothing_of_the_room(
    alice: Desk, carol: Caller
) -> None:
    call = await talking(alice, carol)
    await alice.press("m")
    await call.hears_silence()
    await alice.page.reload()
    await alice.loaded()
    await alice.hears(carol.tone)
    await call.hears_not(MICROPHONE, 75)
    await alice.press("m")
    await call.hears(MICROPHONE)
    await call.hangup()


async def test_given_a_network_lost_for_twenty_seconds_then_the_customer_hears_music_the_lead_is_told_and_the_call_is_back_with_it(
    alice: Desk, carol: Caller, lead: Api, network: Network
) -> None:
    call = await talking(alice, carol)
    network.cut()
    cut = time.monotonic()
    await call.hears_not(MICROPHONE)
    await lead.wait_for("/api/live/", lambda live: away(live, alice.agent), 20)
    await call.hears_sound()
    await call.media.until(lambda: time.monotonic() - cut >= 20, 25, "twenty seconds are over")
    await call.hears_sound()
    assert not call.ended
    network.mend()
    await alice.hears(carol.tone)
    await call.hears(MICROPHONE)
    await alice.state("TALKING")
    await expect(alice.at("#banner")).to_be_hidden()
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
