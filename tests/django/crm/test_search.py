"""Customers by whatever is known of them."""

from typing import Any

import pytest

from crm.models import Customer
from crm.pinyin import full, initials, readings
from crm.selectors import finding
from crm.services.customers import add_customer, change_customer
from crm.services.indexing import index_missing
from crm.words import sought
from tests.django.people import person as somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, Customer]:
    rows = {
        "王小芳": (["13800138000"], {"province": "浙江省", "city": "杭州市", "district": "西湖区", "street": "文三路158号"}),
        "曾国强": (["0571 8888 0000", "13911112222"], {"city": "宁波市", "street": "中山西路20号"}),
        "欧阳娜娜": (["15800005678"], {"province": "上海市", "city": "上海市", "street": "漕溪北路3号"}),
        "John Smith": (["+1 415 555 2671"], {"street": "Main Street 5"}),
    }
    return {  # the member numbers are none of the digits that are looked for
        name: add_customer(
            {"name": name, "number": f"7777777{n}", "addresses": [address], "email": "smith@example.com" if "S" in name else ""},
            phones,
        )
        for n, (name, (phones, address)) in enumerate(rows.items())
    }


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("王小芳", "王小芳"),
        ("小芳", "王小芳"),
        ("芳", "王小芳"),
        ("wangxiaof", "王小芳"),
        ("xiaofang", "王小芳"),
        ("wxf", "王小芳"),
        ("WXF", "王小芳"),
        ("xf", "王小芳"),
        ("zengguoqiang", "曾国强"),
        ("cengguo", "曾国强"),
        ("zgq", "曾国强"),
        ("ouyang", "欧阳娜娜"),
        ("smith", "John Smith"),
        ("John Smith", "John Smith"),
        ("smith@exa", "John Smith"),
        ("13800138000", "王小芳"),
        ("+86 138 0013 8000", "王小芳"),
        ("8001380", "王小芳"),
        ("0138", "王小芳"),
        ("380", "王小芳"),
        ("057188", "曾国强"),
        ("8880000", "曾国强"),
        ("1111", "曾国强"),
        ("4155552671", "John Smith"),
        ("文三路", "王小芳"),
        ("杭州市西湖区", "王小芳"),
        ("浙江省杭州市西湖区文三路158号", "王小芳"),
        ("上海市漕溪", "欧阳娜娜"),
        ("娜娜 5678", "欧阳娜娜"),
        ("漕溪北路 ouyang", "欧阳娜娜"),
        ("王小芳 5678", None),
        ("西湖路", None),
        ("13800138001", None),
        ("3800138001", None),  # each three digits of it are in the number, and it is not
        ("%", None),
        ("'; DROP", None),
        ("\\", None),
        ("a", None),
        ("12", None),
    ],
)
def test_given_what_somebody_typed_then_exactly_who_is_meant_is_found(
    typed: str, name: str | None, people: dict[str, Customer]
) -> None:
    assert [one.name for one in finding.customers(typed)] == ([name] if name else [])
    if name:
        assert [one.name for one in finding.matching(Customer.objects.all(), typed)] == [name]


def test_given_a_member_number_or_a_part_of_it_then_it_is_found_and_the_exact_one_comes_first(
    people: dict[str, Customer],
) -> None:
    who = people["王小芳"]
    assert finding.customers(who.number)[0] == who
    assert who in finding.customers(who.number[2:])


def test_given_a_change_then_the_old_words_find_nothing_any_more(people: dict[str, Customer]) -> None:
    who = people["王小芳"]
    change_customer(who, {"name": "赵一", "phones": [], "addresses": []})
    assert [finding.customers(text) for text in ("王小芳", "wxf", "0138", "文三路")] == [[], [], [], []]
    assert finding.customers("zhaoyi") == [who]


def test_given_customers_that_came_past_the_services_then_they_are_indexed_later() -> None:
    Customer.objects.create(number="12345", name="孙尚香")
    assert finding.customers("ssx") == []
    assert (index_missing(), index_missing()) == (1, 0)
    assert [one.name for one in finding.customers("ssx")] == ["孙尚香"]


