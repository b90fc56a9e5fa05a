"""A lead at the live page: hears, whispers to and joins calls of the own group, and nobody else gets there."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE


async def test_given_a_call_when_a_lead_listens_whispers_and_barges_then_each_hears_exactly_whom_they_should(
    desks: MakeDesk, seats: Callable[..., Any], callers: MakeCaller, pictures: Path
) -> None:
    agent = await seats(0)  # 1001, of the group sales, at a desk phone: so all three have tones of their own
    caller = callers("direct")
    call, phone = await agent.talks_with(caller)
    lead = await desks("lead-sales")
    await lead.page.goto(f"{lead.web}/lead/")
    await lead.page.click("#own-button")
    await lead.page.click("#own-seat [data-phone=browser]")
    await expect(lead.at("#own-button")).to_have_attribute("data-state", "NOT_READY")
    await lead.page.click(f"#seat-{agent.agent}")
    listen, whisper = (lead.at(f"#seat-card [aria-keyshortcuts={key}]") for key in "lw")
    await expect(listen).to_be_enabled()
    await listen.click()
    await asyncio.gather(lead.hears(caller.tone, 5), lead.hears(agent.tone, 5))
    await asyncio.gather(call.hears_not(MICROPHONE), phone.hears_not(MICROPHONE))
    await expect(lead.at("#listening-bar")).to_be_visible()
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


async def test_given_an_agent_and_a_lead_of_another_group_then_neither_gets_at_a_seat_that_is_not_theirs_to_see(
    desks: MakeDesk, seats: Callable[..., Any], callers: MakeCaller
) -> None:
    agent = await seats(0)
    call, _ = await agent.talks_with(callers("direct"))
    other = await desks("lead-care")
    await other.page.goto(f"{other.web}/lead/")
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
