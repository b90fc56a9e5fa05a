"""What flows may ask of the business data."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from ccenter.calls import lookups
from ccenter.calls.models import Call
from crm import pins
from crm.models import Customer, CustomerPhone
from orders.models import Order, Product

pytestmark = pytest.mark.django_db
NUMBER = "13800138000"


@pytest.fixture
def customer() -> Customer:
    found = Customer.objects.create(
        number="80000001", name="王芳", title="ms", level="vip", points=120, pin=pins.hashed("2468", 1)
    )
    CustomerPhone.objects.create(customer=found, number="+8613800138000")
    return found


@pytest.fixture(autouse=True)
def calls() -> None:
    """1001 spoke with the number last; a newer call never got through, another is of somebody else."""
    now = timezone.now()
    rows = (("+8613800138000", "1002", 3, True), ("+8613800138000", "1001", 2, True), ("+8613800138000", "1003", 1, False))
    for n, (number, agent, hours, spoke) in enumerate((*rows, ("+8613900139001", "1004", 0, True))):
        at = now - timedelta(hours=hours)
        Call.objects.create(id=f"c{n}", number=number, agent=agent, started_at=at, connected_at=at if spoke else None)


def order(customer: Customer, number: str, state: str, **fields: Any) -> Order:
    product, _new = Product.objects.get_or_create(code="1001", defaults={"name": "不粘炒锅", "price": Decimal("299.5")})
    told = {"submitted_at": None if state == "draft" else timezone.now(), "recipient": customer.name, "street": "文三路1号"}
    found = Order.objects.create(
        customer=customer, number=number, state=state, subtotal=product.price, total=product.price, **{**told, **fields}
    )
    line = {"position": 1, "product": product, "code": product.code, "name": product.name}
    found.lines.create(**line, quantity=1, price=product.price, amount=product.price)
    return found


def test_given_a_customers_number_in_any_form_when_asked_who_calls_then_the_flow_knows(customer: Customer) -> None:
    order(customer, "6001", "approved")
    order(customer, "6002", "delivered")
    for written in (NUMBER, "0" + NUMBER, "+86" + NUMBER):
        assert lookups.run("caller", {"number": written}) == {
            "customer": str(customer.pk),
            "member": "80000001",
            "name": "王芳",
            "title": "ms",
            "level": "vip",
            "priority": "2",
            "last_agent": "1001",
            "points": "120",
            "open_orders": "1",
        }


def test_given_a_customer_who_chose_a_language_when_asked_then_it_is_told(customer: Customer) -> None:
    Customer.objects.update(language="en")
    assert (lookups.run("caller", {"number": NUMBER}) or {})["language"] == "en"


@pytest.mark.parametrize("number", ["", "anonymous", "13900139000", "'; --", "0" * 40])
def test_given_nobody_we_know_when_asked_then_there_is_no_answer(customer: Customer, number: str) -> None:
    for kind in ("caller", "points", "order_status"):
        assert lookups.run(kind, {"number": number}) is None


def test_given_a_member_number_and_pin_when_right_then_the_member_is_known(customer: Customer) -> None:
    found = lookups.run("member_pin", {"member": "80000001", "pin": "2468"}) or {}
    assert found["customer"] == str(customer.pk)
    assert (lookups.run("member", {"member": "80000001"}) or {})["name"] == "王芳"
    for wrong in ({"member": "80000001", "pin": "2469"}, {"member": "80000002", "pin": "2468"}, {"member": "80000001"}, {}):
        assert lookups.run("member_pin", wrong) is None


def test_given_a_member_without_a_pin_when_an_empty_one_is_tried_then_it_is_refused(customer: Customer) -> None:
    Customer.objects.update(pin="")
    assert lookups.run("member_pin", {"member": "80000001", "pin": ""}) is None


def test_given_too_many_wrong_pins_when_the_right_one_comes_then_it_is_too_late_for_a_while(customer: Customer) -> None:
    for _ in range(pins.MISSES):
        assert pins.check("80000001", "0000") is None
    assert pins.check("80000001", "2468") is None
    Customer.objects.update(pin_locked_until=timezone.now() - timedelta(seconds=1))
    assert pins.check("80000001", "2468") == customer
    assert pins.check("80000001", "0000") is None
    assert pins.check("80000001", "2468") == customer


def test_given_a_pin_when_kept_then_it_cannot_be_read_and_no_two_look_alike() -> None:
    first, second = pins.hashed("2468", 1), pins.hashed("2468", 1)
    assert first != second
    assert "2468" not in first


def test_given_orders_when_asked_for_one_then_its_state_amount_and_sentence_are_told(customer: Customer) -> None:
    order(customer, "6001", "shipped", created_at=timezone.now() - timedelta(days=2))
    newest = order(customer, "6002", "submitted")
    assert lookups.run("order_status", {"order": "6001"}) == {
        "order": "6001",
        "order_state": "shipped",
        "order_prompt": "order-status-shipped",
        "order_amount": "299.50",
        "order_date": timezone.localtime(newest.created_at - timedelta(days=2)).date().isoformat(),
    }
    order(customer, "6003", "draft")
    for whose in ({"number": NUMBER}, {"customer": str(customer.pk)}, {"member": "80000001"}):
        assert (lookups.run("order_status", whose) or {})["order"] == "6002"
    assert lookups.run("order_status", {"order": "9999"}) is None
    assert lookups.run("points", {"number": NUMBER}) == {"points": "120"}


def test_given_every_state_of_an_order_then_there_is_a_sentence_for_it() -> None:
    from ccenter.calls.flows import rendered_prompts

    told = set(Order.State.values) - {"draft"}
    assert {f"order-status-{state}" for state in told} <= rendered_prompts()


def test_given_a_number_without_a_customer_when_its_last_agent_is_asked_for_then_it_is_told() -> None:
    assert lookups.run("last_agent", {"number": NUMBER}) == {"last_agent": "1001"}
    assert lookups.run("last_agent", {"number": "anonymous"}) is None


def test_given_a_kind_nobody_answers_when_asked_then_it_is_an_error() -> None:
    with pytest.raises(KeyError):
        lookups.run("weather", {})


def test_given_a_kind_that_is_taken_when_registered_again_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="caller"):
        lookups.register("caller", lambda _arguments: None)
    assert {"caller", "member", "member_pin", "points", "order_status", "last_agent"} <= lookups.kinds()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("13800138000", ("+8613800138000", "13800138000")),
        ("057188880000", ("+8657188880000", "057188880000")),
        ("+86 138 0013 8000", ("+8613800138000", "13800138000")),
        ("4008001001", None),
        ("110", None),
        ("1380013", None),
        ("", None),
    ],
)
def test_given_what_a_caller_typed_when_looked_at_then_it_is_a_number_to_call_or_none(
    typed: str, found: tuple[str, str] | None
) -> None:
    values = lookups.run("number", {"number": typed})
    assert (values and (values["callback_number"], values["callback_spoken"])) == found
