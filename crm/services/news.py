"""Writes of news, and who has read them."""

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ccenter.calls.models import SeatGroup
from crm.models import News, NewsReceipt
from crm.services import rows


@transaction.atomic
def add_news(user: Any, values: dict[str, Any], groups: Collection[SeatGroup] = ()) -> News:
    """For everybody without `groups`."""
    news = News(author=user, **values)
    _forward(news)
    return rows.add(user, "news", news, groups=groups)


@transaction.atomic
def change_news(
    user: Any, news: News, values: dict[str, Any], groups: Collection[SeatGroup] | None = None, again: bool = False
) -> News:
    """`again`: it has to be read anew."""
    news = News.objects.select_for_update().get(pk=news.pk)
    wanted = {**values, "edition": news.edition + 1} if again else values
    _forward(News(**{"from_at": news.from_at, "until": news.until, **values}))
    return rows.change(user, "news", news, wanted, **({} if groups is None else {"groups": groups}))


def _forward(news: News) -> None:
    if news.until is not None and news.until <= news.from_at:
        raise ValidationError({"until": _("It would end before it begins.")})


@transaction.atomic
def read(user: Any, news: News, confirmed: bool = False) -> NewsReceipt:
    """Notes that a user has read it as it is now, and confirmed it. Done twice, the first time stays."""
    now = timezone.now()
    receipt, _new = NewsReceipt.objects.get_or_create(
        news=news, user=user, edition=news.edition, defaults={"read_at": now, "confirmed_at": now if confirmed else None}
    )
    if confirmed and receipt.confirmed_at is None:
        NewsReceipt.objects.filter(pk=receipt.pk, confirmed_at=None).update(confirmed_at=now)
        receipt.refresh_from_db()
    return receipt
