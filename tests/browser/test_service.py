"""Service in a real browser: tickets from desk to branch, answers and scripts beside a call, news that has to be read."""

import re
from pathlib import Path
from typing import Any

from playwright.async_api import expect

from tests.asterisk.conftest import MakeCaller, Stack
from tests.asterisk.ledger import Ledger, until
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.browser.office_pages import customer, framed, mark, number, ready, tool
from tests.browser.test_calls import talking
from tests.phones.seat import Api

STEPS = {
    "start": "asked",
    "steps": {
        "asked": {
            "text": "您对这次购物满意吗？", "answer": "yes_no",
            "options": [{"value": "yes", "label": "满意", "next": "score"}, {"value": "no", "label": "不满意", "next": "why"}],
        },
        "why": {"text": "是哪方面让您不满意？", "answer": "text", "next": "score"},
        "score": {"text": "您愿意打几分？", "answer": "number", "next": "bye"},
        "bye": {"text": "感谢您，再见！"},
    },
}  # fmt: skip


async def shop(lead: Api, ledger: Ledger, stack: Stack) -> tuple[Any, dict[str, str]]:
    """A branch, and its login, which has the password of a seat of the demo."""
    name = f"shop{mark()}"
    known = next(login for login in stack["logins"] if login["username"] == "a1005")
    ledger.rows(
        "INSERT INTO auth_user (username, password, is_active, is_staff, is_superuser, first_name, last_name, email, date_joined)"
        " SELECT %s, password, true, false, false, '', '', '', now() FROM auth_user WHERE username = 'a1005'",
        name,
    )
    ledger.rows(
        "INSERT INTO auth_user_groups (user_id, group_id)"
        " SELECT u.id, g.id FROM auth_user u, auth_group g WHERE u.username = %s AND g.name = 'branch'",
        name,
    )
    branch = {"code": name, "name": "杭州西湖店", "phone": "057188887777", "city": "杭州市", "logins": [name]}
    return await lead.post("/api/office/branches/", branch), {**known, "username": name, "extension": "", "token": ""}


async def test_given_a_complaint_when_it_goes_from_desk_to_branch_then_each_sees_what_they_may_do_and_the_branch_only_its_own(
    desks: MakeDesk, lead: Api, ledger: Ledger, stack: Stack, pictures: Path
) -> None:
    home = {"province": "浙江省", "city": "杭州市", "district": "西湖区", "street": "文三路1号"}
    who = await customer(lead, "慕容雪", addresses=[home])
    branch, login = await shop(lead, ledger, stack)
    other = await lead.post("/api/crm/tickets/", {"customer": who["id"], "text": "与分店无关"})
    agent = await desks("a1002", path=f"/crm/tickets/new/?customer={who['id']}")
    await ready(agent.page)
    await agent.at("#record [name=text]").fill("空气炸锅用了两次就不加热，要求上门维修。")
    await agent.at("#record [name=kind]").select_option("work_order")
    await agent.at("#record [name=severity]").select_option("3")
    await agent.at("#record [name=category]").select_option(label="售后 / 维修")
    await agent.at("#record [name=product]").fill("1004")
    await agent.press("Control+Enter")
    await agent.page.wait_for_url(re.compile(r"/crm/tickets/\d+/$"))
    key = agent.page.url.rstrip("/").rpartition("/")[2]
    acts = agent.at("#card [hx-get*='act=']")
    asked = "els => els.map((one) => one.getAttribute('hx-get').split('act=')[1]).sort()"
    may = set(await acts.evaluate_all(asked))
    assert {"start", "shut", "call"} <= may and not {"hand", "assign", "recall"} & may, may
    await agent.at("#card [hx-get*='act=start']").click()
    await agent.at("#box [name=text]").fill("已联系客户，确认在保修期内。")
    await agent.at("#box button[type=submit]").click()
    await expect(agent.at("#card .timeline")).to_contain_text("已联系客户")
    await expect(agent.at("#card [hx-get*='act=start']")).to_have_count(0)  # it is worked on

    expert = await desks("admin", path=f"/crm/tickets/{key}/")
    await ready(expert.page)
    await expert.at("#card [hx-get*='act=hand']").click()
    await expert.at("#box [name=branch]").select_option(str(branch["id"]))
    await expert.at("#box [name=text]").fill("请明天上午上门")
    await expert.at("#box button[type=submit]").click()
    await expect(expert.at("#card")).to_contain_text("057188887777")  # as one dials it here

    stack["logins"].append(login)
    try:
        clerk = await desks(login["username"], path="/crm/tickets/")
    finally:
        stack["logins"].remove(login)
    await ready(clerk.page)
    rows = clerk.at("#found tbody tr")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("文三路1号")
    await clerk.picture(pictures, "branch-tickets")
    await rows.focus()
    await clerk.press("Enter")
    await clerk.page.wait_for_url(re.compile(f"/crm/tickets/{key}/"))
    await ready(clerk.page)
    assert set(await clerk.at("#card [hx-get*='act=']").evaluate_all(asked)) == {"back", "settle", "start"}
    await clerk.at("#card [hx-get*='act=settle']").click()
    await clerk.at("#box [name=resolution]").fill("更换加热管，试用正常。")
    await clerk.at("#box button[type=submit]").click()
    await expect(clerk.at("#card .settled")).to_contain_text("更换加热管")
    assert (await clerk.ask("GET", f"/crm/tickets/{other['id']}/"))[0] == 404
    assert ledger.rows("SELECT state FROM crm_ticket WHERE id = %s", key) == [("settled",)]
    await expert.page.reload()
    await ready(expert.page)
    await expert.at(".note-line textarea").fill("三天后回访，确认使用正常。")
    await expert.press("Control+Enter")
    await expect(expert.at(".timeline")).to_contain_text("三天后回访")
    await expert.picture(pictures, "ticket")


