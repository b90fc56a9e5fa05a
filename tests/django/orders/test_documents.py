"""Delivery note and invoice on paper."""

import io
from decimal import Decimal

import pytest
from pypdf import PdfReader

from ccenter.calls.models import CentreSettings
from orders import documents
from orders.models import Product
from orders.services import invoices
from tests.django.orders.shop import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    CentreSettings.objects.create(name="家有好物电视购物")
    shop = Shop()
    Product.objects.filter(pk=shop.pan.pk).update(name="不粘炒锅 <b>龍</b>")
    return shop


def read(paper: bytes) -> tuple[str, set[str]]:
    """The text without breaks, and the names of the fonts that are inside."""
    reader = PdfReader(io.BytesIO(paper))
    fonts = set()
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = inner["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(descriptor), "a font that is not inside prints as boxes elsewhere"
            fonts.add(str(descriptor["/FontName"]))
    return "".join(page.extract_text() for page in reader.pages).replace("\n", ""), fonts


def test_given_an_order_to_be_shipped_when_its_note_is_printed_then_the_carrier_reads_all_of_it_in_chinese(shop: Shop) -> None:
    order = shop.order("picking", wish="请放门卫室")
    text, fonts = read(documents.delivery_note(order))
    for wanted in (
        "送货单",
        order.number,
        "王芳",
        "13800138000",
        "浙江省杭州市西湖区文三路1号",
        "顺丰",
        "请放门卫室",
        "<b>龍</b>",
        "265.90",
    ):
        assert wanted in text, wanted
    assert any("WenQuanYi" in font or "Noto" in font for font in fonts), fonts


def test_given_an_english_customer_when_the_note_is_printed_then_it_is_in_english(shop: Shop) -> None:
    shop.customer.language = "en"
    shop.customer.save()
    text, _fonts = read(documents.delivery_note(shop.order("shipped")))
    assert "Delivery note" in text
    assert "SF7" in text


def test_given_an_invoice_when_it_is_withdrawn_then_the_paper_says_so(shop: Shop) -> None:
    order = shop.order(
        "delivered", invoice_kind="company", invoice_title="杭州好物有限公司", invoice_tax_number="91330106MA2XXXXX0X"
    )
    paper = invoices.issue(order, shop.fred)
    text, _fonts = read(documents.invoice(paper))
    for wanted in ("发票", paper.number, "杭州好物有限公司", "91330106MA2XXXXX0X", "265.90 CNY", "家有好物电视购物"):
        assert wanted in text, wanted
    assert "已作废" not in text
    assert paper.amount == Decimal("265.90")
    text, _fonts = read(documents.invoice(invoices.void(paper, shop.fred, "抬头错误")))
    assert "已作废" in text
    assert "抬头错误" in text


def test_given_many_lines_when_the_note_is_printed_then_it_has_more_pages(shop: Shop) -> None:
    goods = [Product.objects.create(code=f"5{n:03}", name=f"家居好物 {n}", price=1, stocked=False) for n in range(60)]
    order = shop.order("picking", *((one, 1) for one in goods))
    reader = PdfReader(io.BytesIO(documents.delivery_note(order)))
    assert len(reader.pages) > 1
    assert all(
        one.name.replace(" ", "") in "".join(page.extract_text() for page in reader.pages).replace(" ", "") for one in goods
    )
