"""Orders in a real browser: taken beside a call by keys alone, kept through a lost page, reviewed one after the other."""

import re
from pathlib import Path

from playwright.async_api import FrameLocator, expect

from tests.asterisk.conftest import MakeCaller
from tests.asterisk.ledger import Ledger, until
from tests.browser.conftest import MakeDesk
from tests.browser.desk import MICROPHONE, Desk
from tests.browser.test_calls import talking

BUYER, OTHER = "13300000000", "13100000001"  # of the demo, with addresses; what is left of one test is no other's draft
MOST_KEYS = 40  # at one and a half a second, which is slow, less than 30 seconds


class Keys:
    """A keyboard that counts."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.count = desk, 0

    async def press(self, *keys: str) -> None:
        self.count += len(keys)
        await self.desk.press(*keys)

    async def type(self, text: str) -> None:
        self.count += len(text)
        await self.desk.page.keyboard.type(text)


def entry(desk: Desk) -> FrameLocator:
    """The order entry in front."""
    return desk.page.frame_locator("iframe[src^='/orders/new/']:not([hidden])")


async def test_given_a_caller_when_an_order_is_entered_by_keys_then_it_takes_few_and_the_order_waits_for_review(
    alice: Desk, callers: MakeCaller, ledger: Ledger, pictures: Path
) -> None:
    call = await talking(alice, callers("direct", ani=BUYER))
    keys, form = Keys(alice), entry(alice)
    await keys.press("o")
    await expect(form.locator("#oe-product")).to_be_focused()
    await keys.type("bzcg")  # 不粘炒锅 by its initials
    await keys.press("Enter")
    await expect(form.locator("#oe-q-1001")).to_be_focused()
    await keys.type("2")
    await keys.press("Enter")
    await keys.type("1003")
    await keys.press("Enter", "Enter")
    await expect(form.locator("[name=gift]")).to_have_count(2)
    await keys.press("Alt+g")
    await expect(form.locator("#oe-gifts :checked")).to_have_count(2)
    await alice.picture(pictures, "order-entry")
    await keys.press("Alt+i", "ArrowDown")  # a personal invoice
    await expect(form.locator("#oe-invoice_kind")).to_have_value("personal")
    await keys.press("Control+Enter")
    await expect(form.locator(".oe-done h1")).to_contain_text(re.compile(r"\d{8}"))
    await alice.picture(pictures, "order-entered")
    assert keys.count <= MOST_KEYS
    number = await form.locator(".oe-done").get_attribute("data-number")
    rows = ledger.rows(
        """SELECT o.state, o.agent, o.call <> '', o.invoice_kind, o.recipient <> '', o.street <> '', o.method_id IS NOT NULL,
                  (SELECT string_agg(l.code || 'x' || l.quantity, ' ' ORDER BY l.position) FROM orders_orderline l
                    WHERE l.order_id = o.id AND l.gift_rule_id IS NULL),
                  (SELECT count(*) FROM orders_orderline l WHERE l.order_id = o.id AND l.gift_rule_id IS NOT NULL)
           FROM orders_order o WHERE o.number = %s""",
        number,
    )
    assert rows == [("submitted", alice.agent, True, "personal", True, True, True, "1001x2 1003x1", 2)]
    await alice.press("Escape")  # the tab is done with, the call is in front
    await expect(alice.at("#pop-tabs [aria-selected=true]")).to_have_attribute("data-phase", "talking")
    await expect(alice.at("#order")).to_have_value(str(number))
    await call.hears(MICROPHONE)
    await call.hangup()


async def test_given_an_order_half_entered_when_page_and_call_are_lost_then_it_goes_on_where_it_was(
    alice: Desk, callers: MakeCaller, ledger: Ledger
) -> None:
    call = await talking(alice, callers("direct", ani=OTHER))
    form = entry(alice)
    await alice.press("o")
    await expect(form.locator("#oe-product")).to_be_focused()
    await alice.page.keyboard.type("1002")
    await alice.press("Enter")
    await alice.page.keyboard.type("3")
    await expect(form.locator("#oe-number")).to_have_text(re.compile(r"\d{8}"))
    number = await form.locator("#oe-number").inner_text()
    await alice.page.reload()  # what was typed last goes with the page
    await alice.loaded()
    await call.hears(MICROPHONE)
    await call.hangup()
    await until(
        lambda: ledger.rows("SELECT l.quantity FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id WHERE o.number = %s", number)
        == [(3,)],
        20,
        "the quantity is kept",
    )  # fmt: skip
    await expect(alice.at("#summary")).to_be_focused()
    await alice.press("Escape", "o")
    await expect(form.locator("#oe-number")).to_have_text(number)
    await expect(form.locator("#oe-q-1002")).to_have_value("3")
    assert ledger.rows("SELECT count(*) FROM orders_order WHERE state = 'draft' AND agent = %s", alice.agent)[0][0] >= 1
    await form.locator("#oe-drop").click()
    await form.locator("#oe-drop").click()
    await expect(form.locator(".oe-done")).to_be_visible()


async def test_given_a_customer_with_points_when_goods_are_had_for_them_by_keys_then_the_points_are_used_and_the_rest_is_to_be_paid(
    desks: MakeDesk, ledger: Ledger, pictures: Path
) -> None:
    whose = "SELECT id, points FROM crm_customer WHERE points BETWEEN 2000 AND 20000 AND merged_into_id IS NULL ORDER BY random() LIMIT 1"
    [(who, points)] = ledger.rows(whose)
    desk = await desks("a1004", path=f"/orders/new/?customer={who}&new=1")
    await expect(desk.at("#oe-product")).to_be_focused()
    await desk.press("Alt+x")
    await expect(desk.at("[data-exchange]").first).to_be_focused()  # the cheapest: 2000 points and 10.00
    await desk.press("Enter")
    await expect(desk.at("#oe-lines [name=pieces]")).to_be_focused()
    await expect(desk.at("#oe-number")).to_have_text(re.compile(r"\d{8}"))
    await expect(desk.at("#oe-sums")).to_contain_text("2000")
    await desk.press("Alt+o")
    await desk.page.keyboard.type("1031")
    await desk.press("Enter")
    await expect(desk.at("#oe-q-1031")).to_be_focused()
    await expect(desk.at("#oe-lines tr")).to_have_count(2)
    await desk.picture(pictures, "order-points")
    await desk.press("Control+Enter")
    await expect(desk.at(".oe-done h1")).to_be_visible()
    number = await desk.at(".oe-done").get_attribute("data-number")
    order = "SELECT state, points_exchanged FROM orders_order WHERE number = %s"
    assert ledger.rows(order, number) == [("submitted", 2000)]
    assert ledger.rows("SELECT points FROM crm_customer WHERE id = %s", who) == [(points - 2000,)]


async def test_given_orders_to_be_reviewed_when_decided_by_keys_then_each_brings_the_next(
    desks: MakeDesk, ledger: Ledger, pictures: Path
) -> None:
    desk = await desks("admin", path="/orders/review/")
    waiting = "SELECT number FROM orders_order WHERE state = 'submitted' ORDER BY submitted_at, id"
    numbers = [row[0] for row in ledger.rows(waiting)]
    assert len(numbers) > 2, "the demo has orders to be reviewed"
    for number in numbers[:2]:
        await expect(desk.at("#record h2 a")).to_have_text(number)
        await expect(desk.at("#found tr[aria-selected=true]")).to_contain_text(number)
        await expect(desk.at("#record [name=by]")).to_be_focused()
        await desk.picture(pictures, "review")
        await desk.at("#record [name=reason]").fill("已电话核实")
        await desk.press("Control+Enter")
    await expect(desk.at("#record h2 a")).to_have_text(numbers[2])
    found = ledger.rows("SELECT state, reason FROM orders_order WHERE number = ANY(%s)", numbers[:2])
    assert found == [("approved", "已电话核实")] * 2
    assert [row[0] for row in ledger.rows(waiting)] == numbers[2:]
