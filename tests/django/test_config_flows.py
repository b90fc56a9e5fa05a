"""Flows: what is wrong with one is found before callers find it, and what is live can be taken back."""

import copy
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from ccenter.calls import flows, models, services
from ccenter.calls.demo.flows import FLOWS
from ccenter.calls.flows import Known
from ccenter.calls.selectors import load_config

KNOWN = Known(
    queues=frozenset({"sales"}),
    flows=frozenset({"night"}),
    agents=frozenset({"1001"}),
    calendars=frozenset({"office"}),
    prompts=frozenset({"welcome", "menu", "goodbye", "invalid-choice", "no-input"}),
    lookups=frozenset({"caller"}),
)
GOOD: dict[str, Any] = {
    "code": "main",
    "start": "hello",
    "nodes": {
        "hello": {"type": "say", "prompts": ["welcome"], "next": "hours"},
        "hours": {"type": "hours", "calendar": "office", "open": "menu", "closed": "night"},
        "night": {"type": "go", "target": {"to": "flow", "flow": "night"}},
        "menu": {"type": "menu", "prompts": ["menu"], "choices": {"1": "order", "2": "who"}, "failed": "order"},
        "who": {"type": "lookup", "kind": "caller", "found": "set", "missing": "menu"},
        "set": {"type": "set", "values": {"priority": "1"}, "next": "order"},
        "order": {"type": "go", "target": {"to": "queue", "queue": "sales"}, "back": "menu"},
    },
    "human": {"to": "queue", "queue": "sales"},
}


def found(change: dict[str, Any] | None = None, **top: Any) -> set[tuple[str, str]]:
    definition = copy.deepcopy(GOOD) | top
    for node, fields in (change or {}).items():
        definition["nodes"].setdefault(node, {}).update(fields)
    return {(p.node, p.code) for p in flows.check(flows.read(definition), KNOWN)}


def test_given_a_sound_flow_when_checked_then_nothing_is_found() -> None:
    assert found() == set()


@pytest.mark.parametrize("definition", [f for f, _name in FLOWS], ids=[f.code for f, _name in FLOWS])
def test_given_the_demos_flows_when_checked_then_each_prompt_they_say_is_in_the_tables(definition: flows.acd.Flow) -> None:
    spoken = {p for node in definition.nodes.values() for p in flows._spoken(node)}
    assert spoken <= flows.rendered_prompts()


SAY = {"type": "say", "prompts": ["welcome"], "next": "menu"}
PROBLEMS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str]]] = {
    "start that is not there": ({}, {"start": "x"}, ("", "no_start")),
    "next that is not there": ({"hello": {"next": "x"}}, {}, ("hello", "no_node")),
    "choice that leads nowhere": ({"menu": {"choices": {"1": "x"}}}, {}, ("menu", "no_node")),
    "way back that is not there": ({"order": {"back": "x"}}, {}, ("order", "no_node")),
    "no such queue": ({"order": {"target": {"to": "queue", "queue": "x"}}}, {}, ("order", "no_queue")),
    "no such flow": ({"night": {"target": {"to": "flow", "flow": "x"}}}, {}, ("night", "no_flow")),
    "no such agent": ({"night": {"target": {"to": "agent", "agent": "x"}}}, {}, ("night", "no_agent")),
    "no such mailbox": ({"night": {"target": {"to": "voicemail", "mailbox": "x"}}}, {}, ("night", "no_mailbox")),
    "no such calendar": ({"hours": {"calendar": "x"}}, {}, ("hours", "no_calendar")),
    "no such look-up": ({"who": {"kind": "x"}}, {}, ("who", "no_lookup")),
    "no such prompt": ({"hello": {"prompts": ["x"]}}, {}, ("hello", "no_prompt")),
    "no such prompt in a phrase": ({"hello": {"prompts": [{"kind": "prompt", "value": "x"}]}}, {}, ("hello", "no_prompt")),
    "no such prompt for silence": ({"menu": {"silence": ["x"]}}, {}, ("menu", "no_prompt")),
    "human that is not there": ({}, {"human": {"to": "queue", "queue": "x"}}, ("", "no_queue")),
    "step nobody reaches": ({"lost": SAY}, {}, ("lost", "unreachable")),
    "no key of a telephone": ({"menu": {"choices": {"A": "order", "2": "who"}}}, {}, ("menu", "no_key")),
    "menu without a choice": ({"menu": {"choices": {}}}, {}, ("menu", "no_choice")),
    "prompts for ever": (
        {"set": {"next": "a"}, "a": SAY | {"next": "b"}, "b": SAY | {"next": "a"}},
        {},
        ("a", "dead_end"),
    ),
    "circle without waiting": (
        {"set": {"next": "turn"}, "turn": {"type": "branch", "variable": "x", "cases": {"1": "order"}, "default": "set"}},
        {},
        ("turn", "circle"),
    ),
    "more digits than at most": (
        {"who": {"type": "collect", "prompts": [], "variable": "x", "next": "menu", "min_digits": 5, "max_digits": 4}},
        {},
        ("who", "no_length"),
    ),
}


