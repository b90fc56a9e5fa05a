"""Every page in both languages, as pictures too; and a day's work without a mouse."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE

CHINESE = re.compile("[一-鿿]")
LEAD_PAGES = {"live": "/lead/", "wallboard": "/lead/wallboard/", "recordings": "/lead/recordings/", "seats": "/lead/seats/"}
# words of our own that stand on the console whatever the data is
OWN_WORDS = {"zh": ("示闲", "接听"), "en": ("Ready", "Answer")}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_given_a_language_then_the_console_speaks_it_from_the_login_to_the_wrap_up(
    desks: MakeDesk, callers: MakeCaller, pictures: Path, language: str
) -> None:
    desk = await desks("a1001", language)
    await desk.loaded()
    await desk.page.wait_for_selector("#sign-in")
    await desk.picture(pictures, "sign-in")
    await desk.sign_in()
    await desk.picture(pictures, "ready")
    assert (await desk.at("html").get_attribute("lang") or "").startswith(language)
    ready, answer = OWN_WORDS[language]
    await expect(desk.at("#go-ready")).to_contain_text(ready)
    await expect(desk.key_of("F2")).to_contain_text(answer)
    if language == "en":  # buttons, headings and hints are ours, never data
        ours = await desk.at("#call button, #states button, h2, .tabs .tab-name").all_inner_texts()
        assert not [text for text in ours if CHINESE.search(text)]
    caller = callers("direct")
    call = caller.dial()
    await desk.shows("#pop h1", caller.ani[-4:])
    await desk.picture(pictures, "ringing")
    await desk.answer()
    await call.hears(MICROPHONE)
    await desk.picture(pictures, "talking")
    await call.hangup()
    await expect(desk.at("#save-ready")).to_be_enabled()
    await desk.picture(pictures, "wrap-up")
    # nothing is cut off sideways at 1366 x 768
    assert await desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_given_a_language_then_the_lead_pages_speak_it(desks: MakeDesk, pictures: Path, language: str) -> None:
    desk = await desks("admin", language)
    await desk.page.wait_for_load_state()
    for name, path in LEAD_PAGES.items():
        answer = await desk.page.goto(f"{desk.web}{path}")
        assert answer and answer.status == 200, path
        assert (await desk.at("html").get_attribute("lang") or "").startswith(language)
        await desk.page.wait_for_load_state("networkidle")
        await desk.picture(pictures, name)
        if language == "en":
            ours = await desk.at("nav, h2, th, .search-line label > span").all_inner_texts()
            assert not [text for text in ours if CHINESE.search(text)], path
    await desk.page.goto(f"{desk.web}/lead/")
    await desk.at("form:has(> [name=language]) [name=language]").first.click()
    await expect(desk.at("html")).not_to_have_attribute("lang", re.compile(f"^{language}"))


async def test_given_the_seat_records_when_one_is_found_changed_and_kept_then_the_list_has_it_without_a_reload(
    desks: MakeDesk,
) -> None:
    desk = await desks("lead-sales")
    await desk.page.goto(f"{desk.web}/lead/seats/")
    await desk.page.evaluate("window.same = true")
    rows = desk.at("#records tr")
    await expect(rows).not_to_have_count(1)
    await desk.press("/")
    await desk.page.keyboard.type("1005")
    await expect(rows).to_have_count(1)
    name = await rows.locator("td").nth(1).inner_text()
    await desk.press("Escape")
    await rows.focus()
    await desk.press("Enter")
    field = desk.at("#record [name=name]")
    for wrong, right in (("99", "9"), ("3", "3")):
        await desk.at("#record [name=level]").evaluate("(field, level) => { field.max = 99; field.value = level; }", wrong)
        await field.fill(f"{name}{right}")
        await desk.press("Enter")
        if wrong != right:
            await expect(desk.at("#record .errors li")).to_have_count(1)
            await expect(field).to_have_value(f"{name}{right}")
    await expect(rows.locator("td").nth(1)).to_have_text(f"{name}3")
    await expect(desk.at("#record form")).to_have_count(0)
    assert await desk.page.evaluate("window.same")
    status, _ = await desk.ask("PUT", "/api/seat-records/1005/", {"name": name})
    assert status == 200


async def test_given_hands_that_never_leave_the_keyboard_then_a_call_is_served_from_sign_in_to_the_next_caller(
    desks: MakeDesk, callers: MakeCaller
) -> None:
    desk = await desks("a1001")
    await desk.loaded()
    for _ in range(40):
        if await desk.page.evaluate("document.activeElement?.id") == "sign-in":
            break
        await desk.press("Tab")
    await desk.press("Enter")
    await desk.state("READY")
    await desk.line("online")
    await desk.press("F9", "1")  # busy, for the first reason
    await desk.state("NOT_READY")
    await desk.press("F9")
    await desk.state("READY")
    caller = callers("direct")
    call = caller.dial()
    await desk.rings()
    await desk.press("F2")
    await asyncio.gather(call.hears(MICROPHONE), desk.hears(caller.tone))
    await desk.press("F8")
    await call.hears_not(MICROPHONE)
    await desk.press("F8")
    await call.hears(MICROPHONE)
    await desk.press("Escape", "w")
    await desk.page.keyboard.type("m t c 4")  # letters are text here, not keys
    await expect(desk.at("#summary")).to_have_value("m t c 4")
    await desk.press("F4")
    await call.wait_ended()
    await expect(desk.at("#save-ready")).to_be_enabled()
    await desk.press("Control+Enter")
    await expect(desk.at("#summary")).to_have_count(0)  # saved, and its tab closed
    await desk.state("READY")
    await desk.press("/")
    await desk.page.keyboard.type("1380")
    await expect(desk.at("#search")).to_be_focused()
    await desk.press("Escape", "?")
    await expect(desk.at("dialog.keys-box")).to_be_visible()
    await desk.press("Escape")
    await expect(desk.at("dialog.keys-box")).to_have_count(0)
