"""First-contact resolution: a customer who had to ask once only."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.models import ServiceRecord
from crm.services import save_record
from crm.services.records import change_record
from tests.django.crm import service

pytestmark = pytest.mark.django_db


def record(author: Any, call: str, days_ago: float, **fields: Any) -> ServiceRecord:
    made, _new = save_record(call, author, "1001", {})
    ServiceRecord.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=days_ago))
    return change_record(made, fields, author)


def told(*records: ServiceRecord) -> list[bool | None]:
    return [ServiceRecord.objects.get(pk=one.pk).first_contact for one in records]


def test_given_a_solved_call_when_the_customer_asks_again_within_a_week_then_it_was_not_the_first_contact() -> None:
    alice, who, late = service.agent(), service.customer(), service.category("late")
    first = record(alice, "c1", 5, customer=who, category=late, result="solved")
    assert told(first) == [True]
    second = record(alice, "c2", 1, customer=who, category=late, result="solved")
    assert told(first, second) == [False, False]
    change_record(second, {"category": service.category("invoice")}, alice)
    assert told(first, second) == [True, True]


def test_given_other_matters_customers_or_weeks_then_they_do_not_count() -> None:
    alice, who, late = service.agent(), service.customer(), service.category("late")
    solved = record(alice, "c1", 20, customer=who, category=late, result="solved")
    record(alice, "c2", 12, customer=who, category=late, result="solved")
    record(alice, "c3", 20, customer=service.customer("李强", ""), category=late, result="follow_up")
    record(alice, "c4", 19, customer=who, category=service.category("invoice"), result="solved")
    record(alice, "c5", 19, customer=who, category=late, result="nuisance")
    assert told(solved) == [True]


def test_given_what_was_not_solved_or_is_not_known_then_it_is_said_so() -> None:
    alice, who = service.agent(), service.customer()
    results = {"follow_up": False, "complaint": False, "transferred": False, "unreached": None, "ordered": True, "": None}
    for place, (result, expected) in enumerate(results.items()):
        made = record(alice, f"c{place}", 100 + 20 * place, customer=who, result=result)
        assert told(made) == [expected], result
    nobody = record(alice, "c9", 1, result="solved")
    assert told(nobody) == [None]


def test_given_two_agents_in_one_call_then_it_is_one_contact() -> None:
    alice, bob, who = service.agent(), service.agent("bob", "1002"), service.customer()
    first = record(alice, "c1", 1, customer=who, result="solved")
    second = record(bob, "c1", 1, customer=who, result="solved")
    assert told(first, second) == [True, True]
