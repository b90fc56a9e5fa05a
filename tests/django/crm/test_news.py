"""News: who sees them, who has confirmed."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.models import News, NewsReceipt
from crm.selectors import news as selectors
from crm.services import news
from tests.django.people import group, person

pytestmark = pytest.mark.django_db


def titles(user: Any) -> list[str]:
    return [one.title for one in selectors.news_for(user, timezone.now())]


def piece(title: str = "新品上市", **values: Any) -> News:
    groups = values.pop("groups", ())
    author = person(f"author{News.objects.count()}", "lead", team="office")
    return news.add_news(author, {"title": title, "text": "详见附件", **values}, groups)


def test_given_groups_and_times_then_each_sees_what_is_for_them_now() -> None:
    alice, bob = person("alice", "agent", "1001"), person("bob", "agent", "1002", team="other")
    lead = person("lena", "lead", team="other")
    now = timezone.now()
    piece("for all")
    piece("for the other", groups=[group("other")])
    piece("for both", groups=[group("other"), group("floor")])
    piece("tomorrow", from_at=now + timedelta(days=1))
    piece("over", from_at=now - timedelta(days=2), until=now - timedelta(days=1))
    assert set(titles(alice)) == {"for all", "for both"}
    assert set(titles(bob)) == set(titles(lead)) == {"for all", "for the other", "for both"}


def test_given_must_read_when_confirmed_then_it_is_done_until_a_new_edition() -> None:
    alice, bob = person("alice", "agent", "1001"), person("bob", "agent", "1002")
    rule = piece("新规定", must_read=True)
    piece("闲话")
    news.read(alice, rule)
    assert [one.title for one in selectors.unconfirmed(alice, timezone.now())] == ["新规定"]
    first = news.read(alice, rule, confirmed=True)
    again = news.read(alice, rule, confirmed=True)
    assert (first.pk, first.confirmed_at) == (again.pk, again.confirmed_at)
    assert not selectors.unconfirmed(alice, timezone.now()).exists()
    assert [(one.username, one.read_at is not None, one.confirmed_at is not None) for one in selectors.readers(rule)] == [
        ("bob", False, False),
        ("alice", True, True),
    ]
    assert selectors.unconfirmed(bob, timezone.now()).count() == 1
    changed = news.change_news(rule.author, rule, {"text": "详见第三条"}, again=True)
    assert changed.edition == 2
    assert selectors.unconfirmed(alice, timezone.now()).get().title == "新规定"
    assert NewsReceipt.objects.get(edition=1).confirmed_at, "what was confirmed before stays known"
    news.change_news(rule.author, changed, {"title": "新规定（修订）"})
    news.read(alice, News.objects.get(pk=rule.pk), confirmed=True)
    assert not selectors.unconfirmed(alice, timezone.now()).exists()


def test_given_news_for_a_group_then_readers_are_its_seats_and_leads() -> None:
    person("alice", "agent", "1001")
    person("bob", "agent", "1002", team="other")
    person("lena", "lead", team="other")
    rule = piece(groups=[group("other")])
    assert {one.username for one in selectors.readers(rule)} == {"bob", "lena"}


def test_given_an_end_before_its_beginning_then_it_is_refused() -> None:
    with pytest.raises(ValidationError, match="before it begins"):
        piece(until=timezone.now() - timedelta(days=1))


def test_given_many_news_then_the_list_is_one_query(django_assert_num_queries: Any) -> None:
    alice = person("alice", "agent", "1001")
    for n in range(5):
        piece(str(n), groups=[group("floor")])
    titles(alice)  # finds the teams
    with django_assert_num_queries(1):
        assert len(titles(alice)) == 5
