"""Tickets, people and places for the tests of what is done for customers."""

from typing import Any

from ccenter.calls.models import Calendar, OpeningHours
from ccenter.office.models import Branch
from crm.models import Category, Customer, Ticket
from crm.services import follow_ups, mail, tickets
from tests.django.people import person

__all__ = ["agent", "branch", "category", "customer", "follow_ups", "mail", "office_hours", "ticket"]
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
