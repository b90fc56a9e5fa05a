"""REST of tickets, records, knowledge, scripts, news and mails: who may what, and in which version."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from ccenter.calls.models import Call, CallAgent
from ccenter.office.models import Right
from crm.models import Mail, NewsReceipt, ScriptRun, ServiceRecord, Ticket
from crm.selectors.history import history
from crm.services import knowledge, tickets
from tests.django.crm import service
from tests.django.crm.test_script_runs import VISIT

pytestmark = pytest.mark.django_db
API = "/api/crm/"


@pytest.fixture
def alice(login: Callable[..., Any]) -> Any:
    return login("alice", "agent", "1001")


@pytest.fixture
def lead(login: Callable[..., Any]) -> Any:
    return login("lena", "lead")


def seen(client: Any, address: str, key: str = "id") -> list[Any]:
    answer = client.get(API + address)
    assert answer.status_code == 200, answer.content
    return [row[key] for row in answer.json()["results"]]


def act(client: Any, address: str, body: dict[str, Any], version: int | str = "*") -> Any:
    tag = "*" if version == "*" else f'"{version}"'
    return client.post(API + address, body, headers={"If-Match": tag})


def call(ident: str, agent: str) -> None:
    Call.objects.create(id=ident, started_at=timezone.now(), direction="in", state="ENDED")
    CallAgent.objects.create(call=ident, agent=agent, seq=1, at=timezone.now(), spoke=True)


# -- tickets ---------------------------------------------------------------------------------------------------


def test_given_a_ticket_when_taken_worked_on_and_closed_over_rest_then_versions_guard_it(alice: Any) -> None:
    who = service.customer()
    body = {"customer": who.pk, "text": "锅把松动", "kind": "work_order", "severity": 3, "product": "1001"}
    taken = alice.post(f"{API}tickets/", body, headers={"Idempotency-Key": "k1"})
    assert taken.status_code == 201, taken.content
    row = taken.json()
    assert (row["number"], row["customer_name"], row["author"], row["state"]) == (f"T{row['id']:08}", "王芳", "alice", "open")
    assert set(row["next"]) == {"working", "waiting", "settled", "closed"}, "an agent neither dispatches nor withdraws"
    again = alice.post(f"{API}tickets/", body, headers={"Idempotency-Key": "k1"})
    assert (again.json()["id"], Ticket.objects.count()) == (row["id"], 1)
    where = f"tickets/{row['id']}/"
    assert alice.post(f"{API}{where}step/", {"to": "working"}).status_code == 428
    assert act(alice, f"{where}step/", {"to": "working"}, 1).json()["state"] == "working"
    assert act(alice, f"{where}step/", {"to": "waiting"}, 1).status_code == 412
    refused = act(alice, f"{where}step/", {"to": "closed"})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["resolution"])
    assert act(alice, f"{where}step/", {"to": "working"}).status_code == 409
    assert act(alice, f"{where}step/", {"to": "withdrawn", "text": "x"}).status_code == 403
    assert act(alice, f"{where}note/", {"text": "已联系"}).status_code == 201
    assert act(alice, f"{where}step/", {"to": "closed", "resolution": "换新"}).json()["closed_at"]
    events = alice.get(f"{API}{where}events/").json()
    assert [(one["kind"], one["after"]) for one in events] == [
        ("taken", ""),
        ("step", "working"),
        ("note", ""),
        ("step", "closed"),
    ]
    other = service.customer("李强")
    patched = alice.patch(f"{API}{where}", {"customer": other.pk}, headers={"If-Match": "*"})
    assert patched.status_code == 400
    assert alice.delete(f"{API}{where}", headers={"If-Match": "*"}).status_code == 405


def test_given_a_branch_then_it_sees_and_works_on_what_was_handed_to_it_alone(login: Any, lead: Any) -> None:
    south, north = login("sun", "branch"), login("nora", "branch")
    here = service.branch("south", south.user)
    service.branch("north", north.user)
    row, other = service.ticket(lead.user), service.ticket(lead.user)
    assert seen(south, "tickets/") == []
    assert act(lead, f"tickets/{row.pk}/step/", {"to": "dispatched"}).json()["fields"].keys() == {"branch"}
    assert act(lead, f"tickets/{row.pk}/step/", {"to": "dispatched", "branch": "south"}).json()["branch"] == "south"
    assert (seen(south, "tickets/"), seen(north, "tickets/")) == ([row.pk], [])
    assert act(south, f"tickets/{other.pk}/step/", {"to": "working"}).status_code == 404
    assert act(north, f"tickets/{row.pk}/step/", {"to": "working"}).status_code == 404
    assert act(south, f"tickets/{row.pk}/step/", {"to": "working"}).json()["state"] == "working"
    assert act(south, f"tickets/{row.pk}/step/", {"to": "dispatched", "branch": "north"}).status_code == 403
    assert act(south, f"tickets/{row.pk}/step/", {"to": "settled", "resolution": "上门修好"}).json()["state"] == "settled"
    assert act(south, f"tickets/{row.pk}/step/", {"to": "closed"}).status_code == 403
    here.active = False
    here.save()
    assert seen(south, "tickets/") == []


def test_given_a_right_taken_away_then_the_step_and_its_button_go(alice: Any) -> None:
    row = service.ticket(alice.user)
    Right.objects.filter(group__name="agent", action="tickets.close").update(scope="own")
    assert "closed" in alice.get(f"{API}tickets/{row.pk}/").json()["next"]
    foreign = service.ticket(service.agent("bob", "1002"))
    assert act(alice, f"tickets/{foreign.pk}/step/", {"to": "closed", "resolution": "x"}).status_code == 403
    Right.objects.filter(group__name="agent", action="tickets.close").update(scope="none")
    again = alice.get(f"{API}tickets/{row.pk}/").json()
    assert "closed" not in again["next"]


def test_given_filters_then_late_open_and_searched_tickets_are_told_apart(alice: Any) -> None:
    now = timezone.now()
    late = service.ticket(alice.user, due_at=now - timedelta(hours=1), order="70010001")
    fine = service.ticket(alice.user, due_at=now + timedelta(hours=1), text="包装破损", severity=4)
    done = tickets.step(alice.user, service.ticket(alice.user, due_at=now - timedelta(days=1)), "closed", resolution="好了")
    tickets.assign(alice.user, fine, owner=alice.user)
    for query, expected in {
        "late=true": {late.pk},
        "late=false": {fine.pk, done.pk},
        "open=true": {late.pk, fine.pk},
        "open=false": {done.pk},
        "state=closed&state=open": {late.pk, fine.pk, done.pk},
        "owner=alice": {fine.pk},
        "severity=4": {fine.pk},
        "search=包装": {fine.pk},
        "search=70010001": {late.pk},
        f"search=T{fine.pk:08}": {fine.pk},
        f"customer={late.customer_id}&kind=work_order": set(),
    }.items():
        assert set(seen(alice, f"tickets/?{query}")) == expected, query
    assert alice.get(f"{API}tickets/{done.pk}/").json()["late"] is True
    assert seen(alice, "tickets/?ordering=due_at")[:2] == [done.pk, late.pk]
    assert alice.get(f"{API}tickets/?sate=open").status_code == 400


def test_given_many_tickets_then_a_page_costs_the_same_queries(alice: Any, django_assert_max_num_queries: Any) -> None:
    for _ in range(12):
        service.ticket(alice.user, service.customer(), category=None)
    seen(alice, "tickets/?page_size=2")
    with django_assert_max_num_queries(6):
        assert len(seen(alice, "tickets/?page_size=12")) == 12


def test_given_a_follow_up_asked_for_then_its_number_is_masked_for_agents(alice: Any, lead: Any) -> None:
    row = service.ticket(lead.user)
    made = act(alice, f"tickets/{row.pk}/follow_up/", {"reason": "是否满意", "due_at": "2099-01-01T02:00:00Z"})
    assert (made.status_code, made.json()["number"]) == (201, "138****8000")
    assert lead.get(f"{API}outbound-tasks/").json()["results"][0]["number"] == service.PHONE
    ident = made.json()["id"]
    assert act(lead, f"outbound-tasks/{ident}/cancel/", {}).json()["state"] == "cancelled"
    assert act(alice, f"outbound-tasks/{ident}/cancel/", {}).status_code == 409


def test_given_rules_then_office_administrators_write_them_and_leads_read(login: Any, lead: Any) -> None:
    admin = login("otto", "office_admin")
    top = admin.post(f"{API}categories/", {"code": "delivery", "name_zh": "配送", "name_en": "Delivery"}).json()
    below = admin.post(f"{API}categories/", {"code": "late", "name_zh": "催", "name_en": "Late", "parent": top["id"]}).json()
    where = f"{API}categories/{top['id']}/"
    circle = admin.patch(where, {"parent": below["id"]}, headers={"If-Match": '"1"'})
    assert (circle.status_code, list(circle.json()["fields"])) == (400, ["parent"])
    rule = {"category": top["id"], "minutes": 60, "calendar": None}
    assert admin.post(f"{API}due-rules/", rule).status_code == 201
    assert admin.post(f"{API}due-rules/", rule).status_code == 400, "there is one"
    assert lead.post(f"{API}due-rules/", rule).status_code == 403
    assert seen(lead, "due-rules/", "minutes") == [60]
    (ident,) = seen(admin, "due-rules/")
    changed = admin.patch(f"{API}due-rules/{ident}/", {"minutes": 90}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["minutes"]) == (200, 90)
    assert admin.delete(f"{API}due-rules/{ident}/", headers={"If-Match": '"2"'}).status_code == 204
    assert admin.post(f"{API}escalations/", {"level": 1, "minutes": 0, "take_over": True}).status_code == 400
    assert admin.post(f"{API}escalations/", {"level": 1, "minutes": 0, "take_over": True, "to": "lena"}).status_code == 201


# -- records ---------------------------------------------------------------------------------------------------


def test_given_a_call_of_ones_own_then_its_record_is_written_and_only_its_author_changes_it(alice: Any, login: Any) -> None:
    bob = login("bob", "agent", "1002")
    call("c1", "1001")
    body = {"call": "c1", "customer": service.customer().pk, "result": "solved", "summary": "已解决"}
    assert bob.post(f"{API}records/", body).status_code == 400
    made = alice.post(f"{API}records/", body).json()
    assert (made["agent"], made["first_contact"], made["customer_name"]) == ("1001", True, "王芳")
    where = f"{API}records/{made['id']}/"
    assert bob.patch(where, {"summary": "x"}, headers={"If-Match": "*"}).status_code == 404
    changed = alice.patch(where, {"summary": "已补寄"}, headers={"If-Match": f'"{made["version"]}"'})
    assert changed.json()["summary"] == "已补寄"
    assert seen(bob, "records/?first_contact=true") == [made["id"]]
    assert ServiceRecord.objects.count() == 1


# -- knowledge -------------------------------------------------------------------------------------------------


def test_given_an_agents_article_then_an_expert_approves_it_and_everybody_finds_and_judges_it(alice: Any, login: Any) -> None:
    expert, branch = login("emma", "expert"), login("sun", "branch")
    body = {"question": "炒锅如何退货", "answer": "七天内", "keywords": ["退换"], "products": ["1001"]}
    made = alice.post(f"{API}articles/", body)
    assert made.status_code == 201, made.content
    where = f"articles/{made.json()['id']}/"
    assert act(alice, f"{where}step/", {"to": "submitted"}).json()["versions"][0]["state"] == "submitted"
    assert act(alice, f"{where}step/", {"to": "live"}).status_code == 403
    assert seen(expert, "articles/?state=submitted") == [made.json()["id"]]
    assert act(expert, f"{where}step/", {"to": "live", "comment": "好"}).json()["versions"][0]["decided_by"] == "emma"
    (found,) = branch.get(f"{API}articles/find/?text=退货&product=1001").json()
    assert (found["question"], found["article"]) == ("炒锅如何退货", made.json()["id"])
    judged = act(branch, f"{where}vote/", {"version": found["version"], "useful": True})
    assert judged.json()["useful"] == 1
    assert act(branch, f"{where}vote/", {"version": found["version"] + 1, "useful": True}).status_code == 400
    changed = expert.patch(f"{API}{where}", {"answer": "十五天内"}, headers={"If-Match": "*"}).json()
    assert [(one["number"], one["state"]) for one in changed["versions"]] == [(2, "draft"), (1, "live")]
    other = knowledge.add_article(expert.user, {"question": "x", "answer": "y"})
    assert alice.patch(f"{API}articles/{other.pk}/", {"answer": "z"}, headers={"If-Match": "*"}).status_code == 404


# -- scripts and news ------------------------------------------------------------------------------------------


def test_given_a_script_with_steps_then_an_agent_goes_through_it_in_their_call(alice: Any, lead: Any) -> None:
    body = {"title": "回访", "text": "您好", "steps": VISIT}
    assert alice.post(f"{API}scripts/", body).status_code == 403
    broken = {**body, "steps": {"start": "a", "steps": {"a": {"text": "x", "next": "b"}}}}
    assert list(lead.post(f"{API}scripts/", broken).json()["fields"]) == ["steps"]
    script = lead.post(f"{API}scripts/", body).json()
    call("c1", "1001")
    begun = {"script": script["id"], "call": "c1", "customer": service.customer().pk}
    assert alice.post(f"{API}script-runs/", {**begun, "call": "c2"}).status_code == 400
    run = alice.post(f"{API}script-runs/", begun)
    assert run.status_code == 201, run.content
    assert run.json()["asked"]["step"] == "content"
    where = f"script-runs/{run.json()['id']}/answer_step/"
    after = act(alice, where, {"step": "content", "value": "no", "product": "炒锅"}).json()
    assert (after["asked"]["step"], after["answers"][0]["question"]) == ("why", "王女士，您对炒锅满意吗？")
    assert act(alice, where, {"step": "score", "value": "1"}).status_code == 409
    assert act(alice, where, {"step": "why", "value": "slow"}).status_code == 400
    assert lead.get(f"{API}scripts/{script['id']}/counts/").json() == [
        {"step": "content", "value": "no", "label": "不满意", "count": 1}
    ]
    assert ScriptRun.objects.get().user == alice.user


def test_given_news_to_confirm_then_the_lead_sees_who_has_not(alice: Any, lead: Any, login: Any) -> None:
    bob = login("bob", "agent", "1002", team="other")
    body = {"title": "新规定", "text": "请阅读", "must_read": True, "groups": ["floor"]}
    assert alice.post(f"{API}news/", body).status_code == 403
    made = lead.post(f"{API}news/", body).json()
    assert (seen(alice, "news/?to_confirm=true"), seen(bob, "news/")) == ([made["id"]], [])
    where = f"news/{made['id']}/"
    assert act(alice, f"{where}read/", {}).json()["read_at"]
    assert seen(alice, "news/?to_confirm=true") == [made["id"]]
    assert act(alice, f"{where}read/", {"confirm": True}).json()["confirmed_at"]
    assert seen(alice, "news/?to_confirm=true") == []
    readers = {one["user"]: one["confirmed_at"] is not None for one in lead.get(f"{API}{where}readers/").json()}
    assert readers == {"alice": True, "lena": False}
    assert alice.get(f"{API}{where}readers/").status_code == 403
    lead.patch(f"{API}{where}", {"text": "请再读", "again": True}, headers={"If-Match": "*"})
    assert seen(alice, "news/?to_confirm=true") == [made["id"]]
    assert NewsReceipt.objects.count() == 1


# -- mails -----------------------------------------------------------------------------------------------------


def test_given_a_template_and_a_file_then_an_agent_writes_a_mail_with_them(
    alice: Any, login: Any, settings: Any, tmp_path: Any
) -> None:
    settings.STATE = tmp_path
    admin = login("otto", "office_admin")
    upload = SimpleUploadedFile("发票.pdf", b"%PDF")
    file = alice.post(f"{API}mail-files/", {"file": upload}, format="multipart")
    assert (file.status_code, file.json()["kind"]) == (201, "application/pdf")
    data = alice.get(f"{API}mail-files/{file.json()['id']}/data/")
    assert (b"".join(data.streaming_content), data["Content-Type"]) == (b"%PDF", "application/octet-stream")
    template = {
        "code": "invoice",
        "name": "发票",
        "subject": "发票",
        "body": "{salutation}，请查收。",
        "files": [file.json()["id"]],
    }
    assert alice.post(f"{API}mail-templates/", template).status_code == 403
    made = admin.post(f"{API}mail-templates/", template)
    assert made.status_code == 201, made.content
    who = service.customer(email="wang@example.com")
    filled = alice.post(f"{API}mail-templates/{made.json()['id']}/filled/", {"customer": who.pk}, headers={"If-Match": "*"})
    assert filled.json() == {"subject": "发票", "body": "王女士，请查收。"}
    sent = alice.post(f"{API}mails/", {"customer": who.pk, "template": "invoice"}).json()
    assert (sent["to"], sent["body"], sent["files"]) == ("wang@example.com", "王女士，请查收。", [file.json()["id"]])
    assert act(alice, f"mails/{sent['id']}/again/", {}).status_code == 409
    Mail.objects.update(state="failed")
    assert act(alice, f"mails/{sent['id']}/again/", {}).json()["state"] == "queued"


# -- history ---------------------------------------------------------------------------------------------------


def test_given_all_that_was_done_then_the_history_shows_each_to_who_may_see_it(alice: Any, login: Any) -> None:
    who = service.customer(email="wang@example.com")
    row = service.ticket(alice.user, who)
    service.outbound.plan(alice.user, who, "问候", ticket=row)
    service.mail.write(alice.user, who, subject="您的订单", body="您好")
    call("c1", "1001")
    alice.post(f"{API}records/", {"call": "c1", "customer": who.pk, "summary": "咨询"})
    kinds = {entry.kind for entry in history(alice.user, who).entries}
    assert {"ticket", "outbound", "mail", "record"} <= kinds
    branch = login("sun", "branch")
    assert {entry.kind for entry in history(branch.user, who).entries} & {"ticket", "outbound", "mail", "record"} == set()
