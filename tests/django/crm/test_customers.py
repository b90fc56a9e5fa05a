"""Customers with numbers, addresses, tags and own fields, as the services write them."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from ccenter.office.models import AuditEntry, Webhook, WebhookDelivery
from crm.models import Customer, CustomerAddress, CustomerPhone, CustomField, Duplicate, Tag
from crm.services.customers import add_customer, change_customer, tags_of

pytestmark = pytest.mark.django_db
ONE, TWO, THREE = "13800138000", "13911112222", "0571 8888 0000"


def numbers(customer: Customer) -> list[str]:
    return [phone.number for phone in customer.phones.all()]


def test_given_all_there_is_to_say_when_a_customer_is_made_then_it_is_kept_in_one_go() -> None:
    made = add_customer(
        {
            "name": "王芳",
            "level": "vip",
            "email": "wang@example.com",
            "tags": tags_of(["老客户", "怕吵"], make=True),
            "phones": [ONE, {"number": THREE}],
            "addresses": [
                {"province": "浙江省", "city": "杭州市", "district": "西湖区", "street": "文三路1号"},
                {"city": "宁波市", "street": "中山西路2号", "receiver": "王强", "phone": TWO, "main": True},
            ],
        }
    )
    assert numbers(made) == ["+8613800138000", "+8657188880000"]
    assert [(one.text, one.phone, one.main) for one in made.addresses.all()] == [
        ("宁波市中山西路2号", "+8613911112222", True),
        ("浙江省杭州市西湖区文三路1号", "", False),
    ]
    assert sorted(tag.name for tag in made.tags.all()) == ["怕吵", "老客户"]
    assert made.number.isdecimal()


def test_given_somebodys_number_when_another_takes_it_then_only_as_shared_and_that_is_a_decision(admin_user: Any) -> None:
    first = add_customer({"name": "王芳"}, [ONE])
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        add_customer({"name": "王强"}, [ONE])
    assert refused.value.error_dict["phones"][0].code == "taken"
    assert Customer.objects.count() == 1
    second = add_customer({"name": "王强"}, [{"number": ONE, "shared": True}], by=admin_user)
    pair = Duplicate.objects.get()
    assert (pair.first, pair.second, pair.state, pair.decided_by) == (first, second, "distinct", admin_user)
    with pytest.raises(ValidationError), transaction.atomic():
        change_customer(second, {"phones": [{"id": second.phones.get().pk, "shared": False}]})


@pytest.mark.django_db(transaction=True)
def test_given_two_clerks_who_give_the_same_number_at_once_then_one_of_them_is_told() -> None:
    barrier, answers = Barrier(2), []

    def clerk(name: str) -> None:
        barrier.wait()
        try:
            add_customer({"name": name}, [ONE])
            answers.append("made")
        except ValidationError as error:
            answers.append(error.error_dict["phones"][0].code)
        finally:
            connection.close()

    both = [Thread(target=clerk, args=(name,)) for name in ("王芳", "王强")]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(answers) == ["made", "taken"]
    assert CustomerPhone.objects.count() == Customer.objects.count() == 1


def test_given_a_list_of_phones_when_saved_then_it_is_all_that_is_left_and_ids_keep_theirs() -> None:
    who = add_customer({"name": "王芳"}, [ONE, TWO])
    kept, gone = who.phones.all()
    change_customer(who, {"phones": [{"id": kept.pk}, {"number": THREE}]})
    assert [phone.pk == kept.pk for phone in who.phones.all()] == [True, False]
    assert numbers(who) == ["+8613800138000", "+8657188880000"]
    with pytest.raises(ValidationError, match="phones"):
        change_customer(who, {"phones": [{"id": gone.pk}]})


def test_given_addresses_when_changed_then_there_is_always_one_main_address() -> None:
    who = add_customer({"name": "王芳", "addresses": [{"city": "杭州市"}, {"city": "宁波市"}]})
    first, second = who.addresses.all()
    assert (first.city, first.main, second.main) == ("杭州市", True, False)
    change_customer(who, {"addresses": [{"id": first.pk}, {"id": second.pk, "main": True, "street": "中山西路2号"}]})
    assert [(one.city, one.main) for one in who.addresses.all()] == [("宁波市", True), ("杭州市", False)]
    change_customer(who, {"addresses": [{"id": first.pk}]})
    assert [(one.city, one.main) for one in who.addresses.all()] == [("杭州市", True)]
    for wrong in (
        [{"street": ""}],
        [{"city": "a", "main": True}, {"city": "b", "main": True}],
        [{"id": second.pk}],
        [{"city": "a", "phone": "12"}],
    ):
        with pytest.raises(ValidationError, match="addresses"), transaction.atomic():
            change_customer(who, {"addresses": wrong})
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomerAddress.objects.create(customer=who, city="上海市", main=True)


def test_given_the_desks_three_words_for_an_address_then_they_are_the_main_one() -> None:
    who = add_customer({"name": "王芳", "province": "浙江省", "city": "杭州市", "address": "文三路1号"})
    change_customer(who, {"address": "文三路2号"})
    assert who.addresses.get().text == "浙江省杭州市文三路2号"
    change_customer(who, {"province": "", "city": "", "address": ""})
    assert not who.addresses.exists()


def test_given_a_change_then_version_and_audit_tell_it_and_without_one_nothing_happens(admin_user: Any) -> None:
    who = add_customer({"name": "王芳"}, [ONE], by=admin_user)
    change_customer(who, {"name": "王芳"}, by=admin_user)
    who.refresh_from_db()
    assert who.version == 1
    change_customer(who, {"level": "vip"}, [TWO], by=admin_user)
    who.refresh_from_db()
    assert who.version == 2
    told = AuditEntry.objects.get(action="customers.change")
    assert told.changes["level"] == ["ordinary", "vip"]
    assert told.changes["phones"] == [["138****8000"], ["138****8000", "139****2222"]]
    assert ONE not in str(told.changes)
    change_customer(who, {"tags": tags_of(["VIP日"], make=True)}, by=admin_user)
    who.refresh_from_db()
    assert who.version == 3


def test_given_own_fields_then_defaults_come_and_what_is_required_is_asked_for_once() -> None:
    CustomField.objects.create(code="source", name_zh="来源", kind="choice", choices=["电视", "网站"], required=True)
    CustomField.objects.create(code="size", name_zh="鞋码", kind="number", default=40)
    with pytest.raises(ValidationError, match=r"fields\.source"):
        add_customer({"name": "王芳"})
    who = add_customer({"name": "王芳", "fields": {"source": "电视"}})
    assert who.fields == {"source": "电视", "size": 40}
    change_customer(who, {"name": "王小芳"})
    who = change_customer(who, {"fields": {"size": None}})
    assert who.fields == {"source": "电视"}
    for wrong in ({"source": None}, {"source": "报纸"}, {"nothing": 1}, {"size": "big"}, {"size": True}):
        with pytest.raises(ValidationError, match=r"fields\."), transaction.atomic():
            change_customer(who, {"fields": wrong})


def test_given_a_field_somebody_does_not_see_when_they_write_then_it_stays_and_cannot_be_written() -> None:
    seen = CustomField.objects.create(code="seen", name_zh="看得见", kind="text")
    CustomField.objects.create(code="secret", name_zh="看不见", kind="text", required=True)
    who = add_customer({"name": "王芳", "fields": {"seen": "1"}}, seen=[seen])
    change_customer(who, {"fields": {"secret": "x"}})
    who = change_customer(who, {"fields": {"seen": "2"}}, seen=[seen])
    assert who.fields == {"seen": "2", "secret": "x"}
    with pytest.raises(ValidationError, match=r"fields\.secret"):
        change_customer(who, {"fields": {"secret": "y"}}, seen=[seen])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("number", "12a4"),
        ("fields", []),
        ("merged_into_id", "itself"),
    ],
)
def test_given_a_customer_that_is_wrong_when_written_past_the_services_then_the_database_refuses(field: str, value: Any) -> None:
    who = add_customer({"name": "王芳"})
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.filter(pk=who.pk).update(**{field: who.pk if value == "itself" else value})


def test_given_a_tag_that_would_break_a_list_in_a_file_then_it_is_refused() -> None:
    for name in ("a,b", " a", "a；b"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Tag.objects.create(name=name)
    assert Tag.objects.create(name="老 客户").pk


def test_given_a_program_that_wants_to_know_when_customers_change_then_it_is_told_what_but_no_numbers() -> None:
    Webhook.objects.create(name="erp", url="https://erp.example.com/", events=["customer.*"], secret="x")
    who = add_customer({"name": "王芳"}, [ONE])
    change_customer(who, {"level": "vip"}, [TWO])
    told = [(one.event, one.body["data"]) for one in WebhookDelivery.objects.order_by("id")]
    first = {"id": who.pk, "number": who.number}
    assert told == [("customer.added", first), ("customer.changed", {**first, "fields": ["level", "phones"]})]
