"""Orders as pages: lists and cards show what one may see, buttons do what the services allow, and say why where they do not."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ccenter.office.models import Job
from orders.models import Invoice, Order, Payment
from orders.services import invoices, steps
from tests.django.office.pages import browser, part, said, send
from tests.django.orders.shop import PHONE, Shop, product, worker

pytestmark = pytest.mark.django_db
LIST, REVIEW, DISPATCH = "/orders/", "/orders/review/", "/orders/dispatch/"


@pytest.fixture
def shop() -> Shop:
    return Shop()


def card(order: Order) -> str:
    return f"/orders/{order.number}/"


def version(order: Order) -> int:
    return Order.objects.get(pk=order.pk).version


def state(order: Order) -> str:
    return Order.objects.get(pk=order.pk).state


def do(user: Any, address: str, order: Order, act: str, **fields: Any) -> Any:
    return send(browser(user), address, act=act, version=version(order), **fields)


def queries(user: Any, address: str) -> int:
    client = browser(user)
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


# -- lists -----------------------------------------------------------------------------------------------------


def test_given_orders_when_listed_searched_and_filtered_then_those_are_shown_that_match(shop: Shop) -> None:
    draft, waiting = shop.draft((shop.pan, 1)), shop.order("submitted", (shop.pot, 2))
    client = browser(shop.rita)
    assert {draft.number, waiting.number} <= set(part(client, LIST).text.replace("<", " ").replace(">", " ").split())
    for query in ({"state": "submitted"}, {"search": waiting.number}, {"owing": "true"}):
        found = part(client, LIST, **query).text
        assert waiting.number in found
        assert draft.number not in found
    assert waiting.number in part(client, LIST, search="王芳").text
    assert "There is no such filter" in part(client, LIST, colour="red").text


def test_given_a_branch_when_it_lists_orders_then_it_sees_its_own_and_cards_of_others_are_not_there(shop: Shop) -> None:
    from ccenter.office.models import Branch

    login = worker("shop", "branch")
    branch = Branch.objects.create(code="hz", name="Hangzhou")
    branch.logins.add(login)
    theirs, other = shop.order("submitted", branch=branch), shop.order("submitted", (shop.pot, 1))
    client = browser(login)
    found = part(client, LIST).text
    assert theirs.number in found and other.number not in found
    assert client.get(card(theirs)).status_code == 200
    assert client.get(card(other)).status_code == 404
    assert client.get(REVIEW).status_code == 403


def test_given_newer_orders_of_others_when_a_branch_searches_then_it_still_finds_its_own(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ccenter.office.models import Branch

    login = worker("shop", "branch")
    branch = Branch.objects.create(code="hz", name="Hangzhou")
    branch.logins.add(login)
    theirs, *others = (
        shop.order("submitted", (shop.pot, 1), branch=branch),
        *(shop.order("submitted", (shop.pot, 1)) for _ in "12"),
    )
    monkeypatch.setattr("orders.selectors.lists.MOST", 1)
    found = part(browser(login), LIST, search="王芳").text
    assert theirs.number in found and not any(other.number in found for other in others)
    found = part(browser(shop.rita), LIST, search="王芳").text
    assert others[-1].number in found and theirs.number not in found


@pytest.mark.parametrize(("address", "who"), [
    (LIST, "rita"), (REVIEW, "rita"), (DISPATCH, "will"), ("/orders/payments/", "fred"), ("/orders/outstanding/owed/", "fred"),
    ("/orders/returns/", "fred"), ("/orders/invoices/", "fred"),
])  # fmt: skip
def test_given_many_rows_when_listed_then_it_takes_as_many_queries_as_with_one(shop: Shop, address: str, who: str) -> None:
    def fill() -> None:
        one = shop.order("delivered", (shop.pot, 1))
        invoices.issue(one, shop.fred)
        shop.order("submitted", (shop.pot, 1))
        shop.order("approved", (shop.pot, 1))

    fill()
    user = getattr(shop, who)
    first = queries(user, address)
    shop.pot = product("1003", "5", 100)
    for _n in range(3):
        fill()
    assert queries(user, address) == first
    assert first <= 16


def test_given_ticked_orders_when_approved_then_each_is_by_itself_and_the_refused_are_named_with_reasons(shop: Shop) -> None:
    shop.pot = product("1003", "5", 100)
    good, gone = shop.order("submitted", (shop.pan, 1)), shop.order("approved", (shop.pot, 1))
    client = browser(shop.rita)
    assert "sf" in part(client, LIST, act="approve").text or "顺丰" in part(client, LIST, act="approve").text
    rows = {"act": "approve", "row": [good.pk, gone.pk], "carrier": shop.carrier.pk, "reason": "looked at"}
    answer = send(client, LIST, **rows)
    assert state(good) == "approved"
    assert gone.number in answer.text and "cannot be done" in answer.text
    assert send(browser(shop.anna), LIST, **rows).status_code == 403


def test_given_the_list_when_exported_then_a_job_is_begun_over_what_it_shows(
    shop: Shop, django_capture_on_commit_callbacks: Any
) -> None:
    shop.order("submitted")
    answer = browser(shop.rita).post("/orders/export/?state=submitted&ordering=-created_at", {"kind": "csv"})
    job = Job.objects.get()
    assert answer.status_code == 200
    assert (job.kind, job.params["filters"]) == ("orders.export", "state=submitted&ordering=-created_at")
    assert browser(shop.rita).post("/orders/export/?colour=red").status_code == 400
    assert browser(shop.anna).post("/orders/export/").status_code == 403


# -- the card --------------------------------------------------------------------------------------------------


def test_given_an_order_when_its_card_is_opened_then_buttons_are_those_of_state_and_right(shop: Shop) -> None:
    order = shop.order("submitted")
    for user, there, absent in (
        (shop.rita, ("Approve", "Refuse", "Cancel the order"), ("Ship", "Payment came in")),
        (shop.anna, ("Change again", "Cancel the order"), ("Approve", "Payment came in")),
        (shop.fred, ("Payment came in", "Issue the invoice"), ("Approve", "Cancel the order")),
        (shop.will, (), ("Approve", "Prepare", "Cancel the order")),
    ):
        text = browser(user).get(card(order)).text
        assert [one for one in there if f"</i>{one}</button>" not in text] == [], user
        assert [one for one in absent if f"</i>{one}</button>" in text] == [], user


def test_given_a_reader_of_masked_numbers_when_the_card_is_opened_then_neither_facts_nor_history_tell_them(shop: Shop) -> None:
    order = shop.draft()
    send(browser(shop.anna), "/orders/new/", order=order.number, version=version(order), phone="13911112222", code="1001",
         quantity="1")  # fmt: skip
    assert Order.objects.get().phone == "+8613911112222"
    agent, lead = browser(shop.anna).get(card(order)).text, browser(worker("lena", "lead")).get(card(order)).text
    for secret in ("13911112222", "139 1111 2222", PHONE.removeprefix("+86")):
        assert secret not in agent
    assert "139****2222" in agent
    assert "data-token" in agent
    assert "139 1111 2222" in lead or "13911112222" in lead


def test_given_an_order_when_brought_from_review_to_the_door_by_buttons_then_money_and_papers_are_right(shop: Shop) -> None:
    order = shop.order("submitted")
    by = f"{shop.carrier.pk}-{shop.method.pk}"
    assert do(shop.rita, card(order), order, "approve", by=by).status_code == 200
    assert do(shop.will, card(order), order, "pick").status_code == 200
    assert do(shop.will, card(order), order, "ship", tracking="SF12345678").status_code == 200
    missing = do(shop.will, card(order), order, "deliver", signed_by="王芳")
    assert missing.status_code == 422 and "How much" in missing.text
    assert do(shop.will, card(order), order, "deliver", signed_by="王芳", collected="265.90").status_code == 200
    assert do(shop.fred, card(order), order, "issue", title="王芳").status_code == 200
    found = Order.objects.get()
    assert (found.state, found.paid, found.balance) == ("delivered", Decimal("265.90"), 0)
    invoice = Invoice.objects.get()
    for user, address in (
        (shop.will, f"{card(order)}delivery-note/"),
        (shop.fred, f"/orders/invoices/{invoice.pk}/pdf/"),
        (shop.will, f"/orders/delivery-notes/?row={order.pk}"),
    ):
        paper = browser(user).get(address)
        assert paper.content[:5] == b"%PDF-"
        assert paper["Content-Disposition"].startswith("inline")
    assert browser(shop.will).get(f"/orders/delivery-notes/?row={order.pk + 1}").status_code == 404
    assert do(shop.fred, card(order), order, "void", reason="wrong name").status_code == 200
    assert "wrong name" in browser(shop.fred).get(card(order)).text


def test_given_a_reader_of_masked_numbers_who_sends_nothing_then_the_delivery_note_is_not_theirs(shop: Shop) -> None:
    order = shop.order("approved")
    for user, status, statuses in ((shop.fred, 403, 404), (shop.anna, 403, 404), (shop.will, 200, 200), (shop.rita, 200, 200)):
        asker = browser(user)
        assert asker.get(f"{card(order)}delivery-note/").status_code == status, user
        assert asker.get(f"/orders/delivery-notes/?row={order.pk}").status_code == statuses, user
        assert ("delivery-note/" in asker.get(card(order)).text) is (status == 200), user


def test_given_goods_that_come_back_when_entered_then_stock_and_balance_follow_and_the_money_goes_back(shop: Shop) -> None:
    order = shop.order("delivered")
    pan, pot = order.lines.order_by("position")
    form = {"reason": "faulty", f"back_{pan.pk}": "2", f"bad_{pan.pk}": "1", f"back_{pot.pk}": "", "note": "bent"}
    wrong = do(shop.will, card(order), order, "take_back", **form | {f"bad_{pan.pk}": "3"})
    assert wrong.status_code == 422
    assert do(shop.will, card(order), order, "take_back", **form).status_code == 200
    order.refresh_from_db()
    shop.pan.stock.refresh_from_db()
    assert (order.balance, shop.pan.stock.on_hand) == (Decimal(-200), 9)
    money = {"amount": "200", "method": "transfer", "payer": "王芳"}
    assert do(shop.will, card(order), order, "refund", **money).status_code == 403
    too_much = do(shop.fred, card(order), order, "refund", **money | {"amount": "201"})
    assert "At most what the customer is owed" in too_much.text
    assert do(shop.fred, card(order), order, "refund", **money).status_code == 200
    assert Order.objects.get().balance == 0
    assert order.number in part(browser(shop.fred), "/orders/returns/").text


def test_given_a_payment_when_entered_and_undone_then_both_stand_on_the_card_and_in_the_list(shop: Shop) -> None:
    order = shop.order("submitted", pay_by="transfer")
    assert (
        do(shop.fred, card(order), order, "pay", amount="100", method="transfer", payer="王芳", reference="B1").status_code == 200
    )
    payment = Payment.objects.get()
    assert do(shop.fred, card(order), order, "correct", payment=payment.pk, note="another customer's").status_code == 200
    order.refresh_from_db()
    assert (order.paid, order.balance) == (0, order.total)
    listed = part(browser(shop.fred), "/orders/payments/", kind="correction").text
    assert "−¥100.00" in listed
    assert do(shop.anna, card(order), order, "pay", amount="1", method="cash", payer="x").status_code == 403


def test_given_an_old_card_when_a_button_is_pressed_then_nothing_is_done_and_it_says_who_was_first(shop: Shop) -> None:
    order = shop.order("submitted")
    old = version(order)
    steps.reopen(order, shop.anna, "one more")
    answer = send(browser(shop.rita), card(order), act="refuse", version=old, reason="no")
    assert answer.status_code == 409
    assert "anna" in said(answer) or "anna" in answer.text
    assert state(order) == "draft"


# -- one after the other ---------------------------------------------------------------------------------------


def test_given_the_review_when_one_is_decided_then_the_next_is_shown_until_none_is_left(shop: Shop) -> None:
    first = shop.order("submitted", (shop.pan, 1))
    second = shop.order("submitted", (shop.pan, 1))  # the same again: a finding
    client = browser(shop.rita)
    listed = part(client, REVIEW).text
    assert listed.index(first.number) < listed.index(second.number)
    by = f"{shop.carrier.pk}-{shop.method.pk}"
    shown = part(client, f"{REVIEW}{first.number}/").text
    assert "The same was ordered lately" in shown
    assert f'value="{by}"' in shown
    needs = send(client, f"{REVIEW}{first.number}/", act="approve", version=version(first), by=by)
    assert "Please say why." in needs.text and state(first) == "submitted"
    answer = send(client, f"{REVIEW}{first.number}/", act="approve", version=version(first), by=by, reason="wants two")
    assert state(first) == "approved"
    assert f"{REVIEW}{second.number}/" in answer.text
    assert first.number in said(answer)
    answer = send(client, f"{REVIEW}{second.number}/", act="refuse", version=version(second), reason="twice")
    assert (state(second), Order.objects.get(pk=second.pk).reason) == ("refused", "twice")
    assert "nothing waits here" in answer.text
    assert "Orders that were refused" in browser(shop.anna).get("/office/notices/").text


def test_given_cash_on_delivery_when_reviewed_then_only_carriers_who_collect_are_offered(shop: Shop) -> None:
    cod, paid = shop.order("submitted", (shop.pan, 1)), shop.order("submitted", (shop.pot, 1), pay_by="transfer")
    client = browser(shop.rita)
    assert "邮政" not in part(client, f"{REVIEW}{cod.number}/").text
    assert "邮政" in part(client, f"{REVIEW}{paid.number}/").text


def test_given_the_warehouse_when_an_order_is_prepared_then_its_tracking_number_is_asked_next(shop: Shop) -> None:
    order, other = shop.order("approved", (shop.pan, 1)), shop.order("picking", (shop.pot, 1))
    client, here = browser(shop.will), f"{DISPATCH}{order.number}/"
    assert {order.number, other.number} <= set(part(client, DISPATCH).text.replace("<", " ").replace(">", " ").split())
    answer = send(client, here, act="pick", version=version(order))
    assert 'name="tracking"' in answer.text and order.number in answer.text
    answer = send(client, here, act="ship", version=version(order), tracking="SF1")
    assert state(order) == "picking"  # no such tracking number
    answer = send(client, here, act="ship", version=version(order), tracking="SF12345")
    assert state(order) == "shipped"
    assert f"{DISPATCH}{other.number}/" in answer.text
    assert browser(shop.anna).get(DISPATCH).status_code == 403
