"""News, mails, records, follow-up calls and what a centre sets up, on their pages."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from crm.models import Category, DueRule, Escalation, Mail, MailTemplate, News, NewsReceipt, OutboundTask, ServiceRecord
from crm.services import mail, outbound, save_record, tickets
from crm.services.news import add_news
from tests.django.crm import service
from tests.django.office.pages import browser, part, said, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(login: Callable[..., Any]) -> Any:
    found = browser(login("lena", "lead").user)
    found.user = found_user("lena")
    return found


@pytest.fixture
def alice(login: Callable[..., Any]) -> Any:
    found = browser(login("alice", "agent", "1001").user)
    found.user = found_user("alice")
    return found


@pytest.fixture
def chief(login: Callable[..., Any]) -> Any:
    return browser(login("olga", "office_admin").user)


def found_user(name: str) -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(username=name)


def rows(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.content.decode()[:2000]
    assert not answer.context["trouble"]
    return [line.row for line in answer.context["lines"]]


def text_of(answer: Any) -> str:
    found: str = answer.content.decode()
    return found


# -- news ------------------------------------------------------------------------------------------------------


def test_given_news_to_be_confirmed_then_every_page_says_so_until_it_is(alice: Any, lead: Any) -> None:
    first = add_news(lead.user, {"title": "新退货规则", "text": "见 https://example.com/a <b>", "must_read": True})
    add_news(lead.user, {"title": "停电通知", "text": "周日", "must_read": True})
    add_news(lead.user, {"title": "食堂菜单", "text": "饺子"})
    told = text_of(alice.get("/office/notices/"))
    assert "/crm/news/to-confirm/" in told and "停电通知" in told and ">2<" in told
    page = alice.get("/crm/news/to-confirm/")
    assert [one.title for one in page.context["news"]] == ["停电通知", "新退货规则"]
    assert "&lt;b&gt;" in text_of(page)
    answer = send(alice, f"/crm/news/{first.pk}/read/", confirm="1")
    assert [one.title for one in answer.context["news"]] == ["停电通知"]
    assert "look-again" in answer["HX-Trigger"]
    assert NewsReceipt.objects.get(user=alice.user).confirmed_at is not None
    assert "新退货规则" not in text_of(alice.get("/office/notices/"))


def test_given_news_when_opened_then_it_counts_as_read_and_who_wrote_it_sees_who_has_not(alice: Any, lead: Any) -> None:
    service.agent("bob", "1002")
    piece = add_news(lead.user, {"title": "通知", "text": "请阅读", "must_read": True})
    page = alice.get(f"/crm/news/{piece.pk}/")
    assert f'hx-post="/crm/news/{piece.pk}/read/"' in text_of(page), "the page that shows it says so"
    assert "Who has read it" not in text_of(page)
    assert send(alice, f"/crm/news/{piece.pk}/read/").status_code == 204
    assert f'hx-post="/crm/news/{piece.pk}/read/"' not in text_of(alice.get(f"/crm/news/{piece.pk}/"))
    seen = lead.get(f"/crm/news/{piece.pk}/").context
    assert [(one.username, one.read_at is not None) for one in seen["readers"]] == [("bob", False), ("alice", True)]
    assert (seen["read"], seen["confirmed"]) == (1, 0)


def test_given_a_lead_when_news_is_written_changed_and_to_be_read_anew_then_readers_are_asked_again(
    alice: Any, lead: Any
) -> None:
    now = timezone.localtime()
    sent = {"title": "通知", "text": "一", "must_read": "on", "from_at": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}"}
    assert send(alice, "/crm/news/new/", **sent).status_code == 403
    wrong = send(lead, "/crm/news/new/", **sent, until=f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}")
    assert wrong.status_code == 422 and "It would end before it begins." in text_of(wrong)
    send(lead, "/crm/news/new/", **sent)
    piece = News.objects.get()
    send(alice, f"/crm/news/{piece.pk}/read/", confirm="1")
    assert rows(part(alice, "/crm/news/", to_confirm="true")) == []
    answer = send(lead, f"/crm/news/{piece.pk}/change/", **(sent | {"text": "二", "again": "on"}), version=piece.version)
    assert answer["HX-Redirect"] == f"/crm/news/{piece.pk}/"
    assert [one.text for one in rows(part(alice, "/crm/news/", to_confirm="true"))] == ["二"]


def test_given_news_of_another_group_then_an_agent_has_none(alice: Any, lead: Any) -> None:
    from tests.django.people import group

    piece = add_news(lead.user, {"title": "只给客服二组", "text": "x", "must_read": True}, [group("second")])
    assert rows(part(alice, "/crm/news/")) == []
    assert alice.get(f"/crm/news/{piece.pk}/").status_code == 404
    assert send(alice, f"/crm/news/{piece.pk}/read/", confirm="1").status_code == 404


# -- mails -----------------------------------------------------------------------------------------------------


def test_given_a_mail_that_came_back_then_the_list_says_why_and_it_is_sent_again(alice: Any) -> None:
    who = service.customer(email="wang@example.com")
    back, fine = (mail.write(alice.user, who, subject=title, body="您好") for title in ("退回的", "发出的"))
    now = timezone.now()
    Mail.objects.filter(pk=back.pk).update(state="bounced", bounced_at=now, error="550 no such user")
    Mail.objects.filter(pk=fine.pk).update(state="sent", sent_at=now)
    assert rows(part(alice, "/crm/mails/", state="bounced")) == [back]
    assert "550 no such user" in text_of(part(alice, "/crm/mails/", search="wang@example.com"))
    card = alice.get(f"/crm/mails/{back.pk}/")
    assert [one.name for one in card.context["acts"]] == ["again"]
    answer = send(alice, "/crm/mails/", act="again", row=[back.pk, fine.pk])
    assert said(answer).startswith("Send again: 1") and "发出的" in text_of(answer), "one that was sent is not sent twice"
    back.refresh_from_db()
    assert back.state == "queued"


def test_given_a_template_with_a_file_when_saved_then_it_is_attached_and_agents_only_look(
    alice: Any, chief: Any, settings: Any, tmp_path: Path
) -> None:
    settings.STATE = tmp_path
    sent = {"code": "hello", "name": "问候", "language": "zh", "subject": "您好 {name}", "body": "正文", "active": "on"}
    assert send(alice, "/crm/mail-templates/new/", **sent).status_code == 403
    answer = send(chief, "/crm/mail-templates/new/", **sent, upload=SimpleUploadedFile("价目表.pdf", b"%PDF"))
    assert answer.status_code == 204, text_of(answer)
    made = MailTemplate.objects.get()
    assert [one.name for one in made.files.all()] == ["价目表.pdf"]
    twice = send(chief, "/crm/mail-templates/new/", **sent)
    assert twice.status_code == 422 and "There is one like this already." in text_of(twice)
    look = text_of(part(alice, f"/crm/mail-templates/{made.pk}/"))
    assert "disabled" in look and 'type="submit"' not in look
    kept = send(chief, f"/crm/mail-templates/{made.pk}/", **(sent | {"subject": "新"}), files=made.files.get().pk, version=1)
    assert kept.status_code == 204, text_of(kept)
    made.refresh_from_db()
    assert (made.subject, made.files.count()) == ("新", 1)


# -- records and follow-up calls -------------------------------------------------------------------------------


def test_given_records_then_who_wrote_one_corrects_it_and_others_look(alice: Any, login: Callable[..., Any]) -> None:
    who = service.customer("王芳")
    about = service.category("late")
    record, _new = save_record("c1", alice.user, "1001", {"customer": who, "summary": "催送货", "result": "solved"})
    bob = browser(login("bob", "agent", "1002").user)
    assert rows(part(bob, "/crm/records/", search="王芳", result="solved")) == [record]
    assert "Change" in text_of(part(alice, f"/crm/records/{record.pk}/"))
    assert "Change" not in text_of(part(bob, f"/crm/records/{record.pk}/"))
    sent = {"category": about.pk, "result": "follow_up", "summary": "催送货，明日回电", "follow_up": "2026-12-01"}
    assert send(bob, f"/crm/records/{record.pk}/change/", **sent, version=record.version).status_code == 404
    assert send(alice, f"/crm/records/{record.pk}/change/", **sent, version=record.version).status_code == 204
    record.refresh_from_db()
    assert (record.category, record.result, str(record.follow_up), record.followed_up_at) == (
        about,
        "follow_up",
        "2026-12-01",
        None,
    )
    send(alice, f"/crm/records/{record.pk}/change/", **sent, followed_up="on", version=record.version)
    assert ServiceRecord.objects.get().followed_up_at is not None


def test_given_planned_calls_when_some_are_cancelled_then_numbers_are_masked_and_others_calls_refused(alice: Any) -> None:
    who = service.customer()
    later = timezone.now() + timedelta(days=1)
    mine = outbound.plan(alice.user, who, "问候", due_at=later)
    theirs = outbound.plan(service.agent("bob", "1002"), who, "回访", due_at=later)
    text = text_of(part(alice, "/crm/outbound-tasks/", state="planned"))
    assert "138****8000" in text and "13800138000" not in text
    answer = send(alice, "/crm/outbound-tasks/", act="cancel", row=[mine.pk, theirs.pk])
    assert said(answer).startswith("Cancel the call: 1") and "You have no right to do this." in text_of(answer)
    assert set(OutboundTask.objects.values_list("state", flat=True)) == {"cancelled", "planned"}


# -- set up ----------------------------------------------------------------------------------------------------


def test_given_rules_then_who_administers_writes_them_and_a_lead_looks(lead: Any, chief: Any, alice: Any) -> None:
    about = service.category("late", service.category("orders"))
    assert alice.get("/crm/due-rules/").status_code == 403
    assert send(lead, "/crm/due-rules/new/", kind="", minutes=90).status_code == 403
    answer = send(chief, "/crm/due-rules/new/", kind="complaint", category=about.pk, severity=4, minutes=90)
    assert answer.status_code == 204 and said(answer) == "Saved."
    rule = DueRule.objects.get()
    assert "orders / late" in text_of(part(lead, "/crm/due-rules/"))
    assert send(lead, f"/crm/due-rules/{rule.pk}/", minutes=5, version=1).status_code in (403, 404)
    twice = send(chief, "/crm/due-rules/new/", kind="complaint", category=about.pk, severity=4, minutes=5)
    assert twice.status_code == 422
    same = send(chief, f"/crm/due-rules/{rule.pk}/", kind="complaint", category=about.pk, severity=4, minutes=60, version=1)
    assert same.status_code == 204, "a rule is not in its own way"
    assert send(chief, "/crm/due-rules/", act="delete", row=[rule.pk]).status_code == 200
    assert not DueRule.objects.exists()


def test_given_an_escalation_that_nobody_takes_over_then_the_form_says_so(chief: Any, lead: Any) -> None:
    sent = {"level": 1, "minutes": -30, "least_severity": 2, "take_over": "on"}
    wrong = send(chief, "/crm/escalations/new/", **sent)
    assert wrong.status_code == 422 and "Who takes it over?" in text_of(wrong)
    assert send(chief, "/crm/escalations/new/", **sent, to=lead.user.pk).status_code == 204
    assert Escalation.objects.get().to == lead.user
    assert "30 min before it is due" in text_of(part(lead, "/crm/escalations/"))


def test_given_the_tree_of_categories_when_edited_then_it_stays_a_tree_and_places_follow(chief: Any, alice: Any) -> None:
    orders, goods = service.category("orders"), service.category("goods")
    answer = send(
        chief, "/crm/categories/new/", code="late", name_zh="催送货", name_en="Late", parent=orders.pk, active="on", position=0
    )
    assert answer.status_code == 204, text_of(answer)
    late = Category.objects.get(code="late")
    circle = {"code": "orders", "name_zh": "订单", "name_en": "Orders", "parent": late.pk, "active": "on", "position": 0}
    wrong = send(chief, f"/crm/categories/{orders.pk}/", **circle, version=1)
    assert wrong.status_code == 422 and "cannot be part of itself" in text_of(wrong)
    drawn = [(one.code, depth) for one, depth in chief.get("/crm/categories/").context["nodes"]]
    assert drawn == [("goods", 0), ("orders", 0), ("late", 1)]
    moved = send(chief, "/crm/categories/", key=goods.pk, move="down")
    assert [one.code for one, _depth in moved.context["nodes"]] == ["orders", "late", "goods"]
    assert send(alice, "/crm/categories/", key=goods.pk, move="up").status_code == 403
    in_use = send(chief, f"/crm/categories/{orders.pk}/delete/")
    assert in_use.status_code == 409 and Category.objects.filter(pk=orders.pk).exists()
    assert (
        send(chief, f"/crm/categories/{goods.pk}/delete/").status_code == 200
        or not Category.objects.filter(code="goods").exists()
    )


# -- queries ---------------------------------------------------------------------------------------------------

LISTS = {
    "records": 6,
    "outbound-tasks": 6,
    "mails": 6,
    "news": 6,
    "articles": 8,
    "scripts": 5,
    "script-runs": 6,
    "mail-templates": 6,
}


@pytest.mark.parametrize("name", LISTS)
def test_given_few_or_many_rows_when_listed_then_it_takes_as_many_queries(
    name: str, lead: Any, django_assert_num_queries: Any
) -> None:
    filled: list[int] = []
    for times in (1, 4):
        for place in range(times):
            some_of_each(lead.user, f"{times}-{place}")
        part(lead, f"/crm/{name}/")
        with django_assert_num_queries(LISTS[name]):
            filled.append(len(rows(part(lead, f"/crm/{name}/"))))
    assert filled == [1, 5]


def some_of_each(user: Any, name: str) -> None:
    from crm.models import Script
    from crm.services import knowledge, script_runs

    who = service.customer(email="wang@example.com")
    row = service.ticket(user, who)
    tickets.note(user, row, "x")
    save_record(f"c{name}", user, "", {"customer": who, "summary": "x", "category": service.category(f"c{name}")})
    outbound.plan(user, who, "问候", due_at=timezone.now() + timedelta(days=1), ticket=row)
    mail.write(user, who, subject="您好", body="您好", ticket=row)
    add_news(user, {"title": "x", "text": "y"})
    knowledge.add_article(user, {"question": f"退货 {name}", "answer": "x"})
    steps = {"start": "a", "steps": {"a": {"text": "x", "answer": "yes_no"}}}
    run = script_runs.start(user, Script.objects.create(title=name, text="x", steps=steps), customer=who)
    script_runs.answer(user, run, "a", "yes")
    MailTemplate.objects.create(code=f"t{name}", name="x", subject="x", body="y")