async def test_given_news_a_question_and_a_script_when_read_judged_and_gone_through_in_a_call_then_all_is_kept_and_it_goes_on(
    desks: MakeDesk, callers: MakeCaller, lead: Api, ledger: Ledger, pictures: Path
) -> None:
    mine, ani = mark(), number()
    await customer(lead, f"司马{mine}", ani)
    await lead.post("/api/crm/scripts/", {"title": f"回访{mine}", "situation": "service", "text": "您好", "steps": STEPS})
    news = await lead.post("/api/crm/news/", {"title": f"今晚节目{mine}", "text": "主推不粘炒锅", "must_read": True})
    agent: Desk = await (await desks("a1003")).sign_in()
    call = await talking(agent, callers("direct", ani=ani))

    strip = agent.at("#notices .notice-line").first
    await expect(strip).to_be_visible()
    await strip.click()
    page = framed(agent, "/crm/news/to-confirm/")
    piece = page.locator("article", has_text=mine)
    await expect(piece).to_be_visible()
    await agent.picture(pictures, "news-to-confirm")
    for _ in range(await page.locator("article").count()):  # the demo's own, too
        first = page.locator("article h2").first
        title = await first.inner_text()
        await page.locator("article button").first.click()
        await expect(page.locator("article h2", has_text=title)).to_have_count(0)
    await expect(
        agent.at(
            "#notices .notice-line",
        )
    ).to_have_count(0)
    read = "SELECT count(*) FROM crm_newsreceipt r JOIN auth_user u ON u.id = r.user_id WHERE news_id = %s AND confirmed_at IS NOT NULL"
    await until(lambda: ledger.rows(read, news["id"]) == [(1,)], 20, "it is confirmed")
    ledger.rows("UPDATE crm_news SET until = now() WHERE id = %s", news["id"])  # nobody else is asked

    await agent.press("Alt+1")  # the call again
    await tool(agent, "book-2")
    page = framed(agent, "/crm/knowledge/")
    await expect(page.locator("html")).to_have_attribute("data-ready", "1")
    await page.locator("#q").fill("七天内可以退货吗")
    await expect(page.locator("details[open] .answer-text")).to_contain_text("无理由退货")
    await page.locator("#q").press("ArrowDown")
    await expect(page.locator("#found summary").first).to_be_focused()
    useful = page.locator("details[open] .votes button").first
    await useful.click()
    await expect(page.locator("details[open] .votes button").first).to_have_attribute("aria-pressed", "true")
    await agent.picture(pictures, "knowledge")
    vote = "SELECT v.useful, v.call <> '' FROM crm_articlevote v JOIN auth_user u ON u.id = v.user_id WHERE u.username = 'a1003'"
    assert (True, True) in ledger.rows(vote)

    await agent.press("Alt+1")
    await tool(agent, "quote")
    page = framed(agent, "/crm/scripts/run/")
    await page.locator(".choice", has_text=mine).click()
    say = page.locator(".say")
    await expect(say).to_contain_text("满意吗")
    await expect(page.locator("html")).to_have_attribute("data-ready", "1")
    await expect(page.locator("[data-digit='1']")).to_be_focused()
    await agent.press("2")
    await expect(say).to_contain_text("哪方面")
    await expect(page.locator("textarea[name=value]")).to_be_focused()
    await agent.page.keyboard.type("配送慢了3天")  # a digit is text here
    await agent.press("Control+Enter")
    await expect(say).to_contain_text("几分")
    await expect(page.locator("input[name=value]:not([type=hidden])")).to_be_focused()
    await agent.page.keyboard.type("8")
    await agent.press("Enter")
    await expect(say).to_contain_text("再见")
    await agent.picture(pictures, "script")
    await agent.press("Enter")
    await expect(page.locator(".runner")).to_have_attribute("data-finished", "1")
    answers = """SELECT a.step, a.value, r.call <> '', r.finished_at IS NOT NULL FROM crm_scriptanswer a
                 JOIN crm_scriptrun r ON r.id = a.run_id JOIN crm_script s ON s.id = r.script_id WHERE s.title = %s ORDER BY a.place"""
    found = ledger.rows(answers, f"回访{mine}")
    assert found[:3] == [("asked", "no", True, True), ("why", "配送慢了3天", True, True), ("score", "8", True, True)]
    await call.hears(MICROPHONE)
    await call.hangup()


