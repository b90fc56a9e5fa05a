"""What a seat is told while its phone rings."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ccenter.calls.models import CallbackEntry, CentreSettings, Flow
from crm.models import Category, Complaint, CustomerNote, Script, ServiceRecord
from tests.django.desktop.customers import NUMBER, call, customer, order, recording

pytestmark = pytest.mark.django_db
POP = "/api/desk/pop/c9/"


def test_given_a_customer_who_rings_then_the_pop_tells_who_they_are_and_what_is_open(alice: Any, alice_user: Any) -> None:
    who = customer("王芳", NUMBER, level="vip")
    order(who, "6001", "delivered")
    order(who, "6002", "shipped")
    CustomerNote.objects.create(customer=who, text="轻声说", author=alice_user)
    Complaint.objects.create(customer=who, text="坏了", author=alice_user)
    Complaint.objects.create(
        customer=who, text="旧的", author=alice_user, state="closed", resolution="换新", closed_at=timezone.now()
    )
    CallbackEntry.objects.create(id="k1", number=NUMBER, source="abandoned", asked_at=timezone.now(), queue="sales")
    call("c9", "1001", spoke=False, queued_at=timezone.now() - timedelta(seconds=30))
    told = alice.get(POP).json()
    (shown,) = told["customers"]
    assert (shown["id"], shown["name"], shown["level"], shown["salutation"]) == (who.pk, "王芳", "vip", "王女士")
    assert [(o["number"], o["open"], o["product"]) for o in shown["orders"]] == [
        ("6002", True, "不粘炒锅"),
        ("6001", False, "不粘炒锅"),
    ]
    assert [n["text"] for n in shown["notes"]] == ["轻声说"]
    assert [c["text"] for c in shown["complaints"]] == ["坏了"]
    assert [(c["source"], c["source_name"]) for c in shown["callbacks"]] == [("abandoned", "gave up waiting")]
    assert told["new_customer"] is None
    assert 29 < told["call"]["waited"] < 40
    assert told["call"]["queue"] == {"code": "sales", "name": "sales"}


def test_given_a_number_of_several_then_all_are_shown_and_nobody_is_greeted_by_name(alice: Any) -> None:
    customer("王芳", NUMBER)
    customer("李强", NUMBER, title="mr")
    Script.objects.create(title="a", text="您好，{salutation}", audience="known")
    Script.objects.create(title="b", text="您好")
    call("c9", "1001")
    told = alice.get(POP).json()
    assert {one["name"] for one in told["customers"]} == {"王芳", "李强"}
    assert told["script"] == "您好"


def test_given_a_number_of_several_when_one_is_chosen_then_they_are_greeted_by_name_and_title(alice: Any) -> None:
    customer("王芳", NUMBER)
    other = customer("李强", NUMBER, title="mr")
    stranger = customer("赵敏", "+8613911112222")
    Script.objects.create(title="a", text="您好，{salutation}", audience="known")
    Script.objects.create(title="b", text="您好")
    call("c9", "1001")
    told = alice.get(f"{POP}?customer={other.pk}").json()
    assert (told["script"], len(told["customers"])) == ("您好，李先生", 2)
    assert alice.get(f"{POP}?customer={stranger.pk}").json()["script"] == "您好", "whose number it is not"
    assert alice.get(f"{POP}?customer=x").status_code == 400
    alice.post("/api/desk/records/", {"call": "c9", "customer": other.pk, "summary": "x"})
    assert alice.get(POP).json()["script"] == "您好，李先生", "their record says who it is"


def test_given_several_and_a_member_number_with_its_pin_then_that_one_comes_first_and_is_greeted(alice: Any) -> None:
    customer("王芳", NUMBER)
    member = customer("李强", "+8613911112222", title="mr")
    Script.objects.create(title="a", text="您好，{salutation}", audience="known")
    way = [{"at": 1.0, "step": "lookup", "kind": "member_pin", "result": "found"}]
    call("c9", "1001", customer=str(member.pk), steps=way)
    told = alice.get(POP).json()
    assert [(one["name"], one["identified"]) for one in told["customers"]] == [("李强", True), ("王芳", False)]
    assert told["script"] == "您好，李先生"


def test_given_an_unknown_number_then_the_form_is_filled_with_what_is_known_and_can_be_posted(alice: Any) -> None:
    call("c9", "1001", province="浙江省", city="杭州市", language="zh", name="Anonymous")
    told = alice.get(POP).json()
    form = told["new_customer"]
    assert told["customers"] == []
    assert (form["province"], form["city"], form["name"], form["language"]) == ("浙江省", "杭州市", "", "zh")
    assert form["phones"][0]["text"] == "138****8000"
    made = alice.post("/api/desk/customers/", {"name": "新客", "phones": [{"token": form["phones"][0]["token"]}]})
    assert made.status_code == 201
    assert [one["name"] for one in alice.get(POP).json()["customers"]] == ["新客"]


def test_given_a_withheld_number_then_there_is_nobody_to_call_and_nothing_fails(alice: Any) -> None:
    customer("无号", "+8613911112222")
    call("c9", "1001", number="")
    told = alice.get(POP).json()
    assert (told["customers"], told["history"], told["call"]["number"]) == ([], [], {"text": "", "token": ""})
    assert told["new_customer"]["phones"] == []


def test_given_earlier_calls_then_they_come_with_records_and_only_my_own_recordings(
    alice: Any, alice_user: Any, bob: Any
) -> None:
    from django.contrib.auth.models import User

    who = customer()
    mine, other = call("c1", "1001", ago=200, answered_by="1001", state="ENDED", outcome="ANSWERED"), call("c2", "1002", ago=100)
    recording("r1", mine)
    recording("r2", other)
    ServiceRecord.objects.create(call="c1", author=alice_user, agent="1001", customer=who, summary="催送货", result="solved")
    ServiceRecord.objects.create(call="c2", author=User.objects.get(username="bob"), agent="1002", customer=who, summary="退货")
    call("c9", "1001", spoke=False)
    history = alice.get(POP).json()["history"]
    assert [one["id"] for one in history] == ["c2", "c1"]
    assert [one["records"][0]["summary"] for one in history] == ["退货", "催送货"]
    assert [one["records"][0]["editable"] for one in history] == [False, True]
    assert [one["recordings"][0]["audio"] for one in history] == [None, "/api/recordings/r1/audio/"]
    assert history[1]["agent"] == {"number": "1001", "name": "Alice"}
    assert (history[1]["outcome_name"], history[1]["records"][0]["result_name"]) == ("answered", "solved")


def test_given_a_call_from_another_phone_then_what_was_written_about_the_customer_is_there_all_the_same(
    alice: Any, alice_user: Any
) -> None:
    who = customer("王芳", NUMBER)
    call("c1", "1001", ago=100, number="+8613911112222")
    ServiceRecord.objects.create(call="c1", author=alice_user, agent="1001", customer=who, summary="从公司打来")
    call("c9", "1001")
    assert [one["id"] for one in alice.get(POP).json()["history"]] == ["c1"]


def test_given_a_transfer_then_the_pop_comes_with_it_and_says_who_and_what_was_written(alice: Any, bob: Any) -> None:
    Flow.objects.create(code="main", name="订购热线")
    who = customer()
    way = [
        {"at": 1.0, "step": "node", "flow": "main", "node": "hello"},
        {"at": 2.0, "step": "node", "flow": "main", "node": "menu"},
        {"at": 3.0, "step": "key", "node": "menu", "key": "1"},
        {"at": 4.0, "step": "queue", "queue": "sales", "position": 2},
        {"at": 9.0, "step": "talk", "agent": "1001", "queue": "sales"},
        {"at": 20.0, "step": "transfer", "kind": "blind", "target": "agent:1002", "agent": "1001"},
        {"at": 20.0, "step": "reached", "number": "13911112222"},
    ]
    call("c9", "1001", agent="1001", steps=way)
    assert alice.post("/api/desk/records/", {"call": "c9", "customer": who.pk, "summary": "想退货"}).status_code == 201
    assert bob.get(POP).status_code == 404
    from ccenter.calls.models import CallAgent

    CallAgent.objects.create(call="c9", agent="1002", seq=2, at=timezone.now())
    told = bob.get(POP).json()
    assert told["call"]["transferred_by"] == {"number": "1001", "name": "Alice"}
    assert [one["summary"] for one in told["handed_over"]] == ["想退货"]
    assert told["record"] is None
    assert [(one["step"], one["text"]) for one in told["call"]["path"]] == [
        ("node", "订购热线"),
        ("key", "key 1"),
        ("queue", "waits: sales"),
        ("talk", "talks with 1001 Alice"),
        ("transfer", "1001 Alice transfers to 1002 Bob"),
        ("reached", "reached 139****2222"),
    ]
    assert alice.get(POP).json()["record"]["summary"] == "想退货"


@pytest.mark.parametrize(("returning", "said"), [(False, "您好，王女士，乐享"), (True, "王女士，又见面了")])
def test_given_a_customer_who_called_before_then_the_greeting_says_so(returning: bool, said: str, alice: Any) -> None:
    CentreSettings.objects.create(name="乐享")
    Script.objects.create(title="known", text="您好，{salutation}，{company}", audience="known")
    Script.objects.create(title="back", text="{salutation}，又见面了", audience="returning")
    Script.objects.create(title="other queue", text="x", audience="returning", queue="service")
    Script.objects.create(title="new", text="y", audience="new")
    Script.objects.create(title="english", text="z", language="en", audience="returning")
    customer()
    if returning:
        call("c1", "1001", ago=100)
    call("c9", "1001")
    assert alice.get(POP).json()["script"] == said


def test_given_an_agent_then_no_number_stands_in_the_pop_whole_but_leads_see_it(alice: Any) -> None:
    from tests.django.people import client, person

    customer("王芳", NUMBER, "+8657188880000")
    CallbackEntry.objects.create(id="k1", number=NUMBER, source="abandoned", asked_at=timezone.now())
    call("c1", "1001", ago=50)
    call(
        "c9", "1001", steps=[{"at": 1.0, "step": "overflow", "queue": "sales", "reason": "timeout", "target": "number:" + NUMBER}]
    )
    text = alice.get(POP).content.decode()
    assert "13800138000" not in text
    assert "88880000" not in text
    assert "138****8000" in text
    assert "0571****0000" in text
    assert "13800138000" in client(person("lead", "lead")).get(POP).content.decode()


def test_given_twenty_times_as_much_when_a_phone_rings_then_the_queries_stay_the_same(
    alice: Any, alice_user: Any, django_assert_max_num_queries: Any
) -> None:
    def counted() -> int:
        with django_assert_max_num_queries(25) as queries:  # addresses, order lines and who may read addresses among them
            assert alice.get(POP).status_code == 200
        return len(queries)

    category = Category.objects.create(code="x", name_zh="订单", name_en="Orders")
    below = Category.objects.create(code="y", name_zh="催", name_en="Late", parent=category)
    Script.objects.create(title="a", text="{salutation}")
    call("c9", "1001")

    def more(first: int, last: int) -> None:
        for n in range(first, last):
            who = customer(f"客{n}", NUMBER, f"+86139{n:08}")
            order(who, f"60{n:04}")
            CustomerNote.objects.create(customer=who, text="x", author=alice_user)
            Complaint.objects.create(customer=who, text="x", author=alice_user, category=below)
            recording(f"r{n}", call(f"c{100 + n}", "1001", ago=n + 1))
            ServiceRecord.objects.create(call=f"c{100 + n}", author=alice_user, agent="1001", customer=who, category=below)

    more(0, 1)
    first = counted()
    more(1, 20)
    assert counted() == first
    told = alice.get(POP).json()
    assert len(told["history"]) == 10
    assert told["history"][0]["records"][0]["category"]["path"] == ["Orders", "Late"]


def test_given_somebody_elses_call_or_none_then_404_and_nobody_without_a_login(bob: Any, client: Any) -> None:
    call("c9", "1001")
    assert bob.get(POP).status_code == 404
    assert bob.get("/api/desk/pop/c404/").status_code == 404
    assert client.get(POP).status_code == 401


def test_given_names_then_pops_share_them_for_seconds_and_a_change_is_seen_after_that(
    alice: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    from ccenter.calls.models import Queue
    from ccenter.desktop import guides

    def name() -> str:
        return str(alice.get(POP).json()["call"]["queue"]["name"])

    call("c9", "1001")
    Queue.objects.filter(code="sales").update(name="订购")
    assert name() == "订购"
    monkeypatch.setattr(guides, "KEPT", 1000.0)
    Queue.objects.filter(code="sales").update(name="热线")
    assert name() == "订购"
    with django_assert_num_queries(0):
        guides.guides()
    monkeypatch.setattr(guides, "KEPT", 0.0)
    assert name() == "热线"
