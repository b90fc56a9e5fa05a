"""Querysets that are turned into SQL once."""

import pytest

from ccenter.prepared import Prepared, Slot
from crm.models import Customer, CustomerPhone

pytestmark = pytest.mark.django_db
_phones = Prepared(lambda: CustomerPhone.objects.filter(customer__among=Slot("keys")).order_by("number"))
_named = Prepared(
    lambda: Customer.objects.filter(name=Slot("name"), level__among=Slot("levels")).order_by("number"),
    phones=(_phones, "customer_id"),
)


def people(*names: str) -> list[Customer]:
    made = [Customer.objects.create(number=f"9{n:04}", name=name) for n, name in enumerate(names)]
    for n, who in enumerate(made):
        CustomerPhone.objects.create(customer=who, number=f"+86139000000{n:02}")
    return made


def test_given_other_values_each_time_then_each_reading_is_of_its_own() -> None:
    first, second, _third = people("王芳", "李强", "王芳")
    level = first.level
    assert [row.name for row in _named(name="李强", levels=[level])] == ["李强"]
    assert len(_named(name="王芳", levels=[level, "vip"])) == 2
    assert _named(name="王芳", levels=[]) == _named(name="nobody", levels=[level]) == []
    assert _named(name=second.name, levels=[level]) == list(Customer.objects.filter(name="李强"))


def test_given_rows_that_hang_on_them_then_they_come_along_and_can_be_filtered_further(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    people("王芳", "王芳")
    with django_assert_num_queries(2):
        found = _named(name="王芳", levels=["ordinary"])
        assert [[phone.number for phone in one.phones.all()] for one in found] == [["+8613900000000"], ["+8613900000001"]]
    assert found[1].phones.filter(number__endswith="1").count() == 1 and not found[0].phones.filter(number__endswith="1").exists()


def test_given_a_slot_that_is_not_named_then_it_is_an_error() -> None:
    with pytest.raises(KeyError):
        _named(name="王芳")
