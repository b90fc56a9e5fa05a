"""The demo's customers: their past is plausible, the same when seeded again, and on the pop."""

import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import call_command

from ccenter.acd import facts
from ccenter.calls.models import Agent, Call
from ccenter.calls.recorder import parse, store
from ccenter.calls.selectors import last_agent_of
from crm.models import Article, Category, Complaint, Customer, CustomerNote, DueRule, MailTemplate, News, Script, ServiceRecord
from tests.django.desktop.customers import call

pytestmark = pytest.mark.django_db
TABLES = (Article, Call, Category, Complaint, CustomerNote, DueRule, MailTemplate, News, Script, ServiceRecord)


@pytest.fixture(autouse=True)
def seeded(settings: Any, tmp_path: Path) -> None:
    settings.STATE = tmp_path
    seed()


def seed() -> None:
    call_command("seed", agents=10, customers=60, stdout=io.StringIO())


def test_given_a_seed_when_run_again_then_nothing_is_there_twice() -> None:
    before = [table.objects.count() for table in TABLES]
    assert all(before)
    seed()
    assert [table.objects.count() for table in TABLES] == before


def test_given_the_demo_when_its_record_is_made_anew_from_the_facts_then_its_past_is_still_there() -> None:
    store(
        [parse(msgspec.json.encode(facts.CallStarted(1, 1_800_000_000.0, "c9", "ast1-1.0", "in", "13800138000", "4001", "demo")))]
    )
    before = set(Call.objects.values_list("id", "customer", "started_at"))
    Call.objects.filter(id="c9").update(city="doubted")
    call_command("rebuild_projections", stdout=io.StringIO())
    assert set(Call.objects.values_list("id", "customer", "started_at")) == before
    assert Call.objects.get(id="c9").city != "doubted"


def test_given_the_demo_then_all_that_was_done_is_whole() -> None:
    assert not ServiceRecord.objects.filter(category=None).exists()
    assert not Complaint.objects.filter(category=None).exists()
    assert set(ServiceRecord.objects.values_list("call", flat=True)) == set(Call.objects.values_list("id", flat=True))
    for row in (*Category.objects.all(), *Script.objects.all(), *Complaint.objects.all(), *CustomerNote.objects.all()):
        row.full_clean()
    assert not Call.objects.exclude(state="ENDED").exists()
    assert set(Script.objects.values_list("language", flat=True)) == {"zh", "en"}


def test_given_the_demo_then_its_past_is_nobodys_last_agent() -> None:
    """Calls of the demo were never connected by the core: who calls is routed as if there had been none."""
    assert {last_agent_of(number) for number in Call.objects.values_list("number", flat=True)} == {""}


def test_given_a_demo_customer_when_ringing_then_the_pop_looks_like_a_customers() -> None:
    from tests.django.people import client

    who = Customer.objects.get(number="80000004")
    call("c9", "1001", number=who.phones.get().number, queue="service", language="zh")
    told = client(Agent.objects.get(number="1001").user).get("/api/desk/pop/c9/").json()
    assert [one["name"] for one in told["customers"]] == [who.name]
    assert len(told["history"]) == 3
    assert all(one["records"][0]["summary"] and one["agent"]["name"] for one in told["history"])
    assert told["customers"][0]["notes"]
    assert "很高兴再次为您服务，我是1001号客服" in told["script"]
    assert {one["situation"] for one in told["scripts"]} == {"greeting", "service", "order", "complaint", "survey", "closing"}


def test_given_the_demo_then_some_callers_are_owed_a_call_known_ones_and_others() -> None:
    from tests.django.people import client

    agent = Agent.objects.get(number="1001")  # of a group that serves orders and service
    owed = client(agent.user).get("/api/desk/callbacks/").json()["callbacks"]
    assert {one["queue"]["code"] for one in owed} == {"orders", "service"}
    assert {one["customer"] is None for one in owed} == {True, False}
    assert all(one["number"]["token"] for one in owed)


def test_given_the_demo_then_its_answers_are_found_and_its_survey_is_fit() -> None:
    from django.utils import timezone

    from crm import script_trees
    from crm.selectors import knowledge

    assert knowledge.find("我想退货", timezone.localdate())[0].question == "商品不满意可以退货吗？"
    assert script_trees.read(Script.objects.exclude(steps=None).get().steps).path({}) == ["content"]
