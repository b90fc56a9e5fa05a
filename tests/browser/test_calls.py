"""An agent's calls at the console, with sound: a real browser here, a real caller there, real Asterisk between."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.phones import Caller, Dialog
from tests.phones.seat import Api, Ari


async def talking(desk: Desk, caller: Caller) -> Dialog:
    """The caller's end of a call in which both hear each other. Nobody else should be ready."""
    call = caller.dial()
    await desk.rings()
    await desk.answer()
    await call.wait_answered()
    await asyncio.gather(call.hears(MICROPHONE), desk.hears(caller.tone))
    await desk.state("TALKING")
    return call


async def test_given_a_call_that_comes_before_the_word_that_the_last_one_is_over_then_it_rings(
    alice: Desk, carol: Caller, ari: Ari
) -> None:
    """Asterisk keeps no order between the calls of a phone: it was told of the end first."""
    call = await talking(alice, carol)
    phone = await alice.api.get("/api/seat/phone/")
    await ari.rings(phone["endpoint"], "next")
    await call.wait_ended()
    await ari.hang_up("next")


async def test_given_a_headset_that_was_unplugged_and_is_there_again_then_the_next_customer_hears_the_agent(
    alice: Desk, carol: Caller
) -> None:
    await alice.page.evaluate("ear.microphones.forEach((one) => one.getTracks().forEach((track) => track.stop()))")
    await alice.page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    call = await talking(alice, carol)
    await call.hangup()


@pytest.mark.parametrize("by", ["click", "key"])
async def test_given_a_caller_when_the_browser_rings_then_the_pop_is_there_before_the_answer_and_both_hear_each_other_after_it(
    alice: Desk, callers: MakeCaller, by: str
) -> None:
    caller = callers("direct")
    call = caller.dial()
    await alice.shows("#pop h1", caller.ani[-4:])
    await alice.rings()
    await alice.state("RESERVED")
    assert not call.ended
    await call.hears_not(MICROPHONE)  # nobody listens in on a room while it rings
    await (alice.answer() if by == "click" else alice.press("F2"))
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(caller.tone))
    await alice.state("TALKING")
    await (alice.key_of("F4").click() if by == "click" else alice.press("F4"))
    await call.wait_ended()
    await expect(alice.at("#save-ready")).to_be_enabled()  # time to write it down


async def test_given_an_unknown_caller_when_the_agent_fills_in_the_form_and_mends_it_then_the_customer_is_kept_as_written(
    alice: Desk, callers: MakeCaller, lead: Api
) -> None:
    caller = callers("direct")
    call = await talking(alice, caller)
    name = f"新客{caller.ani}"
    await alice.at("form.new [name=name]").fill(name)
    await alice.at("form.new [name=consent]").select_option("yes")
    await alice.press("Enter")
    await alice.shows("#pop h1", name)
    await alice.at("#pop .who-line button").click()
    await alice.at("dialog[open] [name=consent]").select_option("no")
    await alice.at("dialog[open] button[type=submit]").click()
    await expect(alice.at("dialog[open]")).to_have_count(0)
    (kept,) = (await lead.get(f"/api/crm/customers/?search={name}"))["results"]
    assert (kept["name"], kept["consent"], [phone["number"] for phone in kept["phones"]]) == (name, "no", [f"+86{caller.ani}"])
    await call.hangup()


async def test_given_a_call_when_it_is_held_or_muted_then_the_customer_hears_music_or_nothing_and_all_is_back_after_it(
    alice: Desk, carol: Caller
) -> None:
    call = await talking(alice, carol)
    await alice.press("F8")
    await asyncio.gather(call.hears_not(MICROPHONE), alice.hears_not(carol.tone))
    await call.hears_sound()
    await expect(alice.at("#call")).to_have_attribute("data-phase", "held")
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
    await alice.press("g", "g", "g", "g", "Tab", "Enter")  # who asks for a call has it at once
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(caller.tone))
    await alice.state("TALKING")
    await expect(row).to_have_count(0)
    await call.hangup()