def test_given_who_reads_numbers_masked_then_they_cannot_feel_for_the_hidden_digits(people: dict[str, Customer]) -> None:
    agent, lead = somebody("alice", "agent", "1001"), somebody("lena", "lead")
    names = lambda text, user: [one.name for one in finding.customers(text, user)]  # noqa: E731
    assert names("8001380", lead) == ["王小芳"]
    assert names("8001380", agent) == []
    assert [one.name for one in finding.matching(Customer.objects.all(), "8001380", agent)] == []
    for text in ("8000", "13800138000", "小芳 8000"):
        assert names(text, agent) == ["王小芳"], text
        assert [one.name for one in finding.matching(Customer.objects.all(), text, agent)] == ["王小芳"], text


def test_given_another_app_that_knows_order_numbers_then_their_customer_is_found(
    people: dict[str, Customer], monkeypatch: Any
) -> None:
    who = people["曾国强"]
    monkeypatch.setattr(finding, "_finders", [lambda text, most: [who.pk] if text == "60001234" else []])
    assert finding.customers("60001234") == [who]
    assert list(finding.matching(Customer.objects.all(), "60001234")) == [who]


def test_given_signs_with_several_readings_then_each_is_known_and_there_are_not_too_many() -> None:
    assert (full("王芳"), initials("王芳a")) == ("wangfang", "wfa")
    assert ("zeng",) in list(readings("曾"))
    assert len(list(readings("单单单单单单"))) <= 8
    assert sought("ab cd 12") is None


@pytest.mark.django_db(transaction=True)
def test_given_customers_made_by_copy_for_measurements_then_they_are_whole_and_found_as_if_entered() -> None:
    from tests.load.people import fill, person

    fill(60, say=lambda line: None)
    fill(90, say=lambda line: None)
    assert (Customer.objects.count(), index_missing()) == (90, 0)
    for place in (0, 59, 60, 89):
        name, number, address = person(place)
        (found,) = finding.customers(number)
        assert (found.name, found.main_address.text if found.main_address else "") == (name, "".join(dict.fromkeys(address)))
        assert found in finding.customers(full(name))
    made = add_customer({"name": "新来的"})
    assert made.pk > found.pk


def test_given_a_field_that_only_some_see_then_nobody_else_finds_by_it_neither_before_nor_after_it_was_restricted() -> None:
    from django.contrib.auth.models import Group

    from crm.services.fields import add_field, change_field
    from tests.django.people import client

    agent, lead, root = somebody("alice", "agent", "1001"), somebody("lena", "lead"), somebody("root", "admin")
    leads = Group.objects.get(name="lead")
    secret = add_field(None, {"code": "secret", "name_zh": "备忘", "kind": "text", "searchable": True, "visible_to": [leads]})
    add_field(None, {"code": "colour", "name_zh": "颜色", "kind": "text", "searchable": True})
    who = add_customer({"name": "王小芳", "fields": {"secret": "律师 lawyer", "colour": "红色"}})

    def found(user: Any, text: str) -> list[int]:
        rest = client(user).get("/api/crm/customers/", {"search": text}).json()["results"]
        desk = client(user).get("/api/desk/search/", {"q": text}).json()["customers"]
        assert [one["id"] for one in rest] == [one["id"] for one in desk]
        return [one["id"] for one in rest]

    for text in ("律师", "lawyer", "wxf lawyer"):
        assert [found(user, text) for user in (agent, lead, root)] == [[], [who.pk], [who.pk]], text
    assert [found(user, "红色") for user in (agent, lead, root)] == [[who.pk]] * 3
    change_field(None, secret, {"visible_to": []})
    assert found(agent, "律师") == [who.pk]
    change_field(None, secret, {"visible_to": [leads]})
    assert (found(agent, "律师"), found(lead, "律师")) == ([], [who.pk])
