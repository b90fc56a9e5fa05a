"""A lead at the live page: hears, whispers to and joins calls of the own group, and nobody else gets there."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, expect

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.browser.test_calls import talking
from tests.browser.test_record import BAIT
from tests.phones import Caller

CONVERTED = 20.0  # seconds a converter may take on a busy machine
ACTS = {"busy": "player-pause", "ready": "player-play", "out": "logout", "off": "phone-off", "transfer": "phone-outgoing"}


async def twice(button: Locator) -> None:
    """What cannot be taken back asks for a second click."""
    await button.dblclick()


async def at_the_floor(desks: MakeDesk) -> Desk:
    """The lead of group sales at the live page, with this browser as the phone."""
    lead = await desks("lead-sales", path="/lead/")
    await lead.page.click("#own-button")
    await lead.page.click("#own-seat [data-phone=browser]")
    await expect(lead.at("#own-button")).to_have_attribute("data-state", "NOT_READY")
    await lead.api.wait_for("/api/seat/", lambda seat: seat["online"])
    return lead


async def test_given_a_call_when_a_lead_listens_whispers_and_barges_then_each_hears_exactly_whom_they_should(
    desks: MakeDesk, seats: Callable[..., Any], callers: MakeCaller, pictures: Path
) -> None:
    agent = await seats(0)  # 1001, of the group sales, at a desk phone: so all three have tones of their own
    caller = callers("direct")
    call, phone = await agent.talks_with(caller)
    lead = await at_the_floor(desks)
    await lead.page.click(f"#seat-{agent.agent}")
    listen, whisper = (lead.at(f"#seat-card [aria-keyshortcuts={key}]") for key in "lw")
    await expect(listen).to_be_enabled()
    await listen.click()
    await asyncio.gather(lead.hears(caller.tone), lead.hears(agent.tone))
    await asyncio.gather(call.hears_not(MICROPHONE), phone.hears_not(MICROPHONE))
    await expect(lead.at("#listening-bar")).to_be_visible()
    for trunk in await lead.at("#trunks summary").all():
        await trunk.click()
    channel = lead.at("#trunks .channels li").filter(has_text=caller.ani)
    await expect(channel).to_have_count(1)
    await lead.picture(pictures, "lead-listening")
    await whisper.click()
    await phone.hears(MICROPHONE)
    await call.hears_not(MICROPHONE)
    await asyncio.gather(call.hears(agent.tone), lead.hears(caller.tone))
    await lead.press("b")
    await asyncio.gather(call.hears(MICROPHONE), phone.hears(MICROPHONE), lead.hears(caller.tone), lead.hears(agent.tone))
    assert not any(call.media.heard(MICROPHONE, until=t) for t in [phone.answered_at])
    await lead.press("s")
    await asyncio.gather(call.hears_not(MICROPHONE), phone.hears_not(MICROPHONE))
    await asyncio.gather(call.hears(agent.tone), phone.hears(caller.tone))
    await expect(lead.at("#listening-bar")).to_be_hidden()
    await call.hangup()
    await expect(channel).to_have_count(0)


async def test_given_a_whispering_lead_when_the_agents_page_is_reloaded_while_the_customer_is_on_hold_then_they_are_heard_again(
    alice: Desk, desks: MakeDesk, carol: Caller
) -> None:
    call = await talking(alice, carol)
    lead = await at_the_floor(desks)
    await lead.page.click(f"#seat-{alice.agent}")
    await lead.at("#seat-card [aria-keyshortcuts=w]").click()
    await alice.hears(MICROPHONE)  # not their own: a browser does not play that
    await alice.page.bring_to_front()
    await alice.press("F8")
    await asyncio.gather(call.hears_not(MICROPHONE), call.hears_sound(), alice.hears(MICROPHONE))
    await alice.page.reload()
    await alice.loaded()
    await alice.hears(MICROPHONE)
    await call.hears_not(MICROPHONE)
    await alice.press("F8")
    await asyncio.gather(call.hears(MICROPHONE), alice.hears(carol.tone), alice.hears(MICROPHONE))
    await call.hangup()


async def test_given_an_agent_and_a_lead_of_another_group_then_neither_gets_at_a_seat_that_is_not_theirs_to_see(
    desks: MakeDesk, seats: Callable[..., Any], callers: MakeCaller
) -> None:
    agent = await seats(0)
    call, _ = await agent.talks_with(callers("direct"))
    other = await desks("lead-care", path="/lead/")
    await expect(other.at("#seat-1002")).to_be_visible()
    await expect(other.at(f"#seat-{agent.agent}")).to_have_count(0)
    colleague = await desks("a1003")
    await colleague.loaded()
    answer = await colleague.page.goto(f"{colleague.web}/lead/")
    assert answer and (answer.status in (403, 404) or "/lead/" not in colleague.page.url), answer
    for desk in (other, colleague):
        await desk.page.goto(desk.web)
        for action, body in (("monitor", {"mode": "listen"}), ("take-over", {}), ("force-hang-up", {})):
            status, _ = await desk.ask("POST", f"/api/seats/{agent.agent}/{action}/", body)
            assert status in (403, 404), (desk.agent, action, status)
    assert not call.ended
    await call.hangup()


async def test_given_a_call_the_lead_took_over_when_their_phone_goes_to_another_window_then_the_customer_is_still_with_them(
    desks: MakeDesk, seats: Callable[..., Any], callers: MakeCaller
) -> None:
    agent = await seats(0)
    caller = callers("direct")
    call, phone = await agent.talks_with(caller)
    lead = await at_the_floor(desks)
    await lead.page.click(f"#seat-{agent.agent}")
    await twice(lead.at("#seat-card .act:has(.ti-phone-incoming)"))
    await asyncio.gather(call.hears(MICROPHONE), lead.hears(caller.tone), phone.wait_ended())
    floor = lead.page
    await lead.tab()
    await lead.page.goto(lead.web)
    await lead.page.click("#use-here")
    await lead.loaded()
    await lead.state("TALKING")
    await asyncio.gather(call.hears(MICROPHONE), lead.hears(caller.tone))
    await floor.click("#own-button")
    await floor.click("#own-seat .own-menu > button")  # and back again
    await lead.page.bring_to_front()
    await expect(lead.at("#use-here")).to_be_visible()
    lead.page = floor
    await asyncio.gather(call.hears(MICROPHONE), lead.hears(caller.tone))
    assert not call.ended
    await floor.click("#own-seat > .bad")
    await call.wait_ended()


async def test_given_a_lead_of_two_groups_with_a_seat_in_one_then_only_what_the_seat_may_claim_is_offered(
    desks: MakeDesk, callers: MakeCaller, ledger: Ledger
) -> None:
    group, queue = "SELECT id FROM calls_seatgroup WHERE code = %s", "SELECT id FROM calls_queue WHERE code = %s"
    at = f"WHERE seatgroup_id = ({group}) AND queue_id = ({queue})"
    back = f"INSERT INTO calls_seatgroup_queues (seatgroup_id, queue_id) VALUES (({group}), ({queue}))"
    others = ("sales", "roundrobin")
    await ledger.configure(f"DELETE FROM calls_seatgroup_queues {at}", *others, undo=(back, others))
    leads = "(seatgroup_id, user_id) SELECT g.id, u.id FROM calls_seatgroup g, auth_user u WHERE g.code = %s AND u.username = %s"
    ledger.rows(f"INSERT INTO calls_seatgroup_leads {leads}", "care", "lead-sales")
    try:
        floor = await desks("lead-sales", path="/lead/")
        ours, theirs = callers("direct"), callers("roundrobin")
        calls = [ours.dial(), theirs.dial()]
        row, other = (floor.at("#calls tr").filter(has_text=one.ani) for one in (ours, theirs))
        await expect(row.locator("td:last-child button")).to_be_visible()
        await expect(other).to_be_visible()
        await expect(other.locator("td:last-child button")).to_be_hidden()
        await asyncio.gather(*(one.hangup() for one in calls))
    finally:
        ledger.rows(
            "DELETE FROM calls_seatgroup_leads l USING calls_seatgroup g, auth_user u"
            " WHERE l.seatgroup_id = g.id AND l.user_id = u.id AND g.code = 'care' AND u.username = 'lead-sales'"
        )


async def test_given_a_lead_at_the_live_page_when_they_click_then_states_messages_and_calls_of_an_agent_are_as_they_want(
    alice: Desk, desks: MakeDesk, seats: Callable[..., Any], callers: MakeCaller
) -> None:
    charlie = await seats(2, ready=False)
    lead = await desks("lead-sales", path="/lead/")
    await lead.page.click(f"#seat-{alice.agent}")
    act = {name: lead.at(f"#seat-card .act:has(.ti-{icon})") for name, icon in ACTS.items()}
    await lead.at("#seat-card .busy-line select").select_option(index=1)
    await act["busy"].click()
    await alice.state("NOT_READY")
    await alice.told("班长")  # and is told who it was
    await act["ready"].click()
    await alice.state("READY")
    await lead.at("#seat-card .message-line input").fill("三号线客户请先回电")
    await lead.press("Enter")
    await alice.told("三号线客户请先回电")
    caller = callers("direct")
    call = await talking(alice, caller)
    await expect(act["transfer"]).to_be_enabled()
    await act["transfer"].click()
    await lead.at("#seat-card .target-picker input").fill(charlie.agent)
    await lead.at("#seat-card .target-picker li").first.click()
    ringing = await charlie.phone.ringing()
    await ringing.answer()
    await asyncio.gather(call.hears(charlie.tone), ringing.hears(caller.tone))
    await alice.hears_not(caller.tone)
    await lead.page.click(f"#seat-{charlie.agent}")
    await expect(act["off"]).to_be_enabled()
    await twice(act["off"])
    await asyncio.gather(call.wait_ended(), ringing.wait_ended())
    await lead.page.click(f"#seat-{alice.agent}")
    await expect(act["out"]).to_be_enabled()
    await twice(act["out"])
    await alice.state("LOGGED_OUT")


async def test_given_a_recorded_call_of_somebody_with_a_hostile_name_then_floor_wallboard_and_recordings_show_it_as_text_and_play_it(
    alice: Desk, desks: MakeDesk, callers: MakeCaller, pictures: Path
) -> None:
    caller = callers("recorded", display="<img src=x onerror=window.caught=1>")
    name = f"{BAIT}{caller.ani[-4:]}"
    status, made = await alice.ask("POST", "/api/desk/customers/", {"name": name, "phones": [{"number": caller.ani}]})
    assert status == 201, made
    lead = await desks("admin", path="/lead/")
    await alice.page.bring_to_front()
    call = await talking(alice, caller)
    for path, seen in (("/lead/", "#calls"), ("/lead/wallboard/", "#wall-queues")):
        await lead.page.goto(f"{lead.web}{path}")
        await lead.shows(seen, caller.ani[-4:] if path == "/lead/" else re.compile("."))
        await nothing_ran(lead)
    await lead.api.post("/api/desk/messages/", {"to": "seat", "seat": alice.agent, "text": BAIT})
    await call.hangup()
    ended = {"number": caller.ani}
    found = await lead.api.wait_for("/api/recordings/", lambda page: any(r["audio"] for r in page["results"]), CONVERTED, **ended)
    for language in ("en", "zh"):
        await lead.speak(language)
        await lead.page.goto(f"{lead.web}/lead/recordings/")
        await lead.press("/")
        await lead.page.keyboard.type(caller.ani[-8:])
        await lead.press("Enter")
        await expect(lead.at("#recordings tr")).to_have_count(1)
        await lead.page.wait_for_url(lambda url: caller.ani[-8:] in url)  # it can be sent to a colleague
        await lead.press("Escape", "ArrowDown")
        await lead.shows("#player", caller.ani[-4:])
        await lead.at("#player [data-part=events] button").last.click()  # to what happened in the call
        await lead.picture(pictures, "recording")
    heard = f"/api/recordings/{found['results'][0]['id']}/listenings/"
    assert not (await lead.api.get(heard))["listenings"], "looking at it is not listening to it"
    await lead.at("#player canvas").focus()
    await lead.press("Space")
    await lead.api.wait_for(heard, lambda told: len(told["listenings"]) == 1)
    await nothing_ran(lead)


async def nothing_ran(desk: Desk) -> None:
    """Of the baits there is only the text."""
    await expect(desk.at("img[src=x], main script, [onmouseover]")).to_have_count(0)
    assert await desk.page.evaluate("window.caught") is None