async def test_given_a_consultation_when_the_page_is_reloaded_and_three_are_joined_and_a_fourth_invited_then_all_hear_all(
    alice: Desk, seats: Callable[..., Any], callers: MakeCaller
) -> None:
    charlie, dora = await seats(2, ready=False), await seats(3, ready=False)
    caller = callers("direct")
    call = await talking(alice, caller)
    await alice.key_of("C").click()
    await alice.at("dialog[open] input").fill(charlie.agent)
    await alice.at("dialog[open] .pick.at").filter(has_text=charlie.agent).click()
    asked = await charlie.phone.ringing()
    await asked.answer()
    await asyncio.gather(asked.hears(MICROPHONE), alice.hears(charlie.tone), call.hears_sound())
    await asyncio.gather(asked.hears_not(caller.tone), call.hears_not(MICROPHONE))
    await alice.page.reload(wait_until="commit")
    await alice.hears(charlie.tone)
    await alice.loaded()
    await alice.shows(".party", charlie.agent)
    await asyncio.gather(asked.hears(MICROPHONE), call.hears_not(MICROPHONE))
    await alice.key_of("J").click()
    await asyncio.gather(
        *(call.hears(hz) for hz in (MICROPHONE, charlie.tone)),
        *(asked.hears(hz) for hz in (MICROPHONE, caller.tone)),
        *(alice.hears(hz) for hz in (caller.tone, charlie.tone)),
    )
    await alice.key_of("I").click()
    await alice.at("dialog[open] input").fill(dora.agent)
    await alice.at("dialog[open] .pick.at").filter(has_text=dora.agent).click()
    fourth = await dora.phone.ringing()
    await fourth.answer()
    await asyncio.gather(
        *(call.hears(hz) for hz in (MICROPHONE, charlie.tone, dora.tone)),
        *(fourth.hears(hz) for hz in (MICROPHONE, caller.tone, charlie.tone)),
        *(asked.hears(dora.tone), alice.hears(dora.tone)),
    )
    await alice.shows(".party-guests", dora.agent)
    await alice.press("l")  # who leaves a conference leaves the others together
    await asyncio.gather(*(one.hears_not(MICROPHONE) for one in (call, asked, fourth)))
    await asyncio.gather(call.hears(charlie.tone), asked.hears(caller.tone), fourth.hears(caller.tone))
    await expect(alice.at("#states")).not_to_have_attribute("data-state", "TALKING")
    await call.hangup()


async def test_given_a_number_on_the_screen_when_it_is_clicked_then_it_is_called_and_keys_sound_at_the_far_end(
    desks: MakeDesk, pstn: Caller, callers: MakeCaller
) -> None:
    alice = await (await desks("a1001")).sign_in(ready=False)
    ani = callers().ani
    status, made = await alice.ask("POST", "/api/desk/customers/", {"name": f"钱{ani[-4:]}", "phones": [{"number": ani}]})
    assert status == 201, made
    await alice.press("/")
    await alice.page.keyboard.type(ani)
    await alice.shows("#found .pick.at", ani[-4:])
    await alice.press("Enter")
    await alice.at("#pop .num").first.click()
    far = await pstn.ringing()
    assert far.invite.uri.startswith(f"sip:{ani}"), far.invite.uri
    await far.answer()
    await asyncio.gather(far.hears(MICROPHONE), alice.hears(pstn.tone))
    await expect(alice.key_of("K")).to_be_enabled()
    await alice.press("k", "4", "2")
    await alice.at(".call-keys button").filter(has_text="#").click()
    await far.wait_digits("42#")
    await alice.press("F4")
    await far.wait_ended()


async def test_given_a_colleague_who_does_not_answer_when_the_call_is_picked_up_then_the_caller_talks_here(
    desks: MakeDesk, seats: Callable[..., Any], callers: MakeCaller
) -> None:
    alice = await (await desks("a1001")).sign_in(ready=False)
    charlie = await seats(2)
    caller = callers("direct")
    call = caller.dial()
    ringing = await charlie.phone.ringing()
    row = alice.at("#list .item").filter(has_text=caller.ani[-4:])
    await row.locator("button[data-needs=PickUp]").click()
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(caller.tone), ringing.wait_ended())
    await alice.state("TALKING")
    await call.hangup()
