"""What comes of a call: the record written in wrap-up. And texts of others, which are only ever texts."""

import re

from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger, until
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.browser.office_pages import customer, framed, mark, tool
from tests.browser.test_calls import talking
from tests.phones.seat import Api

BAIT = '<img src=x onerror="window.caught=1"><script>window.caught=1</script>'


async def test_given_a_call_of_a_new_customer_when_the_wrap_up_is_saved_then_the_service_record_has_call_customer_and_texts(
    alice: Desk, callers: MakeCaller, ledger: Ledger
) -> None:
    caller = callers("direct")
    call = await talking(alice, caller)
    form = alice.at("#pop form").first
    name = f"陈女士{caller.ani[-4:]}"
    await form.locator("input").first.fill(name)
    await form.locator("button[type=submit]").click()
    await alice.shows("#pop h1", name)
    await call.hangup()
    await alice.shows("#pop h1", name)
    await alice.at("#category").click()
    await alice.press("Enter")
    await alice.at(".wrap .pills button").first.click()
    await alice.at("#summary").fill("问发货时间，答复明天到")
    await alice.at(".wrap .days button").first.click()
    await alice.press("Control+Enter")
    await alice.state("READY")
    statement = """SELECT r.summary, c.name, r.category_id IS NOT NULL, r.result <> '', r.follow_up IS NOT NULL
                   FROM crm_servicerecord r JOIN crm_customer c ON c.id = r.customer_id WHERE c.name = %s"""
    rows = await until(lambda: ledger.rows(statement, name), 20, "the record is there")
    assert rows == [("问发货时间，答复明天到", name, True, True, True)]


async def test_given_a_record_half_written_when_the_page_is_reloaded_then_the_words_are_still_there(
    alice: Desk, callers: MakeCaller
) -> None:
    call = await talking(alice, callers("direct"))
    await alice.at("#summary").fill("half a sentence")
    await alice.page.reload()
    await alice.loaded()
    await expect(alice.at("#summary")).to_have_value("half a sentence")
    await call.hears(MICROPHONE)
    await call.hangup()


async def test_given_a_record_half_written_when_the_wrap_up_is_over_and_the_page_reloaded_then_it_is_there_till_it_is_saved(
    alice: Desk, callers: MakeCaller, ledger: Ledger
) -> None:
    tabs, words = alice.at("#pop-tabs .tab"), f"他想知道什么时候到货 {mark()}"
    first, second = callers("direct"), callers("direct")
    call = await talking(alice, first)
    await alice.at("#summary").fill(words)
    await call.hangup()
    await alice.state("READY")  # this queue gives no time for it
    await alice.page.reload()
    await alice.loaded()
    await expect(alice.at("#summary")).to_have_value(words)
    call = await talking(alice, second)  # which comes to the front, and takes nothing away
    await expect(tabs).to_have_count(2)
    await alice.at("#summary").fill("nothing that matters")
    await call.hangup()
    await alice.state("READY")
    await alice.page.reload()
    await alice.loaded()
    await expect(tabs).to_have_count(2)
    other = tabs.filter(has_text=second.ani[-4:])
    alice.page.once("dialog", lambda asked: asked.dismiss())
    await other.locator(".tab-x").click()
    await expect(tabs).to_have_count(2)
    alice.page.once("dialog", lambda asked: asked.accept())
    await other.locator(".tab-x").click()
    await expect(tabs).to_have_count(1)
    await alice.page.reload()
    await alice.loaded()
    await expect(tabs).to_have_count(1)
    await expect(alice.at("#summary")).to_have_value(words)
    await alice.at("#summary").press("Control+Enter")
    await expect(tabs).to_have_count(0)
    found = "SELECT count(*) FROM crm_servicerecord WHERE summary = %s"
    await until(lambda: ledger.rows(found, words) == [(1,)], 20, "the record is there")
    await alice.page.reload()
    await alice.loaded()
    await expect(alice.at("#pop .calm")).to_be_visible()
    await expect(tabs).to_have_count(0)


async def test_given_a_number_of_two_customers_when_one_is_chosen_then_the_greeting_has_their_name_and_title(
    alice: Desk, lead: Api, callers: MakeCaller
) -> None:
    caller = callers("direct")
    for family, title in (("慕容", "ms"), ("欧阳", "mr")):
        phones = [{"number": caller.ani, "shared": True}]
        await lead.post("/api/desk/customers/", {"name": f"{family}娜娜", "title": title, "phones": phones})
    call = caller.dial()
    await alice.rings()
    greeting = alice.at(".script-text")
    await expect(greeting).to_be_visible()
    await expect(greeting).not_to_contain_text(re.compile("慕容|欧阳"))
    for family, said in (("慕容", "慕容女士"), ("欧阳", "欧阳先生")):
        await alice.at(".matches button").filter(has_text=family).click()
        await expect(greeting).to_contain_text(said)
    await call.hangup()


async def test_given_a_complaint_written_in_a_tab_or_beside_the_call_then_the_pop_shows_it(
    alice: Desk, lead: Api, callers: MakeCaller
) -> None:
    caller = callers("direct")
    await customer(lead, f"上官{mark()}", caller.ani)
    call = await talking(alice, caller)
    beside = alice.at("#record .complain")
    await beside.click()
    await alice.at("dialog[open] textarea").fill("锅盖裂了")
    await alice.at("dialog[open] button[type=submit]").click()
    await alice.shows("#pop", "锅盖裂了")
    await tool(alice, "lifebuoy")
    page = framed(alice, "/crm/tickets/new/")
    await page.locator("#record [name=text]").fill("锅底也裂了")
    await page.locator("#record [name=text]").press("Control+Enter")
    await expect(page.locator("#card")).to_contain_text("锅底也裂了")
    await alice.at("#pop-tabs .tab").first.click()
    await alice.shows("#pop", "锅底也裂了")
    await alice.shows("#pop", "锅盖裂了")
    await call.hangup()


async def test_given_hostile_names_and_messages_then_they_are_shown_as_they_are_and_nothing_of_them_runs(
    alice: Desk, desks: MakeDesk, callers: MakeCaller
) -> None:
    caller = callers("direct", display="<img src=x onerror=window.caught=1>")
    status, made = await alice.ask("POST", "/api/desk/customers/", {"name": BAIT, "phones": [{"number": caller.ani}]})
    assert status == 201, made
    await alice.ask("POST", f"/api/desk/customers/{made['id']}/notes/", {"text": BAIT})
    bob = await desks("a1003")
    await bob.loaded()
    assert (await bob.ask("POST", "/api/desk/messages/", {"to": "seat", "seat": alice.agent, "text": BAIT}))[0] == 201
    await alice.page.bring_to_front()
    call = caller.dial()
    await alice.shows("#pop h1", BAIT)
    await alice.shows("#pop", BAIT)
    await alice.answer()
    await call.hears(MICROPHONE)
    await alice.page.click("#list-tabs [data-kind=messages]")
    await alice.shows("#list .message >> nth=0", BAIT)
    other = callers("direct", display="<b onmouseover=window.caught=1>x</b>")
    await call.hangup()
    await alice.press("F9")
    await alice.state("READY")
    call = other.dial()
    await alice.shows("#pop h1", other.ani[-4:])
    await alice.press("Escape", "/")
    await alice.page.keyboard.type(BAIT)
    await alice.shows("#found", re.compile("."))
    await expect(alice.at("img[src=x], #pop script, [onmouseover]")).to_have_count(0)
    assert await alice.page.evaluate("window.caught") is None
    assert re.search("default-src|script-src", (await alice.page.request.get(alice.web)).headers["content-security-policy"])
    await call.hangup()
