"""The entry of an order as a page: what is typed is kept, nothing is written twice or over somebody else's words."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from crm.models import Customer
from orders.models import GiftRule, Order, PointTerms, Product
from orders.services import drafts, points
from tests.django.orders.shop import Shop, product, worker

pytestmark = pytest.mark.django_db
ENTRY, SUBMIT, DROP = "/orders/new/", "/orders/new/submit/", "/orders/new/drop/"


@pytest.fixture
def shop() -> Shop:
    return Shop()


def at(user: Any) -> Client:
    """A browser in which this user is signed in."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def sent(shop: Shop, **more: Any) -> dict[str, Any]:
    """The form with two pans and a pot, as the page sends it."""
    return {"customer": shop.customer.pk, "call": "c1", "code": ["1001", "1002"], "quantity": ["2", "1"], **more}


def again(order: Order, **more: Any) -> dict[str, Any]:
    """The form of an order that is there."""
    return {"order": order.number, "version": Order.objects.get(pk=order.pk).version, **more}


def test_given_a_first_product_when_kept_then_the_draft_has_address_way_fee_and_call(shop: Shop) -> None:
    answer = at(shop.anna).post(ENTRY, sent(shop))
    order = Order.objects.get()
    assert (order.state, order.call, order.taken_by, order.agent) == ("draft", "c1", shop.anna, "1001")
    assert (order.recipient, order.street, order.method) == ("王芳", "文三路1号", shop.method)
    assert (order.subtotal, order.delivery_fee, order.total) == (Decimal("259.90"), Decimal(6), Decimal("265.90"))
    assert f'value="{order.number}"' in answer.text
    assert "¥265.90" in answer.text


def test_given_nothing_ordered_yet_when_kept_then_no_draft_is_written(shop: Shop) -> None:
    at(shop.anna).post(ENTRY, {"customer": shop.customer.pk, "call": "c1", "note": "calls again"})
    assert not Order.objects.exists()


def test_given_an_answer_that_was_lost_when_sent_again_then_there_is_one_draft_with_what_was_sent_last(shop: Shop) -> None:
    page = at(shop.anna)
    for call in ("c1", ""):
        page.post(ENTRY, sent(shop, call=call))
        page.post(ENTRY, sent(shop, call=call, again="1", quantity=["3", "1"], version=""))
        order = Order.objects.get(call=call)
        assert [line.quantity for line in order.lines.order_by("position")] == [3, 1]
        page.post(DROP, again(order))


def test_given_a_lost_call_when_the_customer_is_opened_again_then_the_draft_goes_on_where_it_was(shop: Shop) -> None:
    page = at(shop.anna)
    page.post(ENTRY, sent(shop, note="green, if there is"))
    order = Order.objects.get()
    for query in ({"call": "c1"}, {"call": "c2"}, {}):
        opened = page.get(ENTRY, {"customer": shop.customer.pk, **query}).text
        assert order.number in opened and "green, if there is" in opened
    assert "goes on here" in page.get(ENTRY, {"customer": shop.customer.pk, "call": "c2"}).text
    assert order.number not in page.get(ENTRY, {"customer": shop.customer.pk, "call": "c2", "new": "1"}).text
    assert order.number not in at(worker("bert", "expert")).get(ENTRY, {"customer": shop.customer.pk}).text


def test_given_what_cannot_be_read_when_kept_then_it_is_told_and_the_rest_is_kept(shop: Shop) -> None:
    page = at(shop.anna)
    page.post(ENTRY, sent(shop))
    order = Order.objects.get()
    typed = {"phone": "12", "invoice_tax_number": "9133", "note": "ring twice", "quantity": ["4", "1"]}
    answer = page.post(ENTRY, sent(shop, **again(order, **typed))).text
    assert "Not a telephone number." in answer
    assert 'id="oe-why-invoice_tax_number" data-part></small>' not in answer
    order.refresh_from_db()
    assert (order.note, order.invoice_tax_number, order.subtotal) == ("ring twice", "", Decimal("459.90"))
    page.post(ENTRY, sent(shop, **again(order, quantity=["x", "1"], note="ring once")))
    order.refresh_from_db()
    assert (order.note, order.subtotal) == ("ring once", Decimal("459.90"))
    refused = page.post(ENTRY, sent(shop, **again(order, code=["1001", "nothing"])))
    assert "There is no such product: nothing" in refused.text
    assert 'data-state="refused"' in refused.text


