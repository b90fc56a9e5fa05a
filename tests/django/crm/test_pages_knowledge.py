"""The knowledge base on its pages: asked, judged, written, approved."""

from collections.abc import Callable
from typing import Any

import pytest

from crm.models import Article, ArticleVersion, ArticleVote
from crm.pages import knowledge as pages
from crm.services import knowledge
from tests.django.crm import service
from tests.django.office.pages import browser, part, send

pytestmark = pytest.mark.django_db
ASK = "/crm/knowledge/"
LIST = "/crm/articles/"


@pytest.fixture
def expert(login: Callable[..., Any]) -> Any:
    return login("eva", "expert").user


@pytest.fixture
def agent(login: Callable[..., Any]) -> Any:
    return browser(login("alice", "agent", "1001").user)


def article(user: Any, question: str, answer: str = "请在七天内联系客服。", live: bool = True, **fields: Any) -> Article:
    found = knowledge.add_article(user, {"question": question, "answer": answer, **fields})
    if live:
        knowledge.step(user, found, "submitted")
        knowledge.step(user, found, "live")
    return found


def questions(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return [one.question for one in answer.context["found"]]


def step(client: Any, row: Article, name: str, **fields: Any) -> Any:
    row.refresh_from_db()
    return send(client, f"{LIST}{row.pk}/", act=name, version=row.version, **fields)


def test_given_a_question_in_a_customers_words_then_the_live_answer_comes_with_its_words_marked(expert: Any, agent: Any) -> None:
    article(expert, "炒锅退货怎么办理", "签收后七天内可以退货，运费由公司承担。")
    article(expert, "积分什么时候到期")
    article(expert, "退货草稿", live=False)
    answer = part(agent, ASK, text="我想退货")
    assert questions(answer) == ["炒锅退货怎么办理"]
    text = answer.content.decode()
    assert "<mark>退货</mark>" in text and "<html" not in text
    assert questions(part(agent, ASK, text="飞碟")) == []
    assert len(questions(agent.get(ASK))) == 2, "without words, the most useful ones"


def test_given_markup_in_an_answer_when_it_is_shown_then_it_is_text(expert: Any, agent: Any) -> None:
    article(expert, "退货 <b>", "<script>alert(1)</script> 退货")
    text = part(agent, ASK, text="退货").content.decode()
    assert "<script>alert" not in text and "&lt;script&gt;" in text


def test_given_a_category_and_a_product_when_asked_then_only_those_below_it_answer(expert: Any, agent: Any) -> None:
    above = service.category("orders")
    below = service.category("returns", above)
    article(expert, "退货流程", category=below, products=["1001"])
    article(expert, "退货地址")
    assert questions(part(agent, ASK, text="退货", category=above.pk)) == ["退货流程"]
    assert questions(part(agent, ASK, text="退货", product="1001")) == ["退货流程"]
    assert questions(part(agent, ASK, text="退货", product="9")) == []
    assert part(agent, ASK, category="x" * 30, text="\0").status_code == 200


def test_given_few_or_many_answers_when_asked_then_it_takes_as_many_queries(
    expert: Any, agent: Any, django_assert_num_queries: Any
) -> None:
    article(expert, "退货 1")
    for rows in (1, 9):
        for place in range(rows):
            article(expert, f"退货 {rows} {place}")
        part(agent, ASK, text="退货")
        with django_assert_num_queries(QUERIES):
            part(agent, ASK, text="退货")


QUERIES = 7


def test_given_a_vote_then_it_counts_once_and_can_be_changed(expert: Any, agent: Any) -> None:
    version = article(expert, "退货").versions.get(state="live")
    answer = send(agent, f"{ASK}{version.pk}/vote/", useful="true", call="c1")
    assert 'aria-pressed="true"' in answer.content.decode()
    send(agent, f"{ASK}{version.pk}/vote/", useful="false", call="c1")
    send(agent, f"{ASK}{version.pk}/vote/", useful="false", call="c1")
    version.refresh_from_db(fields=["useful", "useless"])
    assert (version.useful, version.useless) == (0, 1)
    assert ArticleVote.objects.get().call == "c1"
    assert send(agent, f"{ASK}{version.pk + 99}/vote/", useful="true").status_code == 404


def test_given_an_article_when_written_handed_in_and_approved_then_it_answers(agent: Any, expert: Any) -> None:
    sent = {"question": "如何换货", "answer": "七天内", "keywords": "换货， 调换", "products": "1001,1002", "language": "zh"}
    answer = send(agent, f"{LIST}new/", **sent)
    row = Article.objects.get()
    assert answer["HX-Redirect"] == f"{LIST}{row.pk}/"
    draft = row.versions.get()
    assert (draft.keywords, row.products) == (["换货", "调换"], ["1001", "1002"])
    offered = [one.name for one in agent.get(f"{LIST}{row.pk}/").context["acts"]]
    assert offered == ["hand_in"], "an agent hands in what they wrote and approves nothing"
    assert step(agent, row, "let").status_code == 403
    assert step(agent, row, "hand_in").status_code == 200
    boss = browser(expert)
    assert [line.row for line in part(boss, LIST, state="submitted").context["lines"]] == [row]
    assert step(boss, row, "refuse").status_code == 422, "who refuses says why"
    assert "太短" in step(boss, row, "refuse", comment="太短").content.decode()
    assert send(agent, f"{LIST}{row.pk}/change/", **(sent | {"answer": "七天内可换"}), version=row.version).status_code == 204
    assert step(agent, row, "hand_in").status_code == 200
    assert step(boss, row, "let").status_code == 200
    assert questions(part(agent, ASK, text="换货")) == ["如何换货"]


def test_given_a_live_article_when_changed_then_the_live_answer_stays_until_the_next_is_approved(agent: Any, expert: Any) -> None:
    row = article(expert, "如何换货", "七天内\n凭发票")
    boss = browser(expert)
    row.refresh_from_db()
    sent = {"question": "如何换货", "answer": "十五天内\n凭发票", "language": "zh", "version": row.version}
    assert send(boss, f"{LIST}{row.pk}/change/", **sent).status_code == 204
    assert [one.answer for one in part(agent, ASK, text="换货").context["found"]] == ["七天内\n凭发票"]
    changes = boss.get(f"{LIST}{row.pk}/", {"changes": "1"}).context["changes"]
    assert changes == [("-", "七天内"), ("+", "十五天内"), ("", "凭发票")]
    assert ArticleVersion.objects.filter(article=row).count() == 2


def test_given_someone_elses_article_when_an_agent_changes_it_then_there_is_none_to_change(agent: Any, expert: Any) -> None:
    row = article(expert, "退货", live=False)
    assert agent.get(f"{LIST}{row.pk}/change/").status_code == 404
    assert send(agent, f"{LIST}{row.pk}/change/", question="x", answer="y", language="zh", version=row.version).status_code == 404


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("我要退货", ["退货"], [("我要", False), ("退货", True)]),
        ("PAN and pan", ["pan"], [("PAN", True), (" and ", False), ("pan", True)]),
        ("a.b", ["."], [("a", False), (".", True), ("b", False)]),
        ("x", [], [("x", False)]),
    ],
)
def test_given_words_when_a_text_is_marked_then_it_is_whole_and_the_words_stand_out(text: str, words: Any, expected: Any) -> None:
    assert [tuple(one) for one in pages.marked(text, words)] == expected


def test_given_a_long_answer_then_the_excerpt_is_where_the_word_stands() -> None:
    text = "开头。" * 60 + "这里说退货" + "结尾。" * 60
    cut = pages.excerpt(text, ["退货"])
    assert "退货" in cut and cut.startswith("…") and cut.endswith("…") and len(cut) <= pages.EXCERPT + 2
