"""Outbound calls, callbacks and what came of them over REST: filters, masks, whose they are, and how many queries they take."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ccenter.acd import facts
from ccenter.calls import models as calls
from ccenter.calls.recorder import parse, store
from crm.models import OutboundRule, OutboundTask, Script, ScriptRun
from crm.services import outbound
from orders.models import Order
from orders.selectors import recovered
from tests.django.crm import service
from tests.django.people import client, group, person

pytestmark = pytest.mark.django_db
API = "/api/crm/"
NUMBER = service.PHONE
MASKED = "138****8000"


@pytest.fixture
def agent(login: Callable[..., Any]) -> Any:
    return login("alice", "agent", "1001")


@pytest.fixture
def lead(login: Callable[..., Any]) -> Any:
    return login("lena", "lead", "1000")


def told(*what: facts.Fact) -> None:
    store([parse(msgspec.json.encode(fact)) for fact in what])


def queries(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert ask().status_code == 200
    return len([one for one in found.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))])


# -- tasks ---------------------------------------------------------------------------------------------------------


def test_given_a_call_planned_over_rest_then_it_is_read_masked_changed_in_its_version_and_cancelled(
    agent: Any, lead: Any
) -> None:
    who, due = service.customer(), (timezone.now() + timedelta(hours=3)).isoformat()
    body = {"customer": who.pk, "reason": "回访", "kind": "visit", "due_at": due, "agent": "1001", "priority": 2}
    made = agent.post(f"{API}outbound-tasks/", body, format="json")
    assert made.status_code == 201, made.json()
    task = made.json()
    assert (task["number"], task["state"], task["callback_state"], task["attempts"]) == (MASKED, "planned", "", 0)
    assert lead.get(f"{API}outbound-tasks/{task['id']}/").json()["number"] == NUMBER
    address = f"{API}outbound-tasks/{task['id']}/"
    assert agent.patch(address, {"reason": "改期"}, format="json").status_code == 428
    changed = agent.patch(address, {"reason": "改期"}, format="json", headers={"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["reason"]) == (200, "改期")
    assert agent.patch(address, {"reason": "x"}, format="json", headers={"If-Match": made["ETag"]}).status_code == 412
    assert agent.patch(address, {"number": MASKED}, format="json", headers={"If-Match": changed["ETag"]}).status_code == 400
    moved = agent.patch(address, {"kind": "survey"}, format="json", headers={"If-Match": changed["ETag"]})
    assert (moved.status_code, list(moved.json()["errors"] if "errors" in moved.json() else moved.json())) != (200, [])
    gone = agent.post(f"{address}cancel/", {}, format="json", headers={"If-Match": changed["ETag"]})
    assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")


def test_given_calls_of_several_states_when_filtered_then_each_filter_gives_its_own(agent: Any) -> None:
    who, now = service.customer(), timezone.now()
    late = outbound.plan(agent.user, who, "a", due_at=now + timedelta(seconds=20))
    OutboundTask.objects.filter(pk=late.pk).update(due_at=now - timedelta(minutes=5))
    soon = outbound.plan(agent.user, who, "b", due_at=now + timedelta(hours=1), kind="reminder", agent="1001")
    over = outbound.plan(service.agent("bob", "1002"), who, "c", due_at=now + timedelta(hours=2))
    outbound.cancel(over.author, over)

    def found(**query: Any) -> list[int]:
        answer = agent.get(f"{API}outbound-tasks/", query)
        assert answer.status_code == 200, answer.json()
        return sorted(row["id"] for row in answer.json()["results"])

    assert found(open="true") == [late.pk, soon.pk]
    assert found(due="true") == [late.pk]
    assert found(mine="true") == [late.pk, soon.pk]
    assert found(state="cancelled") == [over.pk]
    assert found(kind="reminder", agent="1001") == [soon.pk]
    assert found(author="bob") == [over.pk]
    assert agent.get(f"{API}outbound-tasks/", {"colour": "red"}).status_code == 400


def test_given_many_calls_when_listed_then_the_queries_do_not_grow_with_them(lead: Any) -> None:
    who, now = service.customer(), timezone.now()

    def more(count: int) -> int:
        for _n in range(count):
            outbound.plan(lead.user, who, "x", due_at=now + timedelta(hours=1))
        return queries(lambda: lead.get(f"{API}outbound-tasks/"))

    few = more(2)
    assert more(20) == few <= 6


def test_given_a_rule_over_rest_then_it_is_kept_changed_and_removed_and_nonsense_is_refused(lead: Any) -> None:
    body = {"title": "送达回访", "event": "order_delivered", "kind": "visit", "reason": "回访", "days": 3, "at": "10:00"}
    made = lead.post(f"{API}outbound-rules/", body, format="json")
    assert (made.status_code, made.json()["at"]) == (201, "10:00:00"), made.json()
    assert lead.post(f"{API}outbound-rules/", body, format="json").status_code == 400  # a title is one rule's
    address = f"{API}outbound-rules/{made.json()['id']}/"
    for wrong in ({"share": 0}, {"kind": "survey"}, {"queue": "nowhere"}, {"days": 9999}, {"priority": 40}):
        assert lead.patch(address, wrong, format="json", headers={"If-Match": "*"}).status_code == 400, wrong
    changed = lead.patch(address, {"active": False, "share": 20}, format="json", headers={"If-Match": made["ETag"]})
    assert (changed.status_code, OutboundRule.objects.get().share) == (200, 20)
    assert lead.delete(address, headers={"If-Match": changed["ETag"]}).status_code == 204


# -- who is not to be called ---------------------------------------------------------------------------------------


def test_given_a_number_that_is_not_to_be_called_then_the_core_is_asked_and_no_number_stands_in_an_address_or_the_log(
    agent: Any, lead: Any
) -> None:
    from ccenter.office.models import AuditEntry

    assert agent.post(f"{API}barred-numbers/", {"number": "abc"}, format="json").status_code == 400
    assert agent.post(f"{API}barred-numbers/", {"number": "138 0013 8000"}, format="json").status_code == 202
    asked = calls.Request.objects.get()
    assert (asked.action, asked.params) == ("BarNumber", {"number": NUMBER, "barred": True})
    told(facts.NumberBarred(1, timezone.now().timestamp(), NUMBER, True))
    (row,) = agent.get(f"{API}barred-numbers/").json()["results"]
    assert (row["number"], NUMBER[1:] in row["id"]) == (MASKED, False)
    assert lead.get(f"{API}barred-numbers/", {"number": "13800138000"}).json()["results"][0]["number"] == NUMBER
    assert agent.delete(f"{API}barred-numbers/{row['id']}/").status_code == 403
    assert lead.delete(f"{API}barred-numbers/{row['id']}/").status_code == 202
    assert calls.Request.objects.order_by("created_at").last().params == {"number": NUMBER, "barred": False}
    assert not any(NUMBER[3:] in str(vars(entry)) for entry in AuditEntry.objects.all())


# -- surveys -------------------------------------------------------------------------------------------------------


def test_given_answers_by_telephone_and_by_agents_then_both_are_counted_by_who_served_them(lead: Any) -> None:
    now = timezone.now()
    for seq, (agent_, key) in enumerate([("1001", "5"), ("1001", "5"), ("1002", "3")], 1):
        calls.SurveyAnswer.objects.create(
            seq=seq, call=f"c{seq}", agent=agent_, queue="service", flow="survey", node="rating", key=key, at=now
        )
    calls.SurveyAnswer.objects.create(seq=9, call="c9", agent="1001", flow="another", node="rating", key="5", at=now)
    found = lead.get(f"{API}survey-answers/results/", {"flow": "survey"}).json()
    assert [(row["agent"], row["answer"], row["count"]) for row in found] == [("1002", "3", 1), ("1001", "5", 2)]
    assert lead.get(f"{API}survey-answers/results/").status_code == 400
    steps = {"start": "mark", "steps": {"mark": {"text": "几分？", "answer": "scale"}}}
    sheet = Script.objects.create(title="满意度", situation="survey", steps=steps)
    run = ScriptRun.objects.create(script=sheet, steps=steps, user=lead.user, agent="1000")
    answered = lead.post(f"{API}script-runs/{run.pk}/answer_step/", {"step": "mark", "value": "4"}, format="json")
    assert answered.status_code == 200, answered.json()
    found = lead.get(f"{API}survey-answers/results/", {"script": sheet.pk}).json()
    assert [(row["agent"], row["question"], row["answer"], row["count"]) for row in found] == [("1000", "mark", "4", 1)]


# -- callbacks -----------------------------------------------------------------------------------------------------


def owed(ident: str, queue: str = "sales", **about: Any) -> calls.CallbackEntry:
    about = {"number": f"+8613800138{int(ident[1:]):03}", "source": "abandoned", "asked_at": timezone.now(), **about}
    return calls.CallbackEntry.objects.create(id=ident, queue=queue, **about)


def test_given_callbacks_of_two_floors_then_each_sees_their_own_with_masks_by_role() -> None:
    sales = calls.Queue.objects.create(code="sales")
    group("floor").queues.add(sales)
    alice, mallory = service.agent("alice", "1001"), person("mallory", "agent", "2001", "other")
    lena = person("lena", "lead", "1000", "floor")
    owed("k1"), owed("k2", queue="elsewhere")
    seen = {who.username: client(who).get("/api/callbacks/").json()["results"] for who in (alice, mallory, lena)}
    assert {name: [row["id"] for row in rows] for name, rows in seen.items()} == {"alice": ["k1"], "mallory": [], "lena": ["k1"]}
    assert (seen["alice"][0]["number"], seen["lena"][0]["number"]) == ("138****8001", "+8613800138001")
    assert seen["alice"][0]["token"]
    assert client(mallory).get("/api/callbacks/k1/").status_code == 404
    assert client(mallory).post("/api/callbacks/k1/close/", {"reason": "reached"}, format="json").status_code == 404
    assert client(alice).post("/api/callbacks/k1/close/", {"reason": "reached"}, format="json").status_code == 202
    assert calls.Request.objects.get().params == {"callback": "k1", "reason": "reached"}


def test_given_callbacks_when_filtered_then_each_filter_gives_its_own_in_a_fixed_number_of_queries() -> None:
    root, now = client(person("root", "admin")), timezone.now()
    owed("k1", label="都市频道", dnis="4001", asked_at=now - timedelta(hours=3))
    owed("k2", state="LATER", due_at=now + timedelta(hours=1), source="surge")
    owed("k3", state="LATER", due_at=now - timedelta(hours=1), kind="visit")
    owed("k4", state="CLOSED", closed_at=now, closed_reason="done")
    calls.CallbackAttempt.objects.create(seq=1, callback="k4", attempt=1, at=now, result="done", agent="1001", shown="4001")

    def found(**query: Any) -> list[str]:
        answer = root.get("/api/callbacks/", query)
        assert answer.status_code == 200, answer.json()
        return sorted(row["id"] for row in answer.json()["results"])

    assert found(open="true") == ["k1", "k2", "k3"]
    assert found(due="true") == ["k1", "k3"]
    assert found(label="都市频道", dnis="4001") == ["k1"]
    assert found(older="120") == ["k1"]
    assert found(source="surge") == ["k2"]
    assert found(kind="visit", state="LATER") == ["k3"]
    assert found(number="13800138004") == found(closed_reason="done") == ["k4"]
    (tried,) = root.get("/api/callbacks/k4/tries/").json()
    assert (tried["agent"], tried["result"], tried["shown"]) == ("1001", "done", "4001")
    few = queries(lambda: root.get("/api/callbacks/"))
    for n in range(5, 30):
        owed(f"k{n}")
    assert queries(lambda: root.get("/api/callbacks/")) == few <= 5


def test_given_a_surge_when_its_callers_are_called_back_and_buy_then_the_figures_say_how_many_and_how_much() -> None:
    root, who, now = client(person("root", "admin")), service.customer(), timezone.now()
    for n, (station, surge) in enumerate([("A", "tv"), ("A", "tv"), ("A", ""), ("B", "tv")], 1):
        owed(f"k{n}", label=station, dnis="4001", source="surge" if surge else "abandoned", asked_at=now - timedelta(minutes=9))
        started = now - timedelta(minutes=10)
        calls.Call.objects.create(
            id=f"in{n}", started_at=started, ended_at=started + timedelta(seconds=8 + n), owed=f"k{n}", surge=surge, dnis="4001"
        )
    calls.CallbackAttempt.objects.create(
        seq=1, callback="k1", attempt=1, at=now, reached_at=now - timedelta(minutes=4), call="out1"
    )
    calls.CallbackAttempt.objects.create(seq=2, callback="k2", attempt=1, at=now, result="busy")
    calls.Call.objects.create(id="out1", direction="out", started_at=now, owed="k1")
    calls.Call.objects.create(id="in5", started_at=now, owed="k4")
    calls.CallbackEntry.objects.filter(pk="k4").update(state="CLOSED", closed_at=now, closed_reason="called_in")
    for number, call in (("60000001", "out1"), ("60000002", "in5"), ("60000003", "out1")):
        address = {"recipient": "王芳", "phone": NUMBER, "province": "浙江省", "city": "杭州市", "street": "文三路1号"}
        Order.objects.create(number=number, customer=who, call=call, **address)
    Order.objects.exclude(number="60000003").update(state="submitted", submitted_at=now)

    def found(by: str) -> dict[str, tuple[Any, ...]]:
        answer = root.get("/api/callbacks/figures/", {"by": by})
        assert answer.status_code == 200, answer.json()
        names = ("captured", "reached", "called_in", "open", "bought", "orders")
        return {row["key"]: tuple(row[name] for name in names) for row in answer.json()}

    assert found("station") == {"A": (3, 1, 0, 3, 1, 1), "B": (1, 0, 1, 0, 1, 1)}
    assert found("surge") == {"tv": (3, 1, 1, 2, 2, 2)}
    assert found("number") == {"4001": (4, 1, 1, 3, 2, 2)}
    assert found("source")["abandoned"] == (1, 0, 0, 1, 0, 0)
    assert root.get("/api/callbacks/figures/").status_code == 400
    (row,) = recovered.figures(calls.CallbackEntry.objects.filter(pk="k1"), now - timedelta(hours=1), now, "queue")
    assert (row.until_reached, row.amount) == (pytest.approx(300, abs=1), Decimal(0))
    assert root.get("/api/surge-spans/line_times/").json() == [{"surge": "tv", "seconds": 10.0}]