def test_given_a_reader_of_masked_numbers_when_the_mask_comes_back_untouched_then_the_number_stays(shop: Shop) -> None:
    page = at(shop.anna)
    page.post(ENTRY, sent(shop))
    order = Order.objects.get()
    assert "138****8000" in page.get(ENTRY, {"order": order.number}).text
    assert "13800138000" not in page.get(ENTRY, {"order": order.number}).text
    for typed, kept in (("138****8000", "+8613800138000"), ("139****8000", "+8613800138000"), ("13911112222", "+8613911112222")):
        answer = page.post(ENTRY, sent(shop, **again(order, phone=typed)))
        order.refresh_from_db()
        assert order.phone == kept
        assert ("This is masked" in answer.text) is typed.startswith("139****")


def test_given_gifts_and_points_when_chosen_then_they_follow_the_lines(shop: Shop) -> None:
    cup, bag = product("9001", "20", gift_only=True), product("9002", "30", gift_only=True)
    small, big = (
        GiftRule.objects.create(name=name, gift=gift, least_amount=Decimal(least), group="over")
        for name, gift, least in (("small", cup, 200), ("big", bag, 400))
    )
    PointTerms.objects.create(since="2020-01-01T00:00Z", worth=Decimal("0.01"), step=100, least=100)
    points.adjust(shop.customer, 550, "welcome", None)
    page = at(shop.anna)
    answer = page.post(ENTRY, sent(shop, gift=[small.pk], points_used="500")).text
    order = Order.objects.get()
    assert [(line.gift_rule_id, line.quantity) for line in order.gifts] == [(small.pk, 1)]
    assert (order.points_used, order.points_value) == (500, Decimal(5))
    assert 'data-most="500"' in answer
    answer = page.post(ENTRY, sent(shop, **again(order, gift=[small.pk], quantity=["5", "1"]))).text
    assert Order.objects.get().gifts == []  # another one is proposed now
    assert "big" in answer
    page.post(ENTRY, sent(shop, **again(order, gift=[big.pk, small.pk], quantity=["5", "1"])))
    assert [line.gift_rule_id for line in Order.objects.get().gifts] == [big.pk]
    twin = GiftRule.objects.create(name="twin", gift=cup, least_amount=Decimal(400), group="over")
    page.post(ENTRY, sent(shop, **again(order, gift=[big.pk, twin.pk], quantity=["5", "1"])))
    assert len(Order.objects.get().gifts) == 1  # of a group, one


def test_given_the_address_of_another_place_when_chosen_then_it_and_the_fee_are_taken_and_drawn(shop: Shop) -> None:
    place = {"province": "四川省", "city": "成都市", "district": "锦江区", "street": "红星路2号"}
    other = shop.customer.addresses.create(**place, receiver="李强", phone="+8613911112222")
    page = at(shop.anna)
    page.post(ENTRY, sent(shop))
    order = Order.objects.get()
    answer = page.post(ENTRY, sent(shop, **again(order, where=other.pk, city="杭州市", phone="138****8000"))).text
    order.refresh_from_db()
    assert (order.recipient, order.phone, order.city, order.delivery_fee) == ("李强", "+8613911112222", "成都市", Decimal(10))
    assert "data-moved" in answer
    stranger = Customer.objects.create(number="90000001", name="x").addresses.create(city="x")
    page.post(ENTRY, sent(shop, **again(order, where=stranger.pk)))
    assert Order.objects.get().city == "成都市"


