"""Goods in a real browser: a product with what its category asks for, counted, and given away by a rule."""

import re
from pathlib import Path

from playwright.async_api import expect

from tests.asterisk.ledger import Ledger
from tests.browser.conftest import MakeDesk
from tests.browser.office_pages import mark, ready


async def test_given_a_new_product_when_its_category_changes_then_the_form_asks_for_other_things_and_it_can_be_counted_and_given(
    desks: MakeDesk, ledger: Ledger, pictures: Path
) -> None:
    code, kinds = mark(), "SELECT code, id::text FROM orders_productcategory"
    category = dict(ledger.rows(kinds))
    desk = await desks("admin", path="/orders/products/new/")
    await ready(desk.page)
    field = desk.page.locator
    await field("[name=code]").fill(code)
    await field("[name=name]").fill(f"珐琅锅{code}")
    await field("[name=price]").fill("299")
    await field("[name=category]").select_option(category["clothes"])
    await expect(field("[name='attributes.size']")).to_be_visible()
    await field("[name=category]").select_option(category["kitchen"])
    await expect(field("[name='attributes.size']")).to_have_count(0)
    await field("[name='attributes.power']").fill("1800")
    await field("[name='attributes.colour']").select_option("红")
    await expect(field("[name=name]")).to_have_value(f"珐琅锅{code}")
    await desk.picture(pictures, "product-form")
    await desk.press("Control+Enter")
    await desk.page.wait_for_url(re.compile(r"/orders/products/\d+/"))
    await expect(field("#card")).to_contain_text("1800")
    kept = "SELECT attributes FROM orders_product WHERE code = %s"
    assert ledger.rows(kept, code) == [({"power": 1800, "colour": "红"},)]

    await desk.page.goto(f"{desk.web}/orders/stock/?search={code}")
    await ready(desk.page)
    row = field("#found tbody tr")
    await expect(row).to_have_count(1)
    await row.click()
    await field("#record [hx-get*='act=count']").click()
    await field("#box [name=counted]").fill("12")
    await field("#box [name=reason]").fill("入库清点")
    await field("#box button[type=submit]").click()
    await expect(row).to_contain_text("12")  # the list reads again by itself
    await expect(field("#record")).to_contain_text("入库清点")
    await desk.picture(pictures, "stock-count")

    await desk.page.goto(f"{desk.web}/orders/gift-rules/new/")
    await ready(desk.page)
    await field("#record [name=name]").fill(f"满{code}赠锅")
    await field("#record [name=gift]").press_sequentially(code)
    await expect(field("#found-products option")).to_have_count(1)  # found while it is typed
    await field("#record [name=gift]").fill(str(await field("#found-products option").get_attribute("value")))
    await field("#record [name=least_amount]").fill("500")
    await field("#record [name=product]").fill(code)
    await field("#record [name=category]").select_option(category["food"])
    await desk.press("Control+Enter")
    await expect(field("#record .errors").first).to_be_visible()  # a product or a category, not both
    await expect(field("#record [name=least_amount]")).to_have_value(re.compile("^500"))
    await field("#record [name=product]").fill("")
    await desk.picture(pictures, "gift-rule")
    await desk.press("Control+Enter")
    rule = (
        "SELECT r.least_amount::int, p.code, c.code FROM orders_giftrule r JOIN orders_product p ON p.id = r.gift_id"
        " JOIN orders_productcategory c ON c.id = r.category_id WHERE r.name = %s"
    )
    await expect(field("form[data-changed]")).to_have_count(0)  # it is kept
    assert ledger.rows(rule, f"满{code}赠锅") == [(500, code, "food")]
