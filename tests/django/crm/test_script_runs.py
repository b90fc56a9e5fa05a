"""Scripts as trees of steps, gone through with a customer."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from ccenter.office.errors import Conflict
from crm import script_trees
from crm.models import Script, ScriptRun
from crm.selectors import script_runs as selectors
from crm.services import script_runs
from tests.django.crm import service

pytestmark = pytest.mark.django_db
VISIT = {
    "start": "content",
    "steps": {
        "content": {"text": "{salutation}，您对{product}满意吗？", "answer": "yes_no", "next": "score", "options": [
            {"value": "no", "label": "不满意", "next": "why"}]},
        "why": {"text": "哪里不满意？", "answer": "choice", "next": "score", "options": [
            {"value": "late", "label": "送货慢"}, {"value": "broken", "label": "有破损", "next": "when"}]},
        "when": {"text": "哪天收到的？", "answer": "date", "next": "score"},
        "score": {"text": "请打分", "answer": "number", "next": "words"},
        "words": {"text": "还有什么建议？", "answer": "text", "required": False, "next": "bye"},
        "bye": {"text": "感谢{name}的支持"},
    },
}  # fmt: skip


@pytest.fixture
def alice(db: None) -> Any:
    return service.agent()


def script(**fields: Any) -> Script:
    return Script.objects.create(**{"title": "回访", "text": "您好", "steps": VISIT, **fields})


def step(run: ScriptRun, user: Any) -> str:
    found = selectors.next_step(ScriptRun.objects.get(pk=run.pk), user, product="炒锅")
    return found["step"] if found else ""


# -- trees -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ({}, "one to 100 steps"),
        ({"b": {"text": "x"}}, "starts at “a”"),
        ({"a": {"text": "x", "next": "b"}}, "goes on to “b”"),
        ({"a": {"text": "x"}, "b": {"text": "x"}}, "“b” is never reached"),
        ({"a": {"text": "x", "next": "b"}, "b": {"text": "x", "next": "a"}}, "leads back"),
        ({"a": {"text": " "}}, "says nothing"),
        ({"a": {"text": "x", "answer": "choice"}}, "no answers to choose from"),
        ({"a": {"text": "x", "options": [{"value": "1", "label": "1"}]}}, "not a choice"),
        ({"a": {"text": "x", "answer": "scale", "least": 5, "most": 5}}, "goes from 0"),
        ({"a": {"text": "x", "answer": "scale", "most": 11}}, "goes from 0"),
        ({"a": {"text": "x", "answer": "yes_no", "options": [{"value": "1", "label": "1"}]}}, "yes or no only"),
        ({"a": {"text": "x", "answer": "choice", "options": [{"value": "1", "label": "1"}] * 2}}, "value of their own"),
        ({"a": {"text": "x", "answer": "maybe"}}, "Not understood"),
        ({"a": {"text": "x", "nxt": "b"}}, "Not understood"),
    ],
)
def test_given_a_tree_with_a_fault_then_it_is_named(steps: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        script_trees.read({"start": "a", "steps": steps})


def test_given_branches_that_meet_again_then_the_tree_is_fit() -> None:
    assert script_trees.read(VISIT).path({"content": "no", "why": "broken"}) == ["content", "why", "when"]


# -- going through ---------------------------------------------------------------------------------------------


def test_given_a_content_customer_then_the_way_is_short_and_answers_are_kept_as_they_read(alice: Any) -> None:
    run = script_runs.start(alice, script(), call="c1", customer=service.customer())
    asked = selectors.next_step(run, alice, product="炒锅")
    assert asked is not None
    assert (asked["step"], asked["text"], asked["answer"]) == ("content", "王女士，您对炒锅满意吗？", "yes_no")
    for name, value in (("content", "yes"), ("score", "9.50"), ("words", ""), ("bye", "")):
        assert step(run, alice) == name
        run = script_runs.answer(alice, run, name, value, product="炒锅")
    assert (step(run, alice), run.finished_at is not None) == ("", True)
    kept = [(one.step, one.question, one.value) for one in run.answers.all()]
    assert kept[:2] == [("content", "王女士，您对炒锅满意吗？", "yes"), ("score", "请打分", "9.50")]
    assert kept[3] == ("bye", "感谢王芳的支持", "")


def test_given_another_answer_then_the_other_branch_is_asked_and_the_left_ones_answers_go(alice: Any) -> None:
    run = script_runs.start(alice, script(), call="c1")
    for name, value in (("content", "no"), ("why", "broken"), ("when", "2026-11-20"), ("score", "3")):
        run = script_runs.answer(alice, run, name, value)
    run = script_runs.answer(alice, run, "why", "late")
    assert [one.step for one in run.answers.all()] == ["content", "why", "score"]
    assert [one.label for one in run.answers.all()][1] == "送货慢"
    run = script_runs.answer(alice, run, "content", "yes")
    assert [one.step for one in run.answers.all()] == ["content", "score"]
    assert step(run, alice) == "words"


@pytest.mark.parametrize(
    ("before", "name", "value"),
    [
        ({}, "content", ""),
        ({}, "content", "maybe"),
        ({"content": "no"}, "why", "slow"),
        ({"content": "yes"}, "score", "1e3"),
        ({"content": "yes"}, "score", "nine"),
        ({"content": "no", "why": "broken"}, "when", "2026-02-30"),
        ({"content": "yes", "score": "1", "words": "x"}, "bye", "x"),
        ({"content": "yes", "score": "1"}, "words", "x" * 1001),
    ],
)
def test_given_an_answer_that_does_not_fit_then_nothing_is_kept(
    alice: Any, before: dict[str, str], name: str, value: str
) -> None:
    run = script_runs.start(alice, script())
    for one, answered in before.items():
        run = script_runs.answer(alice, run, one, answered)
    with pytest.raises(ValidationError):
        script_runs.answer(alice, run, name, value)
    assert [one.step for one in run.answers.all()] == list(before)


def test_given_a_step_that_is_not_next_then_it_is_refused(alice: Any) -> None:
    run = script_runs.start(alice, script())
    for name in ("score", "why", "nowhere"):
        with pytest.raises(Conflict):
            script_runs.answer(alice, run, name, "1")


def test_given_a_page_that_loads_again_then_the_run_goes_on_as_the_script_was(alice: Any) -> None:
    guide = script()
    run = script_runs.start(alice, guide, call="c1")
    script_runs.answer(alice, run, "content", "yes")
    guide.steps = {"start": "x", "steps": {"x": {"text": "neu"}}}
    guide.save()
    again = script_runs.start(alice, guide, call="c1", customer=service.customer())
    assert (again.pk, step(again, alice), again.customer.name) == (run.pk, "score", "王芳")
    guide.active = False
    guide.save()
    for unfit in (guide, script(steps=None)):
        with pytest.raises(ValidationError, match="no steps"):
            script_runs.start(alice, unfit, call="c2")


def test_given_runs_then_answers_are_counted_and_lists_cost_the_same(alice: Any, django_assert_num_queries: Any) -> None:
    guide = script()
    for n, value in enumerate(("yes", "no", "yes")):
        script_runs.answer(alice, script_runs.start(alice, guide, call=f"c{n}"), "content", value)
    assert [(one["value"], one["count"]) for one in selectors.counts(guide)] == [("yes", 2), ("no", 1)]
    with django_assert_num_queries(2):
        assert sum(len(run.answers.all()) for run in selectors.runs()) == 3
