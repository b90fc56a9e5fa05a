"""News as their readers see them, and who has read them."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery

from ccenter.calls.models import Agent, SeatGroup
from ccenter.office.rights import teams_of
from crm.models import News, NewsReceipt


def news_for(user: Any, now: datetime) -> QuerySet[News]:
    """What a user should know now, the newest first, with `read_at` and `confirmed_at` of this edition or None. One query
    beside those for the user's teams."""
    to = News.groups.through.objects.filter(news=OuterRef("pk"))
    shown = Q(from_at__lte=now) & (Q(until__isnull=True) | Q(until__gt=now))
    return read_by(News.objects.filter(shown, Q(~Exists(to)) | Q(Exists(to.filter(seatgroup__in=teams_of(user))))), user)


def read_by(rows: QuerySet[News], user: Any) -> QuerySet[News]:
    """With `read_at` and `confirmed_at` of this edition by a user, or None; the newest first."""
    mine = NewsReceipt.objects.filter(news=OuterRef("pk"), user=user, edition=OuterRef("edition"))
    times = {name: Subquery(mine.values(name)[:1], output_field=DateTimeField()) for name in ("read_at", "confirmed_at")}
    return rows.annotate(**times).order_by("-from_at", "-id")


def unconfirmed(user: Any, now: datetime) -> QuerySet[News]:
    """What a user has to confirm yet."""
    return news_for(user, now).filter(must_read=True, confirmed_at=None)


def readers(news: News) -> QuerySet[Any]:
    """Everybody with a seat whom it is for, with `read_at` and `confirmed_at` of this edition; who has not comes first."""
    people = get_user_model()._default_manager.filter(is_active=True)
    seats = Agent.objects.filter(user=OuterRef("pk"), active=True)
    groups = list(news.groups.values_list("pk", flat=True))
    if groups:
        leads = SeatGroup.leads.through.objects.filter(user=OuterRef("pk"), seatgroup__in=groups)
        people = people.filter(Exists(seats.filter(group__in=groups)) | Exists(leads))
    else:
        people = people.filter(Exists(seats))
    mine = NewsReceipt.objects.filter(news=news, edition=news.edition, user=OuterRef("pk"))
    times = {name: Subquery(mine.values(name)[:1], output_field=DateTimeField()) for name in ("read_at", "confirmed_at")}
    order = (F("confirmed_at").asc(nulls_first=True), F("read_at").asc(nulls_first=True), "username")
    return people.annotate(**times).select_related("seat").defer("password", "seat__sip_password").order_by(*order)
