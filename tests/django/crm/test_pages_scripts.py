"""Scripts on their pages: written as a table of steps, gone through with a customer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from ccenter.calls.models import Call, CallAgent
from crm.models import Script, ScriptRun
from crm.pages import script_table
from tests.django.crm import service
from tests.django.crm.test_script_runs import VISIT
from tests.django.crm.test_script_table import form_of
from tests.django.office.pages import browser, part, send

pytestmark = pytest.mark.django_db
LIST = "/crm/scripts/"
HEAD = {"title": "回访", "situation": "service", "language": "zh", "text": "您好", "position": "0", "active": "on"}


@pytest.fixture
def lead(login: Callable[..., Any]) -> Any:
    return browser(login("lena", "lead").user)


@pytest.fixture
def alice(login: Callable[..., Any]) -> Any:
    return browser(login("alice", "agent", "1001").user)


def script(**fields: Any) -> Script:
    return Script.objects.create(**{"title": "回访", "text": "您好", "steps": VISIT, **fields})


def table(**changes: str) -> dict[str, str]:
    return {"steps": "1", **form_of(script_table.table_of(VISIT)), **changes}


def call(ident: str, agent: str) -> None:
    Call.objects.create(id=ident, started_at=timezone.now(), direction="in", state="ENDED")
    CallAgent.objects.create(call=ident, agent=agent, seq=1, at=timezone.now(), spoke=True)


# -- written ---------------------------------------------------------------------------------------------------


def test_given_a_table_of_steps_when_saved_then_the_script_has_them(lead: Any) -> None:
    answer = send(lead, f"{LIST}new/", **HEAD, **table())
    made = Script.objects.get()
    assert answer["HX-Redirect"] == f"{LIST}{made.pk}/"
    assert made.steps["start"] == "content" and set(made.steps["steps"]) == set(VISIT["steps"])
    shown = lead.get(f"{LIST}{made.pk}/").context
    assert shown["table"].names[0] == "content"
    assert send(lead, f"{LIST}{made.pk}/", **HEAD, version=made.version).status_code == 204
    made.refresh_from_db()
    assert made.steps is None, "a form without steps is a script that is only read out"


def test_given_a_table_in_work_when_a_button_of_it_is_pressed_then_nothing_is_saved_and_nothing_lost(lead: Any) -> None:
    made = script()
    sent = {**HEAD, **table(), "title": "", "s0-text": "改到一半", "version": made.version}
    answer = send(lead, f"{LIST}{made.pk}/", **sent, table="add")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "改到一半" in text and len(answer.context["table"].rows) == 7
    assert 'class="errors"' not in text, "it is not sent yet: an empty field is no error"
    begun = send(lead, f"{LIST}new/", **HEAD, table="begin")
    assert begun.context["table"].names == ["1"]
    made.refresh_from_db()
    assert made.steps == VISIT


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"s1-name": "content"}, "Two steps are called"),
        ({"s1-name": ""}, "A step has no name."),
        ({"s0-text": " "}, "says nothing"),
        ({"s5-next": "content"}, "leads back to it"),
    ],
)
def test_given_steps_that_are_no_fit_tree_then_the_form_says_why_and_keeps_them(
    change: dict[str, str], why: str, lead: Any
) -> None:
    made = script()
    answer = send(lead, f"{LIST}{made.pk}/", **HEAD, **table(**change), version=made.version)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    made.refresh_from_db()
    assert made.steps == VISIT


def test_given_an_agent_then_scripts_are_read_and_not_written(alice: Any) -> None:
    made = script()
    text = alice.get(f"{LIST}{made.pk}/").content.decode()
    assert "您好" in text and 'type="submit">Save' not in text
    assert send(alice, f"{LIST}{made.pk}/", **HEAD, version=made.version).status_code in (403, 404)
    assert alice.get(f"{LIST}new/").status_code == 403
    assert send(alice, LIST, act="delete", row=[made.pk]).status_code == 403


# -- gone through ----------------------------------------------------------------------------------------------


def test_given_a_call_when_a_script_is_gone_through_then_each_answer_is_kept_with_the_call(alice: Any) -> None:
    call("c1", "1001")
    who = service.customer("王芳")
    made = script()
    choice = alice.get(f"{LIST}run/", {"call": "c1", "customer": who.pk})
    assert choice.context["scripts"] == [(made, None)]
    begun = send(alice, f"{LIST}run/?call=c1&customer={who.pk}", script=made.pk, call="c1")
    run = ScriptRun.objects.get()
    page = f"/crm/script-runs/{run.pk}/"
    assert (begun["HX-Redirect"], run.call, run.customer) == (page, "c1", who)
    assert "王女士" in alice.get(page).content.decode(), "what is said has the customer's name in it"
    assert send(alice, page, step="content", value="no").context["asked"]["step"] == "why"
    assert send(alice, page, step="why", value="late").context["asked"]["step"] == "score"
    wrong = send(alice, page, step="score", value="很好")
    assert wrong.status_code == 422
    assert "This is not a number." in wrong.content.decode() and wrong.context["asked"]["step"] == "score"
    send(alice, page, step="score", value="8")
    send(alice, page, step="words", value="")
    done = send(alice, page, step="bye", value="")
    assert done.context["asked"] is None
    run.refresh_from_db()
    assert run.finished_at is not None
    assert [one.label for one in run.answers.all()] == ["不满意", "送货慢", "8", "", ""]


def test_given_an_answer_given_anew_then_the_way_changes_and_later_answers_go_where_it_is_another(alice: Any) -> None:
    made = script()
    send(alice, f"{LIST}run/", script=made.pk)
    run = ScriptRun.objects.get()
    page = f"/crm/script-runs/{run.pk}/"
    send(alice, page, step="content", value="no")
    send(alice, page, step="why", value="late")
    assert part(alice, page, again="content").context["asked"]["step"] == "content"
    assert part(alice, page, again="bye").context["asked"]["step"] == "score", "only what was gone is asked again"
    assert send(alice, page, step="content", value="yes").context["asked"]["step"] == "score"
    assert list(run.answers.values_list("step", flat=True)) == ["content"]


def test_given_a_call_that_is_not_theirs_then_no_script_is_begun_in_it(alice: Any, lead: Any) -> None:
    call("c2", "1099")
    made = script()
    answer = send(alice, f"{LIST}run/?call=c2", script=made.pk, call="c2")
    assert answer.status_code == 400
    assert not ScriptRun.objects.exists()
    assert send(alice, f"{LIST}run/", script=made.pk + 99).status_code == 404


def test_given_a_run_of_somebody_else_then_it_is_not_answered_for_them(alice: Any, login: Callable[..., Any]) -> None:
    made = script()
    send(alice, f"{LIST}run/", script=made.pk)
    run = ScriptRun.objects.get()
    bob = browser(login("bob", "agent", "1002").user)
    page = f"/crm/script-runs/{run.pk}/"
    assert bob.get(page).status_code == 200, "agents see what was answered"
    assert send(bob, page, step="content", value="yes").status_code == 403
    assert not run.answers.exists()
