"""The pages of customers in a real browser: the list as one likes it, the card beside a call, two made one, a file taken in."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger, until
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.browser.office_pages import customer, framed, mark, number, ready, tool
from tests.browser.test_calls import talking
from tests.phones.seat import Api

KNOWN = "15100000001"  # of the demo, with a past
POINTS, TAGS = {"zh": "积分", "en": "Points"}, {"zh": "标签", "en": "Tags"}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_given_the_list_when_columns_are_chosen_and_kept_under_a_name_then_it_comes_back_so_and_all_are_tagged_at_once(
    desks: MakeDesk, lead: Api, pictures: Path, language: str
) -> None:
    mine, family = mark(), f"司徒{mark()}"
    await lead.post("/api/crm/tags/", {"name": f"标{mine}"})
    for name in ("芳", "强"):
        await customer(lead, f"{family}{name}")
    desk = await desks("admin", language, path="/crm/customers/")
    await ready(desk.page)
    rows, heads = desk.at("#found tbody tr"), desk.at("#found thead")
    await desk.press("/")
    await desk.page.keyboard.type(family)
    await expect(rows).to_have_count(2)
    await desk.press("ArrowDown")
    await expect(rows.first).to_be_focused()
    await expect(heads).not_to_contain_text(POINTS[language])
    await desk.at(".columns-menu summary").click()
    await desk.at("[data-columns] input[value=points]").check()
    await expect(heads).to_contain_text(POINTS[language])
    await expect(rows).to_have_count(2)
    await desk.at("h1").click()  # the menu shuts
    await desk.at("#saved button:has(.ti-bookmark)").click()
    await desk.at("#box [name=name]").fill(mine)
    await desk.press("Enter")
    kept = desk.page.locator("#saved a", has_text=mine)
    await expect(kept).to_be_visible()
    await desk.page.goto(f"{desk.web}/crm/customers/")
    await ready(desk.page)
    await expect(heads).not_to_contain_text(POINTS[language])
    await kept.click()
    await expect(rows).to_have_count(2)
    await expect(heads).to_contain_text(POINTS[language])
    await ready(desk.page)
    await desk.at("[data-tick-all]").check()
    await expect(desk.at("[data-ticked]")).to_have_text("2")
    await desk.page.locator(".acts-ticked button", has_text=TAGS[language]).click()
    await desk.page.locator("#box [name=added]").locator("xpath=ancestor::label").filter(has_text=mine).click()
    await desk.at("#box button[type=submit]").click()
    for place in (0, 1):
        await expect(rows.nth(place)).to_contain_text(f"标{mine}")
    await desk.picture(pictures, "customers")
    found = await lead.get("/api/crm/customers/", search=family)
    assert [row["tags"] for row in found["results"]] == [[f"标{mine}"]] * 2


async def test_given_a_call_when_the_customers_card_is_changed_in_a_tab_then_it_is_kept_and_the_call_goes_on(
    alice: Desk, callers: MakeCaller, lead: Api, ledger: Ledger, pictures: Path
) -> None:
    other, code = number(), mark()
    who = (await lead.get("/api/crm/customers/", search=KNOWN))["results"][0]
    await lead.post("/api/crm/custom-fields/", {"code": code, "name_zh": "鞋码", "name_en": "Size", "kind": "number"})
    call = await talking(alice, callers("direct", ani=KNOWN))
    await alice.shows("#pop h1", who["name"])
    await tool(alice, "id")
    page = framed(alice, f"/crm/customers/{who['id']}/")
    await expect(page.locator("#card")).to_contain_text(who["name"])
    await expect(page.locator("html")).to_have_attribute("data-ready", "1")
    await page.locator("body").press("e")
    phones, places = page.locator("[data-lines=phones]"), page.locator("[data-lines=addresses]")
    await expect(phones.locator(".phone-line")).to_have_count(len(who["phones"]))
    await expect(page.locator("html")).to_have_attribute("data-ready", "1")
    await phones.locator("[data-part=add]").click()
    await expect(phones.locator("input[type=tel]").last).to_be_focused()
    await alice.page.keyboard.type(other)
    await places.locator("[data-part=add]").click()
    await expect(places.locator(".address-line")).to_have_count(len(who["addresses"]) + 1)
    new = places.locator(".address-line").last
    await new.locator("input[name$=-city]").fill("宁波市")
    await new.locator("input[name$=-district]").fill("海曙区")
    await new.locator("input[name$=-street]").fill("中山西路8号")
    await new.locator("input[name$=-main]").check()
    await expect(places.locator("input[name$=-main]").first).not_to_be_checked()
    await page.locator(f"[name=own_{code}]").fill("41")
    await alice.picture(pictures, "customer-change")
    await alice.press("Control+Enter")
    facts = page.locator("#card")
    await expect(facts).to_contain_text(f"{other[:3]}****{other[-4:]}")  # agents read numbers masked
    await expect(facts).to_contain_text("海曙区中山西路8号")
    await expect(facts).to_contain_text("鞋码")
    await alice.picture(pictures, "customer-card")
    kept = await lead.get(f"/api/crm/customers/{who['id']}/")
    assert len(kept["phones"]) == len(who["phones"]) + 1
    main = [place["street"] for place in kept["addresses"] if place["main"]]
    assert (main, len(kept["addresses"])) == (["中山西路8号"], len(who["addresses"]) + 1)
    assert kept["fields"][code] == 41
    ledger.rows("UPDATE crm_customfield SET active = false WHERE code = %s", code)
    await call.hears(MICROPHONE)
    await page.locator("body").press("F4")  # the call's keys work from within
    await call.wait_ended()


async def test_given_two_customers_when_compared_by_keys_then_they_are_one_and_can_be_two_again(
    desks: MakeDesk, lead: Api, pictures: Path
) -> None:
    name = f"上官{mark()}"
    left = await customer(lead, f"{name}芳", email="left@example.com")
    right = await customer(lead, f"{name}", email="right@example.com")
    desk = await desks("admin", path=f"/crm/customers/{left['id']}/merge/{right['id']}/")
    await ready(desk.page)
    await desk.press("ArrowRight")
    await expect(desk.at(f"[name=keep][value='{right['id']}']")).to_be_checked()
    await expect(desk.at(f"[name=take_email][value='{right['id']}']")).to_be_checked()  # who stays brings their values along
    await desk.at(f"[name=take_name][value='{left['id']}']").check()
    await desk.picture(pictures, "compare")
    await desk.press("m")
    await desk.page.wait_for_url(re.compile(f"/crm/customers/{right['id']}/$"))
    await expect(desk.at("#card")).to_contain_text(f"{name}芳")
    await expect(desk.at("#card")).to_contain_text("right@example.com")
    await expect(desk.at(".merges")).to_contain_text(left["number"])
    desk.page.on("dialog", lambda dialog: dialog.accept())
    await desk.at(".merges button").click()
    await expect(desk.at(".merges")).to_have_count(0)
    again = await lead.get(f"/api/crm/customers/{left['id']}/")
    assert (again["name"], again["email"]) == (f"{name}芳", "left@example.com")
    assert (await lead.get(f"/api/crm/customers/{right['id']}/"))["name"] == name


async def test_given_a_file_when_its_columns_are_named_and_tried_then_the_import_does_what_it_said_and_gives_back_the_refused(
    desks: MakeDesk, ledger: Ledger, pictures: Path
) -> None:
    family, good = f"诸葛{mark()}", [number() for _ in range(3)]
    lines = [f"{family}{n},{phone},杭州市" for n, phone in enumerate(good)]
    table = "\n".join(["称呼一栏,手机,城市", *lines, f"{family}错,12,杭州市"])
    desk = await desks("admin", path="/crm/customers/import/")
    await ready(desk.page)
    await desk.page.evaluate("window.same = true")
    upload = {"name": "customers.csv", "mimeType": "text/csv", "buffer": table.encode()}
    await desk.at("#import-form input[type=file]").set_input_files(upload)  # type: ignore[arg-type]
    await expect(desk.at("[data-part=name]")).to_have_text("customers.csv")
    column = desk.page.locator("#columns tbody tr", has_text="称呼一栏")
    await expect(column.locator("select")).to_have_value("")
    await column.locator("select").select_option("name")
    await expect(column).not_to_have_class("off")
    await desk.at("#columns button[value=try]").click()
    line = desk.at("#told .job-line")
    await expect(line).to_have_attribute("data-state", "done", timeout=30_000)
    await expect(line).to_contain_text("4 / 4")
    count = "SELECT count(*) FROM crm_customer WHERE name LIKE %s"
    assert ledger.rows(count, f"{family}%") == [(0,)]  # nothing yet
    tried = await line.locator("a[href*='/refused/']").get_attribute("href")
    await desk.at("#columns button[value=import]").click()
    await expect(desk.at("#told a[href*='/refused/']")).not_to_have_attribute("href", str(tried), timeout=30_000)
    await expect(line).to_have_attribute("data-state", "done", timeout=30_000)
    await desk.picture(pictures, "import")
    await until(lambda: ledger.rows(count, f"{family}%") == [(3,)], 20, "three are in the book")
    async with desk.page.expect_download() as waiting:
        await line.locator("a[href*='/refused/']").click()
    refused = Path(await (await waiting.value).path()).read_text("utf-8-sig")
    assert f"{family}错" in refused and f"{family}0" not in refused
    assert await desk.page.evaluate("window.same"), "the page stayed"
