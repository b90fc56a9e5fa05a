"""Tickets, people and places for the tests of what is done for customers."""

from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from ccenter.calls.models import BarredNumber, Calendar, CallbackAttempt, CallbackEntry, OpeningHours, SurgeSpan, SurveyAnswer
from ccenter.office.models import Branch
from crm.models import Category, Customer, DueRule, Escalation, MailTemplate, News, Script, Ticket
from crm.services import knowledge, mail, outbound, outbound_rules, save_record, script_runs, tickets
from tests.django.people import person

__all__ = ["agent", "branch", "category", "customer", "mail", "office_hours", "one_of_each", "outbound", "ticket"]
PHONE = "+8613800138000"


def customer(name: str = "王芳", phone: str | None = None, **fields: Any) -> Customer:
    """With PHONE the first, with a number of their own the others; "" for none."""
    place = Customer.objects.count() + 1
    if phone is None:
        phone = PHONE if place == 1 else f"+86139{place:08}"
    found = Customer.objects.create(number=f"8000{place:04}", name=name, **{"title": "ms", **fields})
    if phone:
        found.phones.create(number=phone)
    return found


def agent(name: str = "alice", seat: str = "1001", **options: Any) -> Any:
    return person(name, "agent", seat, **options)


def ticket(user: Any, who: Customer | None = None, text: str = "坏了", **fields: Any) -> Ticket:
    return tickets.add_ticket(user, who or customer(), text, **fields)


def category(code: str, parent: Category | None = None) -> Category:
    return Category.objects.create(code=code, name_zh=code, name_en=code, parent=parent)


def office_hours() -> Calendar:
    """Monday to Friday, nine to six."""
    calendar = Calendar.objects.create(code="nine-to-six")
    OpeningHours.objects.bulk_create(OpeningHours(calendar=calendar, weekday=day, start=540, end=1080) for day in range(5))
    return calendar


def branch(code: str, *logins: Any) -> Branch:
    found = Branch.objects.create(code=code, name=code.title())
    found.logins.set(logins)
    return found


def one_of_each(user: Any) -> None:
    """A row of everything that is done for customers, so that an address leads somewhere."""
    who = customer(email="wang@example.com")
    row = ticket(user, who)
    outbound.plan(user, who, "问候", due_at=row.created_at + timedelta(days=1), ticket=row)
    about = {"title": "回访", "event": "order_delivered", "kind": "visit", "reason": "回访", "days": 3}
    outbound_rules.save_rule(user, None, about)
    now = row.created_at
    CallbackEntry.objects.create(id="k1", number=PHONE, source="asked", asked_at=now)
    CallbackAttempt.objects.create(seq=1, callback="k1", attempt=1, at=now)
    BarredNumber.objects.create(number="+8613900009999", at=now)
    SurveyAnswer.objects.create(seq=1, call="c1", flow="survey", node="rating", key="5", at=now)
    SurgeSpan.objects.create(seq=1, surge="tv", started_at=now)
    mail.write(user, who, subject="您好", body="您好")
    mail.add_file(user, SimpleUploadedFile("a.txt", b"1"))
    category("late")
    DueRule.objects.create(minutes=60)
    Escalation.objects.create(level=1, minutes=60)
    steps = {"start": "ask", "steps": {"ask": {"text": "好吗？", "answer": "yes_no"}}}
    script_runs.start(user, Script.objects.create(title="回访", text="您好", steps=steps), customer=who)
    MailTemplate.objects.create(code="hello", name="问候", subject="{name}", body="{order}")
    News.objects.create(title="通知", text="请阅读", author=user)
    knowledge.add_article(user, {"question": "如何退货", "answer": "七天内"})
    save_record("c1", user, "", {"customer": who})