@pytest.mark.parametrize(("change", "top", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_given_a_broken_flow_when_checked_then_the_place_is_named(
    change: dict[str, Any], top: dict[str, Any], problem: tuple[str, str]
) -> None:
    assert problem in found(change, **top)


def test_given_variables_for_prompts_when_checked_then_they_are_not_taken_for_names() -> None:
    assert found({"hello": {"prompts": ["$holiday_prompt", {"kind": "amount", "value": "$x"}]}}) == set()


# -- versions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def flow(db: None) -> models.Flow:
    models.Queue.objects.create(code="sales")
    return models.Flow.objects.create(code="main")


def definition(prompt: str = "welcome", queue: str = "sales") -> dict[str, Any]:
    go = {"type": "go", "target": {"to": "queue", "queue": queue}, "prompts": [prompt]}
    return {"code": "main", "start": "go", "nodes": {"go": go}}


def live() -> str:
    return str(load_config().flows["main"].nodes["go"].prompts[0])  # type: ignore[union-attr]


def test_given_a_draft_when_saved_again_then_it_is_the_same_version_until_it_is_published(flow: models.Flow) -> None:
    first = services.save_draft(flow, definition())
    assert services.save_draft(flow, definition("goodbye"), "politer").pk == first.pk
    assert "main" not in load_config().flows
    first.refresh_from_db()
    services.publish_flow(first)
    assert services.save_draft(flow, definition()).number == first.number + 1
    assert live() == "goodbye"


def test_given_two_versions_when_the_older_is_published_again_then_it_is_live_again(flow: models.Flow) -> None:
    by = User.objects.create(username="admin")
    for prompt in ("welcome", "goodbye"):
        services.publish_flow(services.save_draft(flow, definition(prompt)), by=by)
    assert live() == "goodbye"
    services.publish_flow(flow.versions.get(number=1), by=by)
    assert live() == "welcome"
    assert [(v.number, v.state) for v in flow.versions.order_by("number")] == [(1, "live"), (2, "retired")]
    assert flow.versions.get(number=1).published_by == by


def test_given_a_flow_that_is_not_fit_when_published_then_the_live_one_stays(flow: models.Flow) -> None:
    services.publish_flow(services.save_draft(flow, definition()))
    with pytest.raises(services.NotFit) as error:
        services.publish_flow(services.save_draft(flow, definition(queue="gone")))
    assert [p.code for p in error.value.problems] == ["no_queue"]
    assert live() == "welcome"


def test_given_a_definition_of_the_wrong_shape_when_saved_then_it_says_where(flow: models.Flow) -> None:
    with pytest.raises(ValidationError) as error:
        services.save_draft(flow, {"start": "a", "nodes": {"a": {"type": "say", "prompts": [], "next": 3}}})
    assert "$.nodes" in str(error.value)


@pytest.mark.django_db(transaction=True)
def test_given_two_people_when_they_publish_at_once_then_one_version_is_live() -> None:
    import threading

    models.Queue.objects.create(code="sales")
    flow = models.Flow.objects.create(code="main")
    versions = [
        models.FlowVersion.objects.create(flow=flow, number=n, definition=definition("welcome" if n else "goodbye"))
        for n in range(4)
    ]
    failures: list[Exception] = []

    def publish(version: models.FlowVersion) -> None:
        try:
            services.publish_flow(version)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert flow.versions.filter(state="live").count() == 1


# -- what is still named ----------------------------------------------------------------------------------------


def test_given_a_queue_that_is_still_named_when_deleted_then_it_stays_and_it_says_by_whom(flow: models.Flow) -> None:
    services.publish_flow(services.save_draft(flow, definition()))
    models.Number.objects.create(number="4001", target={"to": "queue", "queue": "sales"})
    with pytest.raises(ValidationError) as error, transaction.atomic():
        services.delete(models.Queue.objects.filter(code="sales"))
    assert any("4001" in message for message in error.value.messages)
    assert any("main" in message for message in error.value.messages)
    assert models.Queue.objects.filter(code="sales").exists()
    services.delete(models.Number.objects.all())
    services.delete(models.Flow.objects.all())
    services.delete(models.Queue.objects.all())
    assert not models.Queue.objects.exists()