async def test_given_the_editor_of_scripts_when_steps_are_added_and_joined_then_they_are_kept_as_they_were_drawn(
    desks: MakeDesk, ledger: Ledger, pictures: Path
) -> None:
    title = f"话术{mark()}"
    desk = await desks("admin", path="/crm/scripts/new/")
    await ready(desk.page)
    field, steps = desk.page.locator, desk.at("#record .step")
    await field("[name=title]").fill(title)
    await field("#record [name=text]").fill("您好，我是客服。")
    await field("button[name=table][value=begin]").click()
    await expect(steps).to_have_count(1)
    await field("[name=s0-name]").fill("need")
    await field("[name=s0-text]").fill("您想了解哪类商品？")
    await field("[name=s0-answer]").select_option("text")
    await expect(field("[name=s0-required][type=checkbox]")).to_be_visible()
    await expect(desk.page).to_have_url(re.compile("/new/$"))  # drawn anew, and not saved
    await field("[name=s0-answer]").select_option("choice")
    await expect(field("button[name=table][value='option:0']")).to_be_visible()
    for place, label in enumerate(("厨具", "服饰")):
        if not await field(f"[name=s0-o{place}-label]").count():
            await field("button[name=table][value='option:0']").click()
        await field(f"[name=s0-o{place}-label]").fill(label)
    await field("button[name=table][value=add]").click()
    await expect(steps).to_have_count(2)
    await expect(field("[name=s1-text]")).to_be_focused()
    await field("[name=s1-name]").fill("bye")
    await field("[name=s1-text]").fill("感谢您的来电。")
    await field("button[name=table][value=add]").click()
    await expect(steps).to_have_count(3)
    await field("[name=s2-name]").fill("pan")
    await field("[name=s2-text]").fill("今晚的炒锅有特价。")
    await field("button[name=table][value='up:2']").click()
    await expect(field("[name=s1-name]")).to_have_value("pan")
    await expect(field("[name=s0-text]")).to_have_value("您想了解哪类商品？")  # nothing that was written is lost
    await field("[name=s0-o0-next]").select_option("pan")
    await field("[name=s0-o1-next]").select_option("bye")
    await field("[name=s1-next]").select_option("bye")
    await desk.press("Control+Enter")
    await expect(field("#record .errors")).to_contain_text("pan")  # each new step follows the one before: now in a circle
    await expect(field("[name=s2-next]")).to_have_value("pan")
    await field("[name=s2-next]").select_option("")
    await desk.picture(pictures, "script-editor")
    await desk.press("Control+Enter")
    kept = "SELECT steps FROM crm_script WHERE title = %s"
    await desk.page.wait_for_url(re.compile(r"/crm/scripts/\d+/$"))
    found = ledger.rows(kept, title)
    tree = found[0][0]
    assert (tree["start"], set(tree["steps"])) == ("need", {"need", "pan", "bye"})
    assert [(one["label"], one["next"]) for one in tree["steps"]["need"]["options"]] == [("厨具", "pan"), ("服饰", "bye")]
    assert tree["steps"]["pan"]["next"] == "bye"
