"""The knowledge base: written, approved, found, judged."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from ccenter.office.errors import Conflict
from crm.models import Article, ArticleVersion
from crm.segmentation import words_in, words_of
from crm.selectors import knowledge as selectors
from crm.services import knowledge
from tests.django.crm import service
from tests.django.people import person

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 22)


@pytest.fixture
def emma(db: None) -> Any:
    return person("emma", "expert")


def article(user: Any, question: str, answer: str = "见说明书。", *, live: bool = True, **fields: Any) -> Article:
    made = knowledge.add_article(user, {"question": question, "answer": answer, **fields})
    if live:
        knowledge.step(user, made, "submitted")
        knowledge.step(user, made, "live")
    return made


def asked(text: str, today: date = TODAY, **where: Any) -> list[str]:
    return [one.question for one in selectors.find(text, today, **where)]


# -- words -----------------------------------------------------------------------------------------------------


def test_given_chinese_when_cut_then_words_are_found_and_common_ones_left_out() -> None:
    assert words_of("请问不粘炒锅怎么退货？") == ["粘", "炒锅", "退货"]
    assert {"退货", "炒锅", "保修", "保修期"} <= set(words_in("炒锅在保修期内可以退货"))
    assert words_of("ＷｉＦｉ 怎么 连接") == ["wifi", "连接"]
    assert words_of("怎么") == ["怎么"], "nothing else was said"
    assert words_of("？！") == []


# -- finding ---------------------------------------------------------------------------------------------------


def test_given_articles_when_asked_in_other_words_around_then_the_best_answer_comes_first(emma: Any) -> None:
    article(emma, "炒锅粘锅了怎么办", "先用温水浸泡，再用软布擦洗。")
    article(emma, "如何办理退货", "签收后七天内可以退货，炒锅等厨具需保持完好。")
    article(emma, "发票怎么开", "下单时填写抬头即可。", keywords=["增值税", "抬头"])
    assert asked("我买的炒锅想退货")[0] == "如何办理退货"
    assert asked("炒锅粘锅") == ["炒锅粘锅了怎么办", "如何办理退货"]
    assert asked("增值税") == ["发票怎么开"]
    assert asked("洗衣机") == []
    assert asked("' | !& :* \\ \0") == asked("") != []


def test_given_english_when_its_beginning_is_typed_then_it_is_found(emma: Any) -> None:
    article(emma, "How do I get a Refund?", "Within three days.", language="en")
    assert asked("refun") == asked("REFUND please") == ["How do I get a Refund?"]
    assert asked("refund", language="zh") == []


def test_given_votes_then_the_useful_answer_goes_before_its_equal(emma: Any) -> None:
    first, second = (article(emma, "如何退货", f"办法{n}") for n in "一二")
    users = [person(f"u{n}") for n in range(3)]
    live = {one.pk: one.versions.get(state="live") for one in (first, second)}
    for user in users:
        knowledge.vote(user, live[first.pk], True)
        knowledge.vote(user, live[second.pk], False)
    assert [one.answer for one in selectors.find("退货", TODAY)] == ["办法一", "办法二"]
    for user in users:
        knowledge.vote(user, live[first.pk], False)
        knowledge.vote(user, live[second.pk], True)
        knowledge.vote(user, live[second.pk], True)  # twice is once
    assert [(one.answer, one.useful, one.useless) for one in selectors.find("退货", TODAY)] == [
        ("办法二", 3, 0),
        ("办法一", 0, 3),
    ]
    assert live[first.pk].votes.count() == 3


def test_given_category_and_product_then_they_narrow_and_a_category_takes_in_those_below(emma: Any) -> None:
    above = service.category("after-sales")
    below = service.category("return", above)
    article(emma, "如何退货", category=below, products=["1001", "1002"])
    article(emma, "如何维修", category=above)
    article(emma, "如何订购", category=service.category("order"))
    assert set(asked("如何", category=above.pk)) == {"如何退货", "如何维修"}
    assert asked("", category=below.pk) == ["如何退货"]
    assert asked("", product="1002") == ["如何退货"]
    assert asked("", product="100") == []


def test_given_validity_then_both_days_are_included(emma: Any) -> None:
    article(emma, "双十二优惠", valid_from=TODAY, valid_until=TODAY + timedelta(days=1))
    assert [asked("优惠", TODAY + timedelta(days=n)) != [] for n in (-1, 0, 1, 2)] == [False, True, True, False]
    with pytest.raises(ValidationError, match="before it begins"):
        article(emma, "x", valid_from=TODAY, valid_until=TODAY - timedelta(days=1))


def test_given_many_articles_when_asked_then_one_query_answers(emma: Any, django_assert_num_queries: Any) -> None:
    for n in range(5):
        article(emma, f"问题{n}如何退货", category=service.category(f"c{n}"))
    with django_assert_num_queries(1):
        found = selectors.find("退货", TODAY)
        assert {one.article.category.code for one in found} == {f"c{n}" for n in range(5)}
    with django_assert_num_queries(2):
        assert len([v for one in selectors.articles() for v in one.versions.all()]) == 5


# -- versions and approval -------------------------------------------------------------------------------------


def test_given_a_draft_then_nobody_finds_it_until_it_is_approved(emma: Any) -> None:
    made = article(emma, "如何退货", live=False)
    assert asked("退货") == []
    with pytest.raises(Conflict):
        knowledge.step(emma, made, "live")
    knowledge.step(emma, made, "submitted")
    with pytest.raises(ValidationError, match="say why"):
        knowledge.step(emma, made, "refused", " ")
    knowledge.step(emma, made, "refused", "太短")
    assert (asked("退货"), knowledge.latest(made).comment) == ([], "太短")
    knowledge.change_article(emma, made, {"answer": "七天内，寄回仓库。"})
    assert [one.pk for one in selectors.to_approve()] == []
    version = knowledge.step(emma, made, "submitted")
    assert [one.pk for one in selectors.to_approve()] == [version.pk]
    with pytest.raises(Conflict, match="waits for approval"):
        knowledge.change_article(emma, made, {"answer": "x"})
    live = knowledge.step(emma, made, "live")
    assert (asked("退货"), live.decided_by, live.number) == (["如何退货"], emma, 1)


def test_given_a_live_answer_when_rewritten_then_the_old_one_holds_until_the_new_is_approved(emma: Any) -> None:
    made = article(emma, "如何退货", "七天")
    category = service.category("return")
    knowledge.change_article(emma, made, {"answer": "七天"})
    assert made.versions.count() == 1, "nothing was changed"
    changed = knowledge.change_article(emma, made, {"answer": "十五天", "category": category})
    assert changed.category == category
    assert [one.answer for one in selectors.find("退货", TODAY)] == ["七天"]
    knowledge.step(emma, made, "submitted")
    knowledge.step(emma, made, "live")
    assert [one.answer for one in selectors.find("退货", TODAY)] == ["十五天"]
    assert list(made.versions.order_by("number").values_list("number", "state")) == [(1, "retired"), (2, "live")]
    knowledge.step(emma, made, "retired")
    assert asked("退货") == []
    with pytest.raises(Conflict):
        knowledge.step(emma, made, "retired")


def test_given_two_live_versions_then_the_database_refuses(emma: Any) -> None:
    made = article(emma, "如何退货")
    live = made.versions.get()
    with pytest.raises(IntegrityError, match="one_live_version"), transaction.atomic():
        ArticleVersion.objects.create(
            article=made, number=2, question="x", answer="x", state="live", author=emma, words="x",
            decided_by=emma, decided_at=live.decided_at,
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="article_live_is_found"), transaction.atomic():
        ArticleVersion.objects.filter(pk=live.pk).update(words=None)