def test_given_a_draft_when_submitted_then_it_is_in_the_review_and_its_number_is_told(shop: Shop) -> None:
    page = at(shop.anna)
    page.post(ENTRY, sent(shop))
    order = Order.objects.get()
    answer = page.post(SUBMIT, again(order)).text
    order.refresh_from_db()
    assert order.state == "submitted"
    assert f"Order {order.number} is submitted." in answer
    assert 'data-state="done"' in answer
    assert f"Order {order.number} is submitted." in page.post(SUBMIT, again(order)).text  # the answer was lost
    assert page.get(ENTRY, {"order": order.number}).status_code == 302
    assert "only" in page.post(ENTRY, sent(shop, **again(order))).text.lower()


def test_given_something_missing_when_submitted_then_each_reason_stands_at_its_field(shop: Shop) -> None:
    page = at(shop.anna)
    page.post(ENTRY, sent(shop, invoice_kind="company", street=""))
    order = Order.objects.get()
    answer = page.post(SUBMIT, again(order)).text
    for name in ("street", "invoice_title", "invoice_tax_number"):
        assert f'id="oe-why-{name}" data-part></small>' not in answer
    assert 'id="oe-why-city" data-part></small>' in answer
    assert Order.objects.get().state == "draft"
    nothing = page.post(SUBMIT, {"customer": shop.customer.pk, "call": "c9"}).text
    assert "Nothing is ordered yet." in nothing


def test_given_a_new_price_when_submitted_then_it_is_refused_once_with_the_new_total_on_screen(shop: Shop) -> None:
    page = at(shop.anna)
    page.post(ENTRY, sent(shop))
    order = Order.objects.get()
    Product.objects.filter(pk=shop.pan.pk).update(price=Decimal(120))
    answer = page.post(SUBMIT, again(order)).text
    assert "The price is now 120" in answer
    assert "¥305.90" in answer or "¥299.90" in answer
    page.post(SUBMIT, again(order))
    assert Order.objects.get().state == "submitted"


def test_given_somebody_else_changed_the_draft_when_kept_then_it_says_who_and_writes_nothing(shop: Shop) -> None:
    page, lead = at(shop.anna), worker("lena", "lead")
    page.post(ENTRY, sent(shop))
    order = Order.objects.get()
    old = again(order)
    drafts.change(order, lead, {"note": "hers"})
    for more in ({}, {"again": "1"}):
        answer = page.post(ENTRY, sent(shop, **old, note="mine", **more)).text
        assert "lena" in answer and 'data-state="stale"' in answer
        assert Order.objects.get().note == "hers"
    assert 'data-state="stale"' in page.post(SUBMIT, old).text
    assert Order.objects.get().state == "draft"
    page.post(ENTRY, sent(shop, **again(order), note="mine"))
    assert Order.objects.get().note == "mine"


def test_given_others_drafts_and_customers_out_of_scope_then_they_are_not_there(shop: Shop) -> None:
    at(shop.anna).post(ENTRY, sent(shop))
    order = Order.objects.get()
    bert = at(worker("bert", "expert"))
    assert bert.get(ENTRY, {"order": order.number}).status_code == 404
    assert bert.post(SUBMIT, again(order)).status_code == 404
    assert bert.post(DROP, again(order)).status_code == 404
    assert bert.get(ENTRY, {"customer": "999999"}).status_code == 404
    assert at(shop.will).get(ENTRY, {"customer": shop.customer.pk}).status_code == 403
    assert Client().get(ENTRY).status_code == 302
    assert Order.objects.get().state == "draft"


def test_given_many_lines_when_kept_then_it_takes_no_more_queries_than_with_one(
    shop: Shop, django_assert_max_num_queries: Any
) -> None:
    page = at(shop.anna)
    page.post(ENTRY, sent(shop))
    order = Order.objects.get()
    codes = [product(f"2{n:03}", "10").code for n in range(20)]
    form = sent(shop, **again(order, code=codes, quantity=["2"] * 20))
    with django_assert_max_num_queries(KEEPING):
        page.post(ENTRY, form)
    assert Order.objects.get().lines.count() == 20


KEEPING = 23  # six of them: who asks, begin and end
